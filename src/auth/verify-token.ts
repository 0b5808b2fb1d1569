import { errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { KeysteadError } from '../errors.ts'
import { UnauthenticatedError } from './errors.ts'

/** Longest accepted token, in characters. */
const tokenLengthMax = 16_384

/** What tokens are checked against. */
export interface TokenRules {
  readonly issuer: string
  readonly config: Config
  readonly clock: Clock
  readonly keySource: JWTVerifyGetKey
}

/**
 * The claims of a signed token (RFC 7519, RFC 8725), once its signature, issuer, audience and times are right.
 *
 * @throws UnauthenticatedError, or IssuerUnavailableError while the issuer's keys cannot be had
 */
export async function verifyToken(token: string, rules: TokenRules): Promise<JWTPayload & { exp: number }> {
  if (token.length > tokenLengthMax) {
    throw new UnauthenticatedError(
      `The token is longer than ${tokenLengthMax} characters. Ask for a smaller one.`,
    )
  }
  const { config, clock, issuer, keySource } = rules
  const isAccessToken = config.AUTH_TOKEN_PROFILE === 'rfc9068'
  const options: JWTVerifyOptions = {
    issuer,
    audience: config.AUTH_AUDIENCE,
    // Named one by one, so that neither "none" nor a MAC made with a public key can pass.
    algorithms: [...config.AUTH_ALGORITHMS],
    clockTolerance: config.AUTH_CLOCK_TOLERANCE_SECONDS,
    currentDate: clock.now(),
    requiredClaims: ['sub', 'iat', 'exp', ...(isAccessToken ? ['jti', 'client_id'] : [])],
    ...(isAccessToken && { typ: 'at+jwt' }),
  }
  try {
    const { payload } = await jwtVerify(token, keySource, options)
    const { exp } = payload
    if (typeof exp !== 'number') throw new UnauthenticatedError('The token does not say when it expires.')
    return { ...payload, exp }
  } catch (error) {
    if (error instanceof KeysteadError) throw error
    throw new UnauthenticatedError(whatIsWrong(error, config))
  }
}

function whatIsWrong(error: unknown, config: Config): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired. Get a new one from the issuer.'
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'aud':
        return 'The token was made for another service. Ask the issuer for one with the audience of this server.'
      case 'iss':
        return 'The token is from an issuer that this server does not trust.'
      case 'nbf':
        return 'The token is not valid yet. Check the clocks of issuer and server.'
      case 'typ':
        return 'The token is not an access token (RFC 9068, typ "at+jwt"). Send an access token, not an ID token.'
      default:
        return 'The token lacks a required claim, or one is malformed.'
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `The token is signed with an algorithm that is not accepted; accepted are ${config.AUTH_ALGORITHMS.join(', ')}.`
  }
  return 'The token is malformed, or its signature does not verify.'
}
