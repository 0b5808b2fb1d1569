import { counted } from '../counted.ts'
import { KeysteadError } from '../errors.ts'

/** Where and why a token was refused, for the log. Nothing in it is a value of the token. */
export interface TokenRefusal {
  readonly reason: string
  /** Name of the entry; null if none is for the token. */
  readonly entry: string | null
  /** Number of the rule in the entry, from 0; null if it was not a rule. */
  readonly rule: number | null
}

/** The request has no token, or one that is refused. The message holds nothing of the token. */
export class UnauthenticatedError extends KeysteadError {
  readonly code = 'UNAUTHENTICATED'
  /** Value of the WWW-Authenticate header (RFC 6750 §3). */
  readonly challenge: string
  /** For the log only. */
  readonly refusal: TokenRefusal
  /** True if the token is not for the entry that refused it, so that another entry may accept it. */
  readonly isForeign: boolean
  /** True if the keys of that entry have verified the token. */
  readonly isVerified: boolean
  constructor(
    message: string,
    {
      challenge = 'Bearer realm="keystead", error="invalid_token"',
      isForeign = false,
      isVerified = false,
      ...refusal
    }: Partial<TokenRefusal> & {
      readonly challenge?: string
      readonly isForeign?: boolean
      readonly isVerified?: boolean
    } = {},
  ) {
    super(message)
    this.challenge = challenge
    this.isForeign = isForeign
    this.isVerified = isVerified
    this.refusal = { reason: message, entry: null, rule: null, ...refusal }
  }

  /** The same refusal, by an entry. */
  of(entry: string): UnauthenticatedError {
    const { message, challenge, isForeign, isVerified, refusal } = this
    return new UnauthenticatedError(message, { challenge, isForeign, isVerified, ...refusal, entry })
  }

  /** The same refusal of a verified token that another entry may accept. */
  asForeign(): UnauthenticatedError {
    const { message, challenge, refusal } = this
    return new UnauthenticatedError(message, { challenge, ...refusal, isForeign: true, isVerified: true })
  }
}

/** The token cannot be verified now: the issuer's keys are unavailable, unusable or may be outdated. */
export class IssuerUnavailableError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
  readonly retryAfterSeconds: number
  constructor(
    retryAfterSeconds: number,
    reason = "The token cannot be verified now: the issuer's signing keys are unavailable.",
  ) {
    super(`${reason} Try again in ${counted(retryAfterSeconds, 'second')}.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The file with the issuer's keys cannot be used. For the operator. */
export class KeySetError extends Error {}

/** The file with further issuers cannot be used. For the operator. */
export class IssuersFileError extends KeySetError {}
