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

/** Tokens cannot be checked now: the issuer's keys are out of reach or unusable. */
export class IssuerUnavailableError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
  constructor() {
    super(
      'Tokens cannot be checked at the moment, since the keys of their issuer cannot be had. Try again shortly.',
    )
  }
}

/** The file with the issuer's keys cannot be used at start. For the operator, never for a caller. */
export class KeySetError extends Error {}

/** The same for the file with further issuers. */
export class IssuersFileError extends KeySetError {}
