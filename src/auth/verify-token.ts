import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  type JWTVerifyOptions,
  UnsecuredJWT,
} from 'jose'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { KeysteadError } from '../errors.ts'
import { UnauthenticatedError } from './errors.ts'
import { hasAudience } from './evaluate-rules.ts'
import { verifyWithNewestKey } from './key-lookup.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** Latest time of a `Date`, in seconds. */
const timeMaxSeconds = 8_640_000_000_000

/** Rules that a token is verified with. */
export interface TokenRules {
  /** The issuer that the token names. */
  readonly issuer: TrustedIssuer
  readonly config: Config
  readonly clock: Clock
}

/** Claims of a verified token. */
export type VerifiedPayload = JWTPayload & { readonly exp: number }

/**
 * Verifies signature, issuer, audience and times of a token (RFC 7519, RFC 8725), and returns its claims.
 *
 * The profile "rfc9068" accepts only access tokens of RFC 9068. "generic" is for issuers that do not issue those: it accepts
 * any type that is not explicitly another one (RFC 8725 §3.11, e.g. `logout+jwt`). It cannot tell an ID token from an access
 * token, so that the audience must not be the one of a client.
 *
 * @throws UnauthenticatedError, or IssuerUnavailableError while the issuer's keys are unavailable
 */
export async function verifyToken(token: string, rules: TokenRules): Promise<VerifiedPayload> {
  return checkToken(rules, (options) => verifyWithNewestKey(token, rules.issuer.keySource, options))
}

/**
 * Makes all checks of {@link verifyToken} but that of the signature. Its result must not authenticate anyone: it tells an
 * operator what the rules would make of a token.
 *
 * @throws UnauthenticatedError
 */
export async function checkUnverified(token: string, rules: TokenRules): Promise<VerifiedPayload> {
  return checkToken(rules, async (options) => {
    const { algorithms = [], ...claimOptions } = options
    const protectedHeader = decodeProtectedHeader(token) as JWTHeaderParameters
    if (!algorithms.includes(protectedHeader.alg)) throw new errors.JOSEAlgNotAllowed()
    const { typ } = protectedHeader
    const unsigned = [{ alg: 'none', ...(typ !== undefined && { typ }) }, decodeJwt(token)]
    const parts = unsigned.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    const { payload } = UnsecuredJWT.decode(`${parts.join('.')}.`, claimOptions)
    return { payload, protectedHeader }
  })
}

async function checkToken(
  { config, clock, issuer }: TokenRules,
  verify: (
    options: JWTVerifyOptions,
  ) => Promise<{ payload: JWTPayload; protectedHeader: JWTHeaderParameters }>,
): Promise<VerifiedPayload> {
  const now = clock.now()
  const options: JWTVerifyOptions = {
    ...(issuer.issuer !== null && { issuer: issuer.issuer }),
    // Rules check the audience themselves.
    ...(issuer.reading.rules === undefined && { audience: [...issuer.audiences] }),
    // An explicit list, so that neither "none" nor a MAC with a public key is accepted.
    algorithms: [...issuer.algorithms],
    clockTolerance: config.AUTH_CLOCK_TOLERANCE_SECONDS,
    currentDate: now,
  }
  const verified = await verify(options).catch((error: unknown) => {
    if (error instanceof KeysteadError) throw error
    throw new UnauthenticatedError(describeFault(error, issuer), {
      isForeign: isOfAnotherEntry(error),
      isVerified: error instanceof errors.JWTClaimValidationFailed,
      ...missingClaimOf(error),
    })
  })
  try {
    return checkVerified(verified, { config, issuer }, now)
  } catch (error) {
    const isForOthers =
      error instanceof UnauthenticatedError && isForAnotherAudience(verified.payload, issuer)
    throw isForOthers ? error.asForeign() : error
  }
}

/** Makes the checks that jose does not make, on a token whose signature has been verified. */
function checkVerified(
  { payload, protectedHeader }: { payload: JWTPayload; protectedHeader: JWTHeaderParameters },
  { config, issuer }: Pick<TokenRules, 'config' | 'issuer'>,
  now: Date,
): VerifiedPayload {
  const isRfc9068 = issuer.profile === 'rfc9068'
  assertHeader(protectedHeader, isRfc9068)
  assertPresent(payload, ['sub', 'iat', 'exp', ...(isRfc9068 ? ['jti'] : [])])
  assertPlainBearer(payload)
  assertUse(payload, issuer)
  // Keycloak names the client in "azp", also in tokens of the type "at+jwt".
  const client = payload['client_id'] === undefined && payload['azp'] !== undefined ? 'azp' : 'client_id'
  assertNames(payload, isRfc9068 ? ['sub', 'jti', client] : ['sub'])
  const latestIssueSeconds = now.getTime() / 1000 + config.AUTH_CLOCK_TOLERANCE_SECONDS
  const timely = assertTimes(payload, latestIssueSeconds)
  assertLifetime(payload, config.AUTH_TOKEN_LIFETIME_MINUTES_MAX, 'AUTH_TOKEN_LIFETIME_MINUTES_MAX')
  assertLifetime(payload, issuer.lifetimeMinutesMax ?? 0, 'lifetimeMinutesMax of its entry')
  return timely
}

