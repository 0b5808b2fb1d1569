import { decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from 'jose'
import type { Config } from '../config.ts'
import type { CallerKind } from '../keys/rules/caller.ts'
import type { ClaimNames } from './claims.ts'
import { UnauthenticatedError } from './errors.ts'
import type { KeyLocation, KeySource } from './key-lookup.ts'
import type { TokenRule } from './token-rules.ts'

/** Longest accepted token, in characters. */
export const tokenLengthMax = 12_288

/** How an entry reads the caller from the claims: by the names of claims (first form of the file), or by rules. */
export type CallerReading =
  | { readonly claims: ClaimNames; readonly rules?: never }
  | { readonly rules: readonly TokenRule[]; readonly claims?: never }

/** Rules for the tokens of an issuer. */
export interface IssuerRules {
  /** Name of the entry, for the log and the metrics. */
  readonly name: string
  /** The exact "iss" claim of its tokens; null if they have none and `trustDomain` chooses the entry. */
  readonly issuer: string | null
  /** SPIFFE trust domain at the beginning of "sub", for tokens without "iss". */
  readonly trustDomain: string | null
  /** Accepted values of "aud"; any of them suffices. */
  readonly audiences: readonly string[]
  /** Accepted signature algorithms. */
  readonly algorithms: readonly string[]
  readonly profile: Config['AUTH_TOKEN_PROFILE']
  /** Whether tokens with the marks of an ID token ("nonce", "at_hash", "c_hash") are accepted. */
  readonly acceptsIdTokens: boolean
  /** Longest lifetime of a token, in minutes; null for that of the settings. */
  readonly lifetimeMinutesMax: number | null
  readonly reading: CallerReading
  /** Projects that it may speak for; null for all. */
  readonly projects: readonly string[] | null
  /** Kinds of callers that it may speak for; null for all. */
  readonly kinds: readonly CallerKind[] | null
}

/** An issuer of the file: its rules and the location of its keys. */
export type ListedIssuer = IssuerRules & KeyLocation

/** An issuer and its keys, which verify only its own tokens. */
export interface TrustedIssuer extends IssuerRules {
  readonly keySource: KeySource
}

/** Name of the entry that the settings describe. No entry of a file can have it. */
export const mainEntryName = 'AUTH_ISSUER'

/** Rules of the issuer AUTH_ISSUER. */
export function mainIssuerRules(issuer: string, config: Config): IssuerRules {
  return {
    name: mainEntryName,
    issuer,
    trustDomain: null,
    audiences: [config.AUTH_AUDIENCE],
    algorithms: config.AUTH_ALGORITHMS,
    profile: config.AUTH_TOKEN_PROFILE,
    // The first form and the settings cannot tell what is meant.
    acceptsIdTokens: true,
    lifetimeMinutesMax: null,
    reading: { claims: config },
    projects: null,
    kinds: null,
  }
}

/**
 * Finds the entries for a token: those whose issuer it names, or whose trust domain its subject is in if it names no issuer.
 * The keys of one of them must verify it. Nothing is verified yet: with a false name, the signature fails. Entries that have
 * the key which the token names come first, so that its tokens do not cause fetches from others.
 *
 * @throws UnauthenticatedError if there is none
 */
export function entriesOf(token: string, issuers: readonly TrustedIssuer[]): readonly TrustedIssuer[] {
  if (token.length > tokenLengthMax) {
    throw new UnauthenticatedError(
      `The token is longer than ${tokenLengthMax} characters. Ask the issuer for a smaller one.`,
    )
  }
  const { iss, sub } = readClaims(token)
  if (iss !== undefined && typeof iss !== 'string') throw new UnauthenticatedError(badClaim)
  const entries = issuers.filter(({ issuer, trustDomain }) =>
    iss === undefined
      ? trustDomain !== null && typeof sub === 'string' && sub.startsWith(`spiffe://${trustDomain}/`)
      : issuer === iss,
  )
  if (entries.length > 0) return knownKeyFirst(token, entries)
  throw new UnauthenticatedError(iss === undefined ? badClaim : notTrusted)
}

function knownKeyFirst(token: string, entries: readonly TrustedIssuer[]): readonly TrustedIssuer[] {
  if (entries.length === 1) return entries
  const kid = decodeHeader(token)?.kid
  const isKnown = ({ keySource }: TrustedIssuer) => kid !== undefined && keySource.holds?.(kid) === true
  return [...entries.filter(isKnown), ...entries.filter((entry) => !isKnown(entry))]
}

/** Unverified issuer, if any, and subject of a token, as one string; null if it names no subject. */
export function claimedName(token: string): string | null {
  const { iss = null, sub } = token.length > tokenLengthMax ? {} : (decodeClaims(token) ?? {})
  return (iss === null || typeof iss === 'string') && typeof sub === 'string'
    ? JSON.stringify([iss, sub])
    : null
}

const badClaim = 'The token lacks a required claim, or one is malformed.'
const notTrusted = 'The token is from an issuer that this server does not trust.'

function readClaims(token: string): JWTPayload {
  const claims = decodeClaims(token)
  if (claims !== null) return claims
  throw new UnauthenticatedError(
    // A signed JWT has two dots, an encrypted one four.
    token.split('.').length > 2
      ? 'The token is malformed, or its signature does not verify.'
      : 'The token is opaque: it is not a JWT. This server verifies signed JWTs only. Have the provider issue those (docs/tokens.md).',
  )
}

function decodeHeader(token: string): ProtectedHeaderParameters | null {
  try {
    return decodeProtectedHeader(token)
  } catch {
    return null
  }
}

function decodeClaims(token: string): JWTPayload | null {
  try {
    return decodeJwt(token)
  } catch {
    return null
  }
}
