/** What windows of the console tell each other. None of it helps without what the window that began a login keeps to itself. */
export type WindowMessage =
  /** A pop-up window has the answer of the provider for the window that has opened it. */
  | { readonly kind: 'reply'; readonly state: string; readonly parameters: string }
  | { readonly kind: 'taken'; readonly state: string }
  | { readonly kind: 'signedIn' }
  | { readonly kind: 'signedOut' }

/** The other windows of this origin. Only pages of the same origin can send or receive. */
export interface Windows {
  send(message: WindowMessage): void
  onMessage(listen: (message: WindowMessage) => void): void
}

/**
 * Opens the connection to other windows. `window.opener` would not do: the page is isolated from windows of other origins
 * (Cross-Origin-Opener-Policy), and the pop-up window has been at one.
 */
export function openWindows(): Windows {
  const channel = new BroadcastChannel('keystead-session')
  return {
    send: (message) => channel.postMessage(message),
    onMessage: (listen) => channel.addEventListener('message', ({ data }) => listen(data as WindowMessage)),
  }
}

/** How long a pop-up window waits for the one that has opened it, in milliseconds. */
const handOverMs = 2000

/** Hands the answer of the provider to the window that has begun the login. Resolves to false if there is none. */
export function handOver(windows: Windows, reply: URLSearchParams): Promise<boolean> {
  const state = reply.get('state') ?? ''
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), handOverMs)
    windows.onMessage((message) => {
      if (message.kind !== 'taken' || message.state !== state) return
      clearTimeout(timer)
      resolve(true)
    })
    windows.send({ kind: 'reply', state, parameters: reply.toString() })
  })
}
