/** A login that was begun, until the provider answers. */
export interface PendingLogin {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  /** Path to come back to. */
  readonly returnTo: string
  /** True if nobody was asked anything: a refusal is then no failure. */
  readonly isSilent: boolean
}

const callbackPath = '/console/callback'
/** Holds a pending login while the provider's page is shown. No token is ever stored. */
const pendingName = 'keystead-login'
/** Tells after a reload that somebody was signed in in this tab. */
const markName = 'keystead-signed-in'

/**
 * Takes the parameters that the provider has sent back from the address, and removes them: they must not stay in the history.
 * Null if this page is no callback.
 */
export function takeReply(): URLSearchParams | null {
  if (location.pathname !== callbackPath) return null
  const reply = new URLSearchParams(location.search)
  history.replaceState(null, '', callbackPath)
  return reply
}

/** Keeps a login until this tab comes back from the provider. */
export function keepPending(pending: PendingLogin): void {
  sessionStorage.setItem(pendingName, JSON.stringify(pending))
}

/** Takes the login that this tab has begun: it can be answered once. */
export function takePending(): PendingLogin | null {
  const kept = sessionStorage.getItem(pendingName)
  sessionStorage.removeItem(pendingName)
  return kept === null ? null : (JSON.parse(kept) as PendingLogin)
}

/** Notes whether somebody is signed in in this tab. */
export function markSignedIn(isSignedIn: boolean): void {
  if (isSignedIn) sessionStorage.setItem(markName, 'yes')
  else sessionStorage.removeItem(markName)
}

/** True once, if somebody was signed in in this tab before it was reloaded: a failed attempt must not be repeated for ever. */
export function takeMark(): boolean {
  const isMarked = sessionStorage.getItem(markName) !== null
  sessionStorage.removeItem(markName)
  return isMarked
}

/** A path of this console; `/` for anything else, such as an address that leads elsewhere. */
export function ownPath(path: string): string {
  // Browsers read a backslash as a slash, and drop tabs and line breaks.
  if (!/^\/(?![/\\])[^\\\p{Cc}]*$/u.test(path)) return '/'
  const url = URL.parse(path, location.origin)
  if (url === null || url.origin !== location.origin || url.pathname === callbackPath) return '/'
  // What `/.//elsewhere.example` is, once it is resolved.
  if (url.pathname.startsWith('//')) return '/'
  return `${url.pathname}${url.search}${url.hash}`
}
