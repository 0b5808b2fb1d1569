/** All codes of errors, in `extensions.code` or in the `code` field of an error type. */
export const errorCodes = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_REQUEST',
  'BAD_USER_INPUT',
  'PAYLOAD_TOO_LARGE',
  'UNTRUSTED_DOCUMENT',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'PERSISTED_QUERY_NOT_FOUND',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'INTERNAL',
  'INPUT_VALIDATION',
  'KEY_NOT_FOUND',
  'KEY_VERSION_NOT_FOUND',
  'NAME_TAKEN',
  'INVALID_KEY_STATE',
  'INVALID_KEY_USAGE',
  'INVALID_KEY_ORIGIN',
  'INVALID_IMPORT_PARAMETERS',
  'INVALID_KEY_MATERIAL',
  'CONFLICT',
  'LOCKOUT',
  'INVALID_CIPHERTEXT',
  'NOT_DECRYPTABLE_IN_GRAPH',
  'ENCRYPTION_LIMIT',
  'OTHER',
] as const

/** One of {@link errorCodes}. */
export type ErrorCode = (typeof errorCodes)[number]

/**
 * Base of all errors that may reach a caller. The message is written for the caller. It says what to do, and never contains
 * key material, tokens, SQL or hidden facts about a key. All other errors are masked as `INTERNAL` by the server.
 */
export abstract class KeysteadError extends Error {
  abstract readonly code: ErrorCode
  override get name(): string {
    return this.constructor.name
  }
}

/** Marks a branch that the types exclude. Throws if it is reached. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${String(value)}`)
}