/** True if no rule of the entry can accept the audience, so that the token may be for another entry. */
function isForAnotherAudience(payload: JWTPayload, { reading, audiences }: TrustedIssuer): boolean {
  const takesOthers = reading.rules === undefined || reading.rules.some(({ audience }) => audience !== null)
  return !takesOthers && !hasAudience(audiences, payload)
}

/** Checks that jose does not make: it supports one critical extension, and accepts any type if none is required. */
function assertHeader({ crit, typ }: JWTHeaderParameters, isRfc9068: boolean): void {
  if (crit !== undefined) {
    throw new UnauthenticatedError('The token uses critical extensions (crit); none is supported.')
  }
  const isAccessToken = typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ)
  const isOther = isRfc9068 || (typeof typ === 'string' && /\+jwt$/i.test(typ))
  if (isOther && !isAccessToken) throw new UnauthenticatedError(notAnAccessToken)
}

/** Refuses a token without a claim that is required here. The log names the claim. */
function assertPresent(payload: JWTPayload, claims: readonly string[]): void {
  const missing = claims.find((claim) => payload[claim] === undefined)
  if (missing === undefined) return
  throw new UnauthenticatedError(badClaim, { reason: `The token has no "${missing}", which is required.` })
}

/** Refuses tokens that are bound to a key (RFC 7800, RFC 8705, RFC 9449): the proof of that key is not checked. */
function assertPlainBearer(payload: JWTPayload): void {
  if (Object.hasOwn(payload, 'cnf')) {
    throw new UnauthenticatedError(
      'The token is bound to a key of its holder (cnf). This server takes plain bearer tokens only: ask for one without.',
    )
  }
}

/** Types that Keycloak writes into tokens which are not access tokens. */
const otherUses = ['ID', 'Refresh', 'Offline', 'Logout', 'DPoP']

/**
 * Refuses tokens for another use than as an access token. Where an entry accepts ID tokens, it still accepts no token that
 * calls itself something else.
 */
function assertUse(payload: JWTPayload, { acceptsIdTokens }: TrustedIssuer): void {
  const { typ } = payload
  const isOther = typeof typ === 'string' && otherUses.includes(typ) && !(typ === 'ID' && acceptsIdTokens)
  // Casdoor writes an empty nonce into all tokens.
  const hasMark = ['nonce', 'at_hash', 'c_hash'].some((claim) => (payload[claim] ?? '') !== '')
  if (isOther || (hasMark && !acceptsIdTokens)) {
    throw new UnauthenticatedError(notForAccess)
  }
}

/** Also bounds the time until `exp`: `assertTimes` has refused an `iat` in the future. */
function assertLifetime({ exp = 0, iat = 0 }: JWTPayload, minutesMax: number, limit: string): void {
  if (minutesMax > 0 && exp - iat > minutesMax * 60) {
    throw new UnauthenticatedError(
      `The token is valid for longer than ${minutesMax} minutes, the most that this server accepts (${limit}). Ask the issuer for tokens with an earlier "exp".`,
    )
  }
}

function assertNames(payload: JWTPayload, claims: readonly string[]): void {
  if (claims.some((claim) => typeof payload[claim] !== 'string' || payload[claim] === '')) {
    throw new UnauthenticatedError(badClaim)
  }
}

function assertTimes(payload: JWTPayload, latestIssueSeconds: number): VerifiedPayload {
  const { exp, iat } = payload
  if (exp === undefined || iat === undefined || exp > timeMaxSeconds) throw new UnauthenticatedError(badClaim)
  if (iat > latestIssueSeconds) throw new UnauthenticatedError(notYetValid)
  return { ...payload, exp }
}

/** What a client is told whose token is for another audience. */
export const otherAudience =
  'The token was made for another service. Ask the issuer for one with the audience of this server.'

const badClaim = 'The token lacks a required claim, or one is malformed.'
const notYetValid = 'The token is not valid yet. Check the clocks of issuer and server.'
const notAnAccessToken =
  'The token is not an access token (RFC 9068, typ "at+jwt"). Send an access token, not an ID token.'

const notForAccess =
  'The token is not an access token: it is an ID, refresh, logout or DPoP token. Send the access token.'

/** For the log: the claim that a token lacks, which is one of those that are required here. */
function missingClaimOf(error: unknown): { readonly reason?: string } {
  const isMissing = error instanceof errors.JWTClaimValidationFailed && error.reason === 'missing'
  return isMissing ? { reason: `The token has no "${error.claim}", which is required.` } : {}
}

/** True for a token that the keys of an entry do not verify, or that is for another audience. */
function isOfAnotherEntry(error: unknown): boolean {
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'aud'
  return !(error instanceof errors.JWTExpired || error instanceof errors.JWTInvalid)
}

function describeFault(error: unknown, { algorithms }: TrustedIssuer): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired. Get a new one from the issuer.'
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.reason === 'check_failed' ? error.claim : '') {
      case 'aud':
        return otherAudience
      case 'iss':
        return 'The token is from an issuer that this server does not trust.'
      case 'nbf':
        return notYetValid
      case 'typ':
        return notAnAccessToken
      default:
        return badClaim
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `The token is signed with an algorithm that is not accepted; accepted are ${algorithms.join(', ')}.`
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return 'The token is signed with a key that the issuer does not publish. Get a new one from the issuer.'
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return 'The token does not name its key (kid), and the issuer publishes several.'
  }
  return 'The token is malformed, or its signature does not verify.'
}
