import { KeysteadError } from '../errors.ts'

/** The request carries no token, or none that is accepted. Says what to do, never what the token holds. */
export class UnauthenticatedError extends KeysteadError {
  readonly code = 'UNAUTHENTICATED'
  /** Value of the WWW-Authenticate header (RFC 6750 §3). */
  readonly challenge: string
  constructor(message: string, challenge = 'Bearer realm="keystead", error="invalid_token"') {
    super(message)
    this.challenge = challenge
  }
}

/** The token cannot be verified now: the issuer's keys are unavailable or unusable, or may be newer than those at hand. */
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

/** The file with the issuer's keys cannot be used at start. For the operator, never for a caller. */
export class KeySetError extends Error {}

/** The same for the file with further issuers. */
export class IssuersFileError extends KeySetError {}
