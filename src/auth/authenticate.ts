import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Caller } from '../keys/caller.ts'
import { createCallerCache } from './caller-cache.ts'
import { readCaller } from './claims.ts'
import { UnauthenticatedError } from './errors.ts'
import { type TokenRules, verifyToken } from './verify-token.ts'

/** Longest time for which a verified token is not checked again, in milliseconds. */
const callerLifetimeMaxMs = 60_000

/** Finds out who asks. */
export interface Authenticator {
  /**
   * The caller of a request by its Authorization header.
   *
   * @throws UnauthenticatedError or IssuerUnavailableError
   */
  authenticate(authorization: string | null): Promise<Caller>
}

/** Builds the authenticator for tokens of one issuer. */
export function createAuthenticator(options: {
  config: Config
  clock: Clock
  issuer: string
  keySource: JWTVerifyGetKey
}): Authenticator {
  const rules: TokenRules = options
  const { config, clock } = options
  const callers = createCallerCache(
    clock,
    Math.min(callerLifetimeMaxMs, config.AUTH_JWKS_CACHE_MINUTES * 60_000),
  )
  return {
    authenticate(authorization) {
      const token = readBearerToken(authorization)
      return callers.get(token, async () => readCaller(await verifyToken(token, rules), config))
    },
  }
}

/** Credentials of the Bearer scheme (RFC 6750 §2.1). */
function readBearerToken(authorization: string | null): string {
  if (authorization === null || authorization === '') {
    throw new UnauthenticatedError(
      'This needs a token: send the header "Authorization: Bearer TOKEN".',
      'Bearer realm="keystead"',
    )
  }
  const [, token] = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization) ?? []
  if (token === undefined) {
    throw new UnauthenticatedError('The Authorization header must be "Bearer TOKEN" with one token.')
  }
  return token
}
