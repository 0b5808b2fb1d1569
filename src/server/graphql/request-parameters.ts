import { asGraphQLError, quoteName, RequestError } from './request-errors.ts'

/** What a request may hold: a document, its variables, which of its operations, and what else clients tell. */
const parameterNames: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions'])

/** The JSON value of a body; null for a body that is not JSON. */
export type SentJson = { readonly value: unknown } | null

/** Parses a body. */
export function parseJson(body: Buffer): SentJson {
  try {
    return { value: JSON.parse(body.toString()) }
  } catch {
    return null
  }
}

const quote = 0x22
const backslash = 0x5c

/** Whether a byte begins or separates values in JSON: one of `{[,:`. */
function isSeparator(byte: number | undefined): boolean {
  return byte === 0x2c || byte === 0x3a || byte === 0x7b || byte === 0x5b
}

/**
 * Whether JSON has more tokens than that: names, texts, and characters that begin or separate values. Counted without
 * parsing, which takes a hundred times as long where each of many objects has names of its own.
 */
export function hasMoreTokens(json: Buffer, tokensMax: number): boolean {
  if (json.length <= tokensMax) return false
  let tokens = 0
  for (let index = 0; index < json.length && tokens <= tokensMax; index++) {
    if (json[index] === quote) {
      tokens++
      index = endOfText(json, index)
    } else if (isSeparator(json[index])) tokens++
  }
  return tokens > tokensMax
}

/** Where a text that begins at an index ends; the length of the JSON if it does not. */
function endOfText(json: Buffer, start: number): number {
  for (let end = json.indexOf(quote, start + 1); end !== -1; end = json.indexOf(quote, end + 1)) {
    let slashes = 0
    while (json[end - 1 - slashes] === backslash) slashes++
    if (slashes % 2 === 0) return end
  }
  return json.length
}

/**
 * The parameters in a body.
 *
 * @throws GraphQLError, with status 400 for every client: there is nothing that could be executed
 */
export function parametersIn(sent: SentJson): object {
  if (sent === null) throw unfit('The body cannot be read as JSON.')
  const { value: body } = sent
  if (Array.isArray(body)) throw unfit('The body must be one request, not a list of requests.')
  if (typeof body !== 'object' || body === null) throw unfit('The body must be a JSON object.')
  return body
}

/**
 * Checks that parameters are those of GraphQL over HTTP, and of their types.
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
    throw unfit(
      name === null
        ? 'Unexpected parameter in the body: its name is none of GraphQL.'
        : `Unexpected parameter ${name} in the body.`,
    )
  }
  if (query === undefined || query === null) throw unfit('Must provide a document (query).')
  if (typeof query !== 'string') throw unfit('The document (query) must be a string.')
  if (!isObjectOrNone(variables)) throw unfit('The variables must be an object.')
  if (!isObjectOrNone(extensions)) throw unfit('The extensions must be an object.')
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw unfit('The name of the operation (operationName) must be a string.')
  }
}

function isObjectOrNone(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && !Array.isArray(value))
}

function unfit(message: string) {
  return asGraphQLError(new RequestError(message), { extensions: { http: { status: 400 } } })
}
