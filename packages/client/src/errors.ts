/** What is known of an error: its code, its message, and fields of its type. */
export interface Refusal {
  readonly code: string
  readonly message: string
  readonly [field: string]: unknown
}

/** What is known of the request that failed. */
export interface KeysteadErrorOptions {
  readonly cause?: unknown
  readonly requestId?: string | null
}

/**
 * An operation failed. `code` says why: a code of the API (docs/errors.md), or one of the client's own. Each code that a
 * caller can act on has a class with the facts of the failure.
 */
export class KeysteadError extends Error {
  override readonly name: string = 'KeysteadError'
  readonly code: string
  /** Number of the request in the server's log; null if no server answered. */
  readonly requestId: string | null

  constructor({ code, message }: Refusal, { cause, requestId = null }: KeysteadErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.requestId = requestId
  }
}

/** The server refused the token, and a new one too if the token is a function. */
export class UnauthenticatedError extends KeysteadError {
  override readonly name = 'UnauthenticatedError'
  declare readonly code: 'UNAUTHENTICATED'
}

/** The function that gives tokens failed, or gave something that is no token. Nothing was sent. */
export class TokenError extends KeysteadError {
  override readonly name = 'TokenError'
  declare readonly code: 'TOKEN'

  constructor(message: string, options?: KeysteadErrorOptions) {
    super({ code: 'TOKEN', message }, options)
  }
}

/** The caller sent too much within a time. Nothing was done. */
export class RateLimitedError extends KeysteadError {
  override readonly name = 'RateLimitedError'
  declare readonly code: 'RATE_LIMITED'
  /** When to try again; null if waiting does not help. */
  readonly retryAfterSeconds: number | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.retryAfterSeconds = secondsOf(refusal['retryAfterSeconds'])
  }
}

/** The server could not do its work just then. */
export class UnavailableError extends KeysteadError {
  override readonly name = 'UnavailableError'
  declare readonly code: 'UNAVAILABLE'
  /** If it is a number, nothing was done. If it is null, a change may have been made: look before you repeat it. */
  readonly retryAfterSeconds: number | null

  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {
    super(refusal, options)
    this.retryAfterSeconds = secondsOf(refusal['retryAfterSeconds'])
  }
}

/** No answer came back. A change may have been made: look before you repeat it. */
export class ConnectionError extends KeysteadError {
  override readonly name = 'ConnectionError'
  declare readonly code: 'CONNECTION'

  constructor(message: string, options?: KeysteadErrorOptions) {
    super({ code: 'CONNECTION', message }, options)
  }
}

/** The answer is not one of Keystead: of a proxy in front of it, or of another server. */
export class UnexpectedAnswerError extends KeysteadError {
  override readonly name = 'UnexpectedAnswerError'
  declare readonly code: 'UNEXPECTED_ANSWER'
  readonly status: number
  /** What the answer says about trying again. */
  readonly retryAfterSeconds: number | null

  constructor(
    message: string,
    {
      status,
      retryAfterSeconds = null,
      ...options
    }: KeysteadErrorOptions & { readonly status: number; readonly retryAfterSeconds?: number | null },
  ) {
    super({ code: 'UNEXPECTED_ANSWER', message }, options)
    this.status = status
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The call took longer than its limit. A change may have been made: look before you repeat it. */
export class CallTimeoutError extends KeysteadError {
  override readonly name = 'CallTimeoutError'
  declare readonly code: 'TIMEOUT'
  readonly timeoutMs: number

  constructor(timeoutMs: number) {
    super({
      code: 'TIMEOUT',
      message: `The call took longer than ${timeoutMs} ms. Set timeoutMs to wait longer; check whether a change was made before you repeat it.`,
    })
    this.timeoutMs = timeoutMs
  }
}

/**
 * The bytes are no envelope, or not as they were written: cut off, changed, in another order, or with other additional
 * authenticated data. Nothing of what is wrong has been given out.
 */
export class InvalidEnvelopeError extends KeysteadError {
  override readonly name = 'InvalidEnvelopeError'
  declare readonly code: 'INVALID_ENVELOPE'

  constructor(message: string, options?: KeysteadErrorOptions) {
    super({ code: 'INVALID_ENVELOPE', message }, options)
  }
}

/** The envelope is of a format that this release does not read. */
export class UnsupportedEnvelopeError extends KeysteadError {
  override readonly name = 'UnsupportedEnvelopeError'
  declare readonly code: 'UNSUPPORTED_ENVELOPE'

  constructor(message: string, options?: KeysteadErrorOptions) {
    super({ code: 'UNSUPPORTED_ENVELOPE', message }, options)
  }
}

/** `signJwt` cannot sign with this key, or not with this algorithm. */
export class UnsupportedJwtError extends KeysteadError {
  override readonly name = 'UnsupportedJwtError'
  declare readonly code: 'UNSUPPORTED_JWT'

  constructor(message: string, options?: KeysteadErrorOptions) {
    super({ code: 'UNSUPPORTED_JWT', message }, options)
  }
}

function secondsOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
