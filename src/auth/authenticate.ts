import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Caller } from '../keys/rules/caller.ts'
import { createCallerCache } from './caller-cache.ts'
import { readCaller } from './claims.ts'
import { UnauthenticatedError } from './errors.ts'
import { claimedName, issuerOf, type TrustedIssuer } from './trusted-issuer.ts'
import { verifyToken } from './verify-token.ts'

/** Longest time for which a verified token is not checked again, in milliseconds. */
const callerLifetimeMaxMs = 60_000
/** Most callers of whom is remembered that a token of theirs was verified. */
const knownNamesMax = 10_000

/** Finds out who asks. */
export interface Authenticator {
  /**
   * The caller of a request by its Authorization header.
   *
   * @throws UnauthenticatedError or IssuerUnavailableError
   */
  authenticate(authorization: string | null): Promise<Caller>
  /** The same if the token was verified before and still counts, else null: costs no signature. */
  recognise(authorization: string | null): Caller | null
  /**
   * Whether the token names a caller of whom one was verified before, this one or another. Anybody can name such a
   * caller, so that it allows nothing; but the tokens that others make up must not keep a known caller out.
   */
  expects(authorization: string | null): boolean
}

/** Builds the authenticator for tokens of these issuers. */
export function createAuthenticator(options: {
  config: Config
  clock: Clock
  issuers: readonly TrustedIssuer[]
}): Authenticator {
  const { config, clock, issuers } = options
  if (issuers.length === 0) throw new TypeError('the configuration names no issuer')
  const callers = createCallerCache({
    clock,
    lifetimeMs: Math.min(callerLifetimeMaxMs, config.AUTH_JWKS_CACHE_MINUTES * 60_000),
  })
  // Only what was verified comes in: made-up tokens cannot push a caller out.
  const knownNames = new LRUCache<string, true>({ max: knownNamesMax })
  return {
    async authenticate(authorization) {
      const token = readBearerToken(authorization)
      return callers.get(token, async () => {
        const issuer = issuerOf(token, issuers)
        const caller = readCaller(await verifyToken(token, { issuer, config, clock }), issuer.claims)
        assertMaySpeakFor(issuer, caller)
        const name = claimedName(token)
        if (name !== null) knownNames.set(name, true)
        return caller
      })
    },
    recognise(authorization) {
      const token = bearerTokenOf(authorization)
      return token === null ? null : callers.find(token)
    },
    expects(authorization) {
      const token = bearerTokenOf(authorization)
      const name = token === null ? null : claimedName(token)
      return name !== null && knownNames.get(name) === true
    },
  }
}

/** An issuer that is trusted with some projects or kinds of callers says nothing about the others. */
function assertMaySpeakFor({ projects, kinds }: TrustedIssuer, { projectId, kind }: Caller): void {
  if (projects !== null && !projects.includes(projectId)) {
    throw new UnauthenticatedError('The issuer of the token is not trusted for the project that it names.')
  }
  if (kinds !== null && !kinds.includes(kind)) {
    throw new UnauthenticatedError('The issuer of the token is not trusted for callers of its kind.')
  }
}

/** Credentials of the Bearer scheme (RFC 6750 §2.1). Two headers joined by a comma are none. */
function readBearerToken(authorization: string | null): string {
  if (authorization === null || authorization === '') {
    throw new UnauthenticatedError(
      'This needs a token: send the header "Authorization: Bearer TOKEN".',
      'Bearer realm="keystead"',
    )
  }
  const token = bearerTokenOf(authorization)
  if (token === null) {
    throw new UnauthenticatedError('The Authorization header must be "Bearer TOKEN" with one token.')
  }
  return token
}

function bearerTokenOf(authorization: string | null): string | null {
  const [, token] = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization ?? '') ?? []
  return token ?? null
}
