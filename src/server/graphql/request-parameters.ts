import { asGraphQLError, quoteName, RequestError } from './request-error.ts'

/** Parameters of a GraphQL request. */
const parameterNames: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions'])

/** The JSON value of a body; null for a body that is not JSON. */
export type SentJson = { readonly value: unknown } | null

/** Not JSON, but some clients send it. */
const byteOrderMark = 0xfeff

/** Parses a body. */
export function parseJson(body: Buffer): SentJson {
  try {
    const text = body.toString()
    return { value: JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text) }
  } catch {
    return null
  }
}

/**
 * The parameters in a body.
 *
 * @throws GraphQLError with status 400 in every media type: there is nothing to execute
 */
export function parametersIn(sent: SentJson): object {
  if (sent === null) throw badRequest('The body cannot be read as JSON.')
  const { value: body } = sent
  if (Array.isArray(body)) throw badRequest('The body must be one request, not a list of requests.')
  if (typeof body !== 'object' || body === null) throw badRequest('The body must be a JSON object.')
  return body
}

/**
 * Checks names and types of parameters (GraphQL over HTTP).
 *
 * @throws GraphQLError
 */
export function checkParameters(parameters: object): void {
  const { query, variables, operationName, extensions } = parameters as Readonly<Record<string, unknown>>
  const unknown = Object.entries(parameters).find(
    ([name, value]) => value !== null && !parameterNames.has(name),
  )
  if (unknown !== undefined) {
    const name = quoteName(unknown[0])
    throw badRequest(
      name === null
        ? 'Unexpected parameter in the body: its name is not a GraphQL name.'
        : `Unexpected parameter ${name} in the body.`,
    )
  }
  if (query === undefined || query === null) throw badRequest('Must provide a document (query).')
  if (typeof query !== 'string') throw badRequest('The document (query) must be a string.')
  if (!isObjectOrNone(variables)) throw badRequest('The variables must be an object.')
  if (!isObjectOrNone(extensions)) throw badRequest('The extensions must be an object.')
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw badRequest('The name of the operation (operationName) must be a string.')
  }
}

function isObjectOrNone(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && !Array.isArray(value))
}

function badRequest(message: string) {
  return asGraphQLError(new RequestError(message), { extensions: { http: { status: 400 } } })
}
