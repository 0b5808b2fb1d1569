import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type GraphQLSchema, parse, type ValidationRule } from 'graphql'
import { validateDocument } from './check-document.ts'
import { documentLimits } from './limits.ts'

/** The file of trusted documents does not fit this server. For the operator. */
export class TrustedDocumentsError extends Error {}

/** Document texts by the SHA-256 of each, in hex. */
export type TrustedDocuments = ReadonlyMap<string, string>

/**
 * Reads the documents that an operator trusts. Each is checked as a request for it would be, so that a frontend that
 * does not fit this server keeps it from starting, rather than its users from working.
 *
 * @throws TrustedDocumentsError
 */
export function readTrustedDocuments(
  path: string,
  { schema, rules }: { schema: GraphQLSchema; rules: readonly ValidationRule[] },
): TrustedDocuments {
  const entries = Object.entries(readManifest(path))
  for (const [id, text] of entries) {
    const problem = problemOf(id, text) ?? problemInDocument(String(text), { schema, rules })
    if (problem !== null) {
      throw new TrustedDocumentsError(`document ${nameOf(id, text)} of ${path} ${problem}`)
    }
  }
  return new Map(entries as [string, string][])
}

function readManifest(path: string): object {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    throw new TrustedDocumentsError(`the file ${path} (TRUSTED_DOCUMENTS_FILE) cannot be read as JSON`)
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new TrustedDocumentsError(
      `the file ${path} (TRUSTED_DOCUMENTS_FILE) must be an object of documents by their SHA-256`,
    )
  }
  return content
}

/** What is wrong with an entry; null if it is a document with its hash. */
function problemOf(id: string, text: unknown): string | null {
  if (typeof text !== 'string') return 'is no text.'
  const hash = createHash('sha256').update(text).digest('hex')
  if (hash === id) return null
  return /^[0-9a-f]{64}$/.test(id)
    ? `has another SHA-256: ${hash}.`
    : 'is not named by its SHA-256, 64 hexadecimal digits in lower case.'
}

function problemInDocument(
  text: string,
  { schema, rules }: { schema: GraphQLSchema; rules: readonly ValidationRule[] },
): string | null {
  if (text.length > documentLimits.length) return `has more than ${documentLimits.length} characters.`
  try {
    // The text of graphql-js, which shows what it cannot read: the document is the operator's own.
    const document = parse(text, { maxTokens: documentLimits.tokens })
    const [error] = validateDocument(schema, document, rules)
    return error === undefined ? null : `does not fit this server: ${error.message}`
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`
  }
}

/** The ID with the name of the first operation, which tells a frontend's developer more. */
function nameOf(id: string, text: unknown): string {
  const [, name] = /\b(?:query|mutation|subscription)\s+(\w+)/.exec(String(text)) ?? []
  return name === undefined ? id : `${name} (${id})`
}
