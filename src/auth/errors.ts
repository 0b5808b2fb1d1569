import { KeysteadError } from '../errors.ts'

/** The request has no token, or one that is refused. The message holds nothing of the token. */
export class UnauthenticatedError extends KeysteadError {
  readonly code = 'UNAUTHENTICATED'
  /** Value of the WWW-Authenticate header (RFC 6750 §3). */
  readonly challenge: string
  constructor(message: string, challenge = 'Bearer realm="keystead", error="invalid_token"') {
    super(message)
    this.challenge = challenge
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
    super(`${reason} Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The file with the issuer's keys cannot be used. For the operator. */
export class KeySetError extends Error {}

/** The file with further issuers cannot be used. For the operator. */
export class IssuersFileError extends KeySetError {}
