import {
  createKeysteadClient,
  type KeysteadClient,
  KeysteadUnreachableError,
  reach,
} from './keystead-client.ts'

/** Keystead wants a token, and there is none. */
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
    const client = createKeysteadClient({ url, signal, getToken: async () => token })
    return { client, identity: 'Using the access token that you gave.' }
  }
  const getToken = () => fetchDevelopmentToken(url, signal)
  await getToken()
  return {
    client: createKeysteadClient({ url, signal, getToken }),
    identity: 'It is in development mode: it gave a token for "max", a member of the project "demo".',
  }
}

/** A new one for each request: one token ends after an hour, and a large file may take longer. */
async function fetchDevelopmentToken(url: string, signal: AbortSignal): Promise<string> {
  const answer = await reach(url, '/dev/tokens/member', { signal })
  // A server that is starting, or has too much to do, answers so; see docs/overload.md.
  if (answer.status === 503) throw new KeysteadUnreachableError(`${url} is not ready. Try again later.`)
  const { token } = answer.body as { token?: unknown }
  if (answer.status !== 200 || typeof token !== 'string') {
    throw new TokenMissingError(
      `${url} is not in development mode, so you need an access token of your own. ` +
        'Put it into the variable KEYSTEAD_TOKEN, or behind --token.',
    )
  }
  return token
}

/** Whether tokens and data keys would cross a network in the clear. */
export function isUnprotected(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
