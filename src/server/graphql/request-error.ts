import { GraphQLError, type GraphQLErrorOptions } from 'graphql'
import { type ErrorCode, KeysteadError } from '../../errors.ts'

/**
 * A request that cannot be executed. Its text holds names and what the schema defines, never values: values can be
 * plaintexts, and errors end up in logs.
 */
export class RequestError extends KeysteadError {
  readonly code: ErrorCode
  constructor(message: string, code: ErrorCode = 'BAD_REQUEST') {
    super(message)
    this.code = code
  }
}

/**
 * A client asks for a document by its hash alone (automatic persisted queries), and the server does not have it. Clients
 * know this error by its message, and send the document then. The hint is for people.
 */
export class PersistedQueryError extends KeysteadError {
  readonly code: 'PERSISTED_QUERY_NOT_SUPPORTED' | 'PERSISTED_QUERY_NOT_FOUND'
  readonly hint: string

  private constructor(code: PersistedQueryError['code'], message: string, hint: string) {
    super(message)
    this.code = code
    this.hint = hint
  }

  static notSupported(): PersistedQueryError {
    return new PersistedQueryError(
      'PERSISTED_QUERY_NOT_SUPPORTED',
      'PersistedQueryNotSupported',
      'This server has no documents by their hashes: send the document (query), and no hash.',
    )
  }

  static notFound(): PersistedQueryError {
    return new PersistedQueryError(
      'PERSISTED_QUERY_NOT_FOUND',
      'PersistedQueryNotFound',
      'The server trusts no document with this hash: send the document (query). It is not remembered.',
    )
  }
}

/** Wraps an error of the product for graphql-js and yoga. */
export function asGraphQLError(error: KeysteadError, options: GraphQLErrorOptions = {}): GraphQLError {
  return new GraphQLError(error.message, { ...options, originalError: error })
}

/** Longest part of an unknown name that an error shows, in characters. */
const nameLengthMax = 40

/** A GraphQL name. Anything else where a name belongs may be a value. */
const namePattern = /^[_A-Za-z][_0-9A-Za-z]*$/

/** The beginning of a name from the request, in quotes; null if it is no GraphQL name. */
export function quoteName(name: string): string | null {
  if (!namePattern.test(name)) return null
  return name.length > nameLengthMax ? `"${name.slice(0, nameLengthMax)}…"` : `"${name}"`
}
