import { randomUUID } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { type ErrorCode, KeysteadError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { isOkAsJson } from '../answer.ts'
import { RateLimitedError } from '../load/rate-limit.ts'
import { currentRequest, noteCode, noteRefusal } from '../observe/request-log.ts'
import { mistakesMax, placesOf } from './check-document.ts'
import { PersistedQueryError, RequestError } from './request-error.ts'

/** Parts that masking needs. */
export interface MaskOptions {
  readonly log: Log
  /** Translates an error of another part, such as the database, into an error of the product; null if it is unknown. */
  readonly explain: (error: unknown) => KeysteadError | null
}

/**
 * Turns whatever was thrown into an error that the caller may read. The error is built anew: errors of the product keep
 * their message, those of GraphQL lose their values, and everything else is INTERNAL, with its cause in the log only.
 */
export function maskError(thrown: unknown, options: MaskOptions): GraphQLError {
  // Some errors pass here twice.
  if (thrown instanceof GraphQLError && masked.has(thrown)) return thrown
  const error = mask(thrown, options)
  masked.add(error)
  return error
}

const masked = new WeakSet<GraphQLError>()

/** Most errors of one answer: the mistakes of a document, and one that says there are more. */
const errorsMax = mistakesMax + 1

/** {@link maskError} for the errors of an answer. The last one says how many are left out. */
export function maskErrors(thrown: readonly unknown[], options: MaskOptions): readonly GraphQLError[] {
  const told = thrown.slice(0, errorsMax).map((error) => maskError(error, options))
  const more = thrown.length - told.length
  const last = told.at(-1)
  if (more === 0 || last === undefined) return told
  const { extensions, path, source, positions } = last
  const message = `${last.message} There are ${more.toLocaleString('en')} more errors.`
  const counting = new GraphQLError(message, {
    extensions,
    ...(path && { path }),
    ...(source && positions && { source, positions }),
  })
  masked.add(counting)
  return [...told.slice(0, -1), counting]
}

function mask(thrown: unknown, { log, explain }: MaskOptions): GraphQLError {
  const own = findOwnError(thrown) ?? explain(causeOf(thrown))
  const isRequestError = thrown instanceof GraphQLError && thrown.path === undefined
  if (own instanceof RateLimitedError) return rateLimited(thrown, own, isRequestError)
  if (own !== null) {
    const error = rebuild(thrown, own, isRequestError ? httpOf(thrown) : null)
    if (own instanceof PersistedQueryError) error.extensions['hint'] = own.hint
    return error
  }
  // An error with a path comes from a resolver, whose message was not written for callers.
  if (isRequestError && !hasForeignCause(thrown)) {
    // Errors with a message worth showing are of the product, and were found above.
    return rebuild(thrown, new RequestError('The request is not acceptable.'), httpOf(thrown))
  }
  const incidentId = randomUUID()
  const requestId = currentRequest()?.requestId ?? null
  log.error({ incidentId, requestId, error: describeForLog(thrown) }, 'a request failed')
  const message = `Internal error. Details are in the server log under ${incidentId}.`
  return rebuild(thrown, { code: 'INTERNAL', message }, null)
}

/**
 * A refusal of the whole request has status 429 and a Retry-After header. A refusal of one field leaves the status alone,
 * since other fields may have been answered.
 */
function rateLimited(thrown: unknown, own: RateLimitedError, isWhole: boolean): GraphQLError {
  const { refusal, retryAfterSeconds } = own
  noteRefusal(refusal)
  const error = rebuild(thrown, own, null)
  error.extensions['retryAfterSeconds'] = retryAfterSeconds
  if (isWhole) {
    error.extensions['http'] = { status: 429, headers: { 'retry-after': String(retryAfterSeconds) } }
  }
  return error
}

/** The error of the product inside wrappers of GraphQL. */
function findOwnError(thrown: unknown): KeysteadError | null {
  let error: unknown = thrown
  for (let depth = 0; depth < 8; depth++) {
    if (error instanceof KeysteadError) return error
    if (!(error instanceof GraphQLError)) return null
    error = error.originalError
  }
  return null
}

/** True if the cause is neither GraphQL nor the syntax of the document. */
function hasForeignCause(error: GraphQLError): boolean {
  const { originalError } = error
  return (
    originalError !== undefined &&
    !(originalError instanceof GraphQLError) &&
    originalError.name !== 'SyntaxError'
  )
}

/**
 * Status of a request error. With `spec`, yoga answers clients that prefer `application/json` with status 200. Errors that
 * set a status themselves are about the body.
 */
function httpOf(error: GraphQLError): { status: number; spec: boolean } {
  const { status, spec } = (error.extensions['http'] ?? {}) as { status?: unknown; spec?: unknown }
  if (typeof status !== 'number') return { status: 400, spec: isOkAsJson('document') }
  return { status, spec: isOkAsJson(spec === false ? 'body' : 'document') }
}

function rebuild(
  thrown: unknown,
  { message, code }: { readonly message: string; readonly code: ErrorCode },
  http: { status: number; spec: boolean } | null,
): GraphQLError {
  noteCode(code)
  const { nodes, source, positions, path } = thrown instanceof GraphQLError ? thrown : {}
  const places = (nodes && placesOf(nodes)) ?? (source && positions ? { source, positions } : null)
  return new GraphQLError(message, {
    ...places,
    ...(path && { path }),
    extensions: { code, ...(http && { http }) },
  })
}

/** The error that a resolver threw, without the wrapper of GraphQL. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof GraphQLError ? (thrown.originalError ?? thrown) : thrown
}

/** Class and stack of an error, without its message: that of a database driver can contain values of columns. */
function describeForLog(thrown: unknown): { name: string; code: string | null; stack: string[] } {
  const error = causeOf(thrown)
  if (!(error instanceof Error)) return { name: typeof error, code: null, stack: [] }
  const { code } = error as { code?: unknown }
  return {
    name: error.name,
    code: typeof code === 'string' ? code : null,
    stack: (error.stack ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.startsWith('at '))
      .slice(0, 12),
  }
}
