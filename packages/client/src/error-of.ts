import {
  type CallTimeoutError,
  type ConnectionError,
  type InvalidEnvelopeError,
  KeysteadError,
  type KeysteadErrorOptions,
  RateLimitedError,
  type Refusal,
  type TokenError,
  UnauthenticatedError,
  UnavailableError,
  type UnexpectedAnswerError,
  type UnsupportedEnvelopeError,
  type UnsupportedJwtError,
} from './errors.ts'
import { type AnyRefusal, refusalClasses } from './generated/refusals.ts'

/** Every error with a class of its own: `switch (error.code)` tells them apart. */
export type AnyKeysteadError =
  | AnyRefusal
  | UnauthenticatedError
  | TokenError
  | RateLimitedError
  | UnavailableError
  | ConnectionError
  | UnexpectedAnswerError
  | CallTimeoutError
  | InvalidEnvelopeError
  | UnsupportedEnvelopeError
  | UnsupportedJwtError

type ErrorClass = new (refusal: Refusal, options?: KeysteadErrorOptions) => KeysteadError

const classes: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>([
  ...Object.entries(refusalClasses),
  ['UNAUTHENTICATED', UnauthenticatedError],
  ['RATE_LIMITED', RateLimitedError],
  ['UNAVAILABLE', UnavailableError],
])

/** Makes the error of a code. Codes that this release does not know are a plain {@link KeysteadError}. */
export function errorOf(refusal: Refusal, options: KeysteadErrorOptions): KeysteadError {
  return new (classes.get(refusal.code) ?? KeysteadError)(refusal, options)
}

/** Checks whether something that was thrown is an error of this package, and narrows it to the union of its classes. */
export function isKeysteadError(error: unknown): error is AnyKeysteadError {
  return error instanceof KeysteadError
}
