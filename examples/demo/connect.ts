import { createClient, type KeysteadClient } from '../../packages/client/src/index.ts'

/** A server gives no token, and there is none. */
export class TokenMissingError extends Error {
  override readonly name = 'TokenMissingError'
}

/** A client, and in one sentence as whom it speaks. */
export interface Connection {
  readonly client: KeysteadClient
  readonly identity: string
}

/** Connects with the given token or, at a server in development mode, with tokens that it gives to anybody. */
export async function connect({
  url,
  token,
  signal,
}: {
  readonly url: string
  readonly token: string | null
  readonly signal: AbortSignal
}): Promise<Connection> {
  if (token !== null) {
    return { client: createClient({ url, token }), identity: 'Using the access token that you gave.' }
  }
  // A function: one token ends after an hour, and a large file may take longer.
  const fetchToken = () => fetchDevelopmentToken(url, signal)
  await fetchToken()
  return {
    client: createClient({ url, token: fetchToken }),
    identity: 'It is in development mode: it gave a token for "max", a member of the project "demo".',
  }
}

async function fetchDevelopmentToken(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${url}/dev/tokens/member`, { signal, redirect: 'error' }).catch((error) => {
    if (signal.aborted) throw signal.reason
    const { cause } = error as { readonly cause?: { readonly code?: string; readonly message?: string } }
    throw new TokenMissingError(`${url} cannot be reached: ${cause?.code ?? cause?.message ?? error.message}`)
  })
  // A server that is starting, or has too much to do, answers so; see docs/overload.md.
  if (response.status === 503) throw new TokenMissingError(`${url} is not ready. Try again later.`)
  const { token } = (await response.json().catch(() => ({}))) as { readonly token?: unknown }
  if (response.ok && typeof token === 'string') return token
  throw new TokenMissingError(
    `${url} is not a Keystead in development mode, so you need an access token of your own. ` +
      'Put it into the variable KEYSTEAD_TOKEN, or behind --token.',
  )
}

/** Whether tokens and data keys would cross a network in the clear. */
export function isUnprotected(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
