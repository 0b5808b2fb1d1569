import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Caller } from '../keys/rules/caller.ts'
import { createCallerCache } from './caller-cache.ts'
import { readCaller } from './claims.ts'
import { UnauthenticatedError } from './errors.ts'
import { claimedName, issuerOf, type TrustedIssuer } from './trusted-issuer.ts'
import { verifyToken } from './verify-token.ts'

/** Longest time that a verified token is cached, in milliseconds. */
const callerLifetimeMaxMs = 60_000
/** Most callers with a verified token that are remembered. */
const knownNamesMax = 10_000

/** Authenticates requests. */
export interface Authenticator {
  /**
   * Verifies the token in an Authorization header.
   *
   * @throws UnauthenticatedError or IssuerUnavailableError
   */
  authenticate(authorization: string | null): Promise<Caller>
  /** The caller of a token that is cached as verified; null for other tokens. Checks no signature. */
  recognise(authorization: string | null): Caller | null
  /**
   * True if the token names a caller of whom some token was verified before. The name is not verified, so that it allows
   * nothing. It keeps limits on made-up tokens from locking out known callers.
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
  // Only names from verified tokens, so that made-up tokens cannot evict a caller.
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

/** Refuses callers of projects or kinds for which the issuer is not trusted. */
function assertMaySpeakFor({ projects, kinds }: TrustedIssuer, { projectId, kind }: Caller): void {
  if (projects !== null && !projects.includes(projectId)) {
    throw new UnauthenticatedError('The issuer of the token is not trusted for the project that it names.')
  }
  if (kinds !== null && !kinds.includes(kind)) {
    throw new UnauthenticatedError('The issuer of the token is not trusted for callers of its kind.')
  }
}

/** Reads the token of the Bearer scheme (RFC 6750 §2.1). Two headers, joined by a comma, are invalid. */
function readBearerToken(authorization: string | null): string {
  if (authorization === null || authorization === '') {
    throw new UnauthenticatedError(
      'A token is required: send the header "Authorization: Bearer TOKEN".',
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
