import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Caller } from '../keys/caller.ts'
import { createCallerCache } from './caller-cache.ts'
import { readCaller } from './claims.ts'
import { developmentIssuer } from './dev-issuer.ts'
import { UnauthenticatedError } from './errors.ts'
import { verifyToken } from './verify-token.ts'

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

/** Builds the authenticator for tokens of the configured issuer, or of the own one in development mode. */
export function createAuthenticator(options: {
  config: Config
  clock: Clock
  keySource: JWTVerifyGetKey
}): Authenticator {
  const { config, clock, keySource } = options
  const issuer = config.developmentMode ? developmentIssuer : config.AUTH_ISSUER
  if (issuer === null) throw new TypeError('the configuration names no issuer')
  const rules = { issuer, config, clock, keySource }
  const callers = createCallerCache({
    clock,
    lifetimeMs: Math.min(callerLifetimeMaxMs, config.AUTH_JWKS_CACHE_MINUTES * 60_000),
  })
  return {
    async authenticate(authorization) {
      const token = readBearerToken(authorization)
      return callers.get(token, async () => readCaller(await verifyToken(token, rules), config))
    },
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
  const [, token] = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization) ?? []
  if (token === undefined) {
    throw new UnauthenticatedError('The Authorization header must be "Bearer TOKEN" with one token.')
  }
  return token
}
