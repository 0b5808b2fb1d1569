import { GraphQLError, type GraphQLErrorOptions } from 'graphql'
import { type ErrorCode, KeysteadError } from '../../errors.ts'

/**
 * A request that cannot be executed. Its text is made from what the schema defines and from names, never from a value:
 * values are plaintexts, and errors end up in logs.
 */
export class RequestError extends KeysteadError {
  readonly code: ErrorCode
  constructor(message: string, code: ErrorCode = 'BAD_REQUEST') {
    super(message)
    this.code = code
  }
}

/** A {@link RequestError} in the form that GraphQL passes errors on. */
export function asGraphQLError(error: RequestError, options: GraphQLErrorOptions = {}): GraphQLError {
  return new GraphQLError(error.message, { ...options, originalError: error })
}

/** Characters of an unknown name that an error shows. */
const nameLengthMax = 40

/** A name of GraphQL. Anything else that stands in the place of one may be a value. */
const namePattern = /^[_A-Za-z][_0-9A-Za-z]*$/

/** The beginning of a name that the request gives, in quotes; null if it is not a name of GraphQL. */
export function quoteName(name: string): string | null {
  if (!namePattern.test(name)) return null
  return name.length > nameLengthMax ? `"${name.slice(0, nameLengthMax)}…"` : `"${name}"`
}
