import { decodeJwt, type JWTPayload } from 'jose'
import type { Config } from '../config.ts'
import type { CallerKind } from '../keys/rules/caller.ts'
import type { ClaimNames } from './claims.ts'
import { UnauthenticatedError } from './errors.ts'
import type { KeySource } from './key-lookup.ts'

/** Longest accepted token, in characters. */
const tokenLengthMax = 8192

/** Rules for the tokens of an issuer. */
export interface IssuerRules {
  /** The exact "iss" claim of its tokens. */
  readonly issuer: string
  readonly audience: string
  /** Accepted signature algorithms. */
  readonly algorithms: readonly string[]
  readonly profile: Config['AUTH_TOKEN_PROFILE']
  readonly claims: ClaimNames
  /** Projects that it may speak for; null for all. */
  readonly projects: readonly string[] | null
  /** Kinds of callers that it may speak for; null for all. */
  readonly kinds: readonly CallerKind[] | null
}

/** An issuer and its keys, which verify only its own tokens. */
export interface TrustedIssuer extends IssuerRules {
  readonly keySource: KeySource
}

/** Rules of the issuer AUTH_ISSUER. */
export function mainIssuerRules(issuer: string, config: Config): IssuerRules {
  return {
    issuer,
    audience: config.AUTH_AUDIENCE,
    algorithms: config.AUTH_ALGORITHMS,
    profile: config.AUTH_TOKEN_PROFILE,
    claims: config,
    projects: null,
    kinds: null,
  }
}

/**
 * Finds the issuer that a token names, whose keys must verify it. The name is not verified yet: with a false one, the
 * signature fails.
 *
 * @throws UnauthenticatedError if the issuer is not trusted
 */
export function issuerOf(token: string, issuers: readonly TrustedIssuer[]): TrustedIssuer {
  if (token.length > tokenLengthMax) {
    throw new UnauthenticatedError(
      `The token is longer than ${tokenLengthMax} characters. Ask the issuer for a smaller one.`,
    )
  }
  const named = readIssuer(token)
  const issuer = issuers.find((each) => each.issuer === named)
  if (issuer === undefined) {
    throw new UnauthenticatedError('The token is from an issuer that this server does not trust.')
  }
  return issuer
}

/** Unverified issuer and subject of a token, as one string; null if it names none. */
export function claimedName(token: string): string | null {
  const { iss, sub } = token.length > tokenLengthMax ? {} : (decodeClaims(token) ?? {})
  return typeof iss === 'string' && typeof sub === 'string' ? JSON.stringify([iss, sub]) : null
}

function readIssuer(token: string): string {
  const claims = decodeClaims(token)
  if (claims === null) {
    throw new UnauthenticatedError('The token is malformed, or its signature does not verify.')
  }
  if (typeof claims.iss !== 'string') {
    throw new UnauthenticatedError('The token lacks a required claim, or one is malformed.')
  }
  return claims.iss
}

function decodeClaims(token: string): JWTPayload | null {
  try {
    return decodeJwt(token)
  } catch {
    return null
  }
}
