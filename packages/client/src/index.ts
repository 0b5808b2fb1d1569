// What the package offers, and nothing else.
export type { CallOptions } from './call-options.ts'
export { type ClientOptions, createClient, type KeysteadClient } from './create-client.ts'
export type { DataKeyCacheOptions } from './envelope/data-key-cache.ts'
export type {
  ByteStream,
  Envelope,
  EnvelopeDecryptOptions,
  EnvelopeEncryptOptions,
} from './envelope/envelope.ts'
export { type AnyKeysteadError, isKeysteadError } from './error-of.ts'
export {
  CallTimeoutError,
  ConnectionError,
  InvalidEnvelopeError,
  KeysteadError,
  RateLimitedError,
  TokenError,
  UnauthenticatedError,
  UnavailableError,
  UnexpectedAnswerError,
  UnsupportedEnvelopeError,
  UnsupportedJwtError,
} from './errors.ts'
export { enumValues } from './generated/enum-values.ts'
export * from './generated/refusals.ts'
export type * from './generated/types.ts'
export type { SignJws, SignJwsOptions, SignJwt, SignJwtOptions } from './sign-jws.ts'
export type { JwsAlgorithm } from './signature-schemes.ts'
export type { Token } from './token.ts'
