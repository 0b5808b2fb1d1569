/** What most requests are: a document, or the ID of a trusted one, with or without variables and the name of an operation. */
export interface PlainRequest {
  readonly query: string | null
  readonly documentId: string | null
  readonly variables: Readonly<Record<string, unknown>>
  readonly operationName: string | null
}

const names: ReadonlySet<string> = new Set(['query', 'documentId', 'variables', 'operationName'])

/** Reads a body that holds nothing but this; null for any other, whatever is to be said of it. */
export function readPlainRequest(sent: unknown): PlainRequest | null {
  if (!isObject(sent) || !Object.keys(sent).every((name) => names.has(name))) return null
  const { query = null, documentId = null, variables = null, operationName = null } = sent
  if (!isTextOrNull(query) || !isTextOrNull(documentId) || !isTextOrNull(operationName)) return null
  if (variables !== null && !isObject(variables)) return null
  return { query, documentId, variables: variables ?? {}, operationName }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}
