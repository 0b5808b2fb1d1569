import { randomUUID } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { type ErrorCode, KeysteadError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { RateLimitedError } from '../load/caller-limit.ts'
import { currentRequest, noteCode, noteRefusal } from '../observe/request-facts.ts'
import { mistakesMax, placesOf } from './check-document.ts'
import { RequestError } from './request-errors.ts'

/** What else is known of errors. */
export interface MaskOptions {
  readonly log: Log
  /** The product's own error for one that another part threw, such as a database's; null if there is none. */
  readonly explain: (error: unknown) => KeysteadError | null
}

/**
 * Turns whatever was thrown into what the caller may read. Every error is put together anew from what is known to be
 * harmless: errors of the product with their own text, those of GraphQL without values, everything else as INTERNAL,
 * with the cause in the log only.
 */
export function maskError(thrown: unknown, options: MaskOptions): GraphQLError {
  // Some errors pass here twice on their way out.
  if (thrown instanceof GraphQLError && masked.has(thrown)) return thrown
  const error = mask(thrown, options)
  masked.add(error)
  return error
}

const masked = new WeakSet<GraphQLError>()

/** Most errors of one answer: as many as the mistakes of a document, and that there are more. */
const errorsMax = mistakesMax + 1

/** {@link maskError} for the errors of an answer. Of very many, the last that is told says how many more there are. */
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
  if (own !== null) return rebuild(thrown, own, isRequestError ? httpOf(thrown) : null)
  // An error with a path comes from a resolver: nobody wrote its text for callers.
  if (isRequestError && !hasForeignCause(thrown)) {
    // Whatever is said of a request by name is an error of our own.
    return rebuild(thrown, new RequestError('The request is not acceptable.'), httpOf(thrown))
  }
  const incidentId = randomUUID()
  const requestId = currentRequest()?.requestId ?? null
  log.error({ incidentId, requestId, error: describeForLog(thrown) }, 'a request failed')
  const message = `Something is wrong with the server. Its operator finds the cause in the log under ${incidentId}.`
  return rebuild(thrown, { code: 'INTERNAL', message }, null)
}

/**
 * A refusal of the whole request tells its client when to come back where HTTP clients look for it, too. A refusal of one
 * field leaves the status alone: other fields may have been answered.
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

/** The product's own error, however deep it was wrapped on its way. */
function findOwnError(thrown: unknown): KeysteadError | null {
  let error: unknown = thrown
  for (let depth = 0; depth < 8; depth++) {
    if (error instanceof KeysteadError) return error
    if (!(error instanceof GraphQLError)) return null
    error = error.originalError
  }
  return null
}

/** Whether something other than GraphQL itself went wrong while the request was read. */
function hasForeignCause(error: GraphQLError): boolean {
  const { originalError } = error
  return (
    originalError !== undefined &&
    !(originalError instanceof GraphQLError) &&
    originalError.name !== 'SyntaxError'
  )
}

/**
 * GraphQL over HTTP: a request error has a 4xx status. What is wrong in the document or its variables has 200 for
 * clients that accept `application/json` only (`spec`); what is no such request at all has 4xx for all.
 */
function httpOf(error: GraphQLError): { status: number; spec: boolean } {
  const { status } = (error.extensions['http'] ?? {}) as { status?: unknown }
  if (typeof status !== 'number') return { status: 400, spec: true }
  return { status, spec: error.locations !== undefined }
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

/** What a resolver threw, without what GraphQL put around it. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof GraphQLError ? (thrown.originalError ?? thrown) : thrown
}

/** Class and place of an error, without its message: that of a database driver can hold values of columns. */
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
