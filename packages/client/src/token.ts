import { TokenError } from './errors.ts'

/** A token, or a function that gives one. The function is called again when a token ends or is refused. */
export type Token = string | (() => string | Promise<string>)

/** The token of a client. */
export interface TokenSource {
  /** Whether a token that was refused can be replaced. */
  readonly isRenewable: boolean
  /** The current token. Callers that need a new one at the same time share one call. */
  get(): Promise<string>
  /** Does not give this token again. */
  refuse(token: string): void
}

/** How long before its end a token is replaced. A request may be under way for a while. */
const marginMs = 30_000

/** Gives tokens. The expiry is read from a JWT without verifying it: only the server can do that. */
export function createTokenSource(token: Token): TokenSource {
  if (typeof token === 'string') {
    requireToken(token)
    return { isRenewable: false, get: async () => token, refuse() {} }
  }
  let current: { readonly token: string; readonly renewAt: number } | null = null
  let pending: Promise<string> | null = null

  async function renew(ask: Exclude<Token, string>): Promise<string> {
    try {
      const startedAt = Date.now()
      const renewed = await ask()
      requireToken(renewed)
      const expiresAt = expiryOf(renewed)
      // A token that lives shortly is used for nine tenths of its life, so that not every request asks for one.
      const margin = Math.min(marginMs, (expiresAt - startedAt) / 10)
      current = { token: renewed, renewAt: expiresAt - margin }
      return renewed
    } catch (error) {
      if (error instanceof TokenError) throw error
      throw new TokenError('The function that gives tokens failed. Nothing was sent.', { cause: error })
    }
  }

  return {
    isRenewable: true,
    get() {
      if (current !== null && Date.now() < current.renewAt) return Promise.resolve(current.token)
      pending ??= renew(token).finally(() => {
        pending = null
      })
      return pending
    },
    refuse(refused) {
      if (current?.token === refused) current = null
    },
  }
}

function requireToken(token: unknown): asserts token is string {
  // Characters of RFC 6750 §2.1. Others could not be sent; the token itself is in no message.
  if (typeof token === 'string' && /^[A-Za-z0-9._~+/-]+=*$/.test(token)) return
  throw new TokenError(
    'The token must be a string of the characters of a Bearer token (RFC 6750), without "Bearer" before it.',
  )
}

/** When a JWT ends, in milliseconds since 1970; never for other tokens. */
function expiryOf(token: string): number {
  const [, payload] = token.split('.')
  if (payload === undefined) return Number.POSITIVE_INFINITY
  try {
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
    return typeof exp === 'number' ? exp * 1000 : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
