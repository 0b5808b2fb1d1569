import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations'
import { type GraphQLSchema, parse, type ValidationRule } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'
import type { Config } from '../../config.ts'
import { type ErrorCode, KeysteadError } from '../../errors.ts'
import { validateDocument } from './check-document.ts'
import { documentLimits } from './document-limits.ts'
import { asGraphQLError, PersistedQueryError } from './request-error.ts'

/** The request asks for a document that is not trusted. */
class UntrustedDocumentError extends KeysteadError {
  readonly code: ErrorCode = 'UNTRUSTED_DOCUMENT'
}

/** The request holds neither a document nor the ID of one. */
class NoDocumentError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super('Must provide a document (query), or the ID of a trusted one (documentId).')
  }
}

/**
 * Plugin that lets requests name a trusted document by its ID. The document replaces its ID before anything is parsed, so
 * that it is limited, validated and charged like any other.
 *
 * @param mode "only" refuses all other documents. With "off", unknown IDs are answered as by a server without trusted
 *   documents
 */
export function trustDocuments(documents: TrustedDocuments, mode: Config['TRUSTED_DOCUMENTS']): Plugin {
  const plugin = usePersistedOperations({
    getPersistedOperation: (id) => documents.get(id) ?? null,
    extractPersistedOperationId: (params) => documentIdOf(params),
    allowArbitraryOperations: mode !== 'only',
    // Validation at start does not replace this one, whose result is cached.
    skipDocumentValidation: false,
    customErrors: {
      notFound: ({ params }) =>
        asGraphQLError(
          mode !== 'only' && persistedHashOf(params) !== null
            ? PersistedQueryError.notFound()
            : new UntrustedDocumentError('The server trusts no document with this ID.'),
        ),
      keyNotFound: () =>
        asGraphQLError(new NoDocumentError(), { extensions: { http: { status: 400, spec: false } } }),
      persistedQueryOnly: () =>
        asGraphQLError(
          new UntrustedDocumentError(
            'The server answers only documents that its operator trusts: send the ID of one (documentId), and no query.',
          ),
        ),
    },
  })
  if (mode !== 'off') return plugin
  return {
    ...plugin,
    onParams: (payload) =>
      documents.has(documentIdOf(payload.params) ?? '') ? plugin.onParams?.(payload) : undefined,
  }
}

/** The ID in the form of GraphQL over HTTP (Appendix A, Persisted Documents), or in that of Apollo clients. */
function documentIdOf(params: GraphQLParams): string | null {
  const { documentId } = params as { documentId?: unknown }
  const id = typeof documentId === 'string' ? documentId : persistedHashOf(params)
  return id === null ? null : trustedDigestOf(id)
}

/** The hash by which clients of Apollo and urql ask for a document (automatic persisted queries); null if there is none. */
export function persistedHashOf(params: { readonly extensions?: unknown }): string | null {
  const { persistedQuery } = (params.extensions ?? {}) as { persistedQuery?: unknown }
  const { sha256Hash } = (persistedQuery ?? {}) as { sha256Hash?: unknown }
  return typeof sha256Hash === 'string' ? sha256Hash : null
}

/** The SHA-256 in the ID of a document, under which the document is stored. */
export function trustedDigestOf(documentId: string): string {
  return documentId.startsWith('sha256:') ? documentId.slice('sha256:'.length) : documentId
}

/** The file of trusted documents cannot be used by this server. For the operator. */
export class TrustedDocumentsError extends Error {}

/** Texts of documents by their SHA-256, in hexadecimal. */
export type TrustedDocuments = ReadonlyMap<string, string>

/** Schema and rules that trusted documents are checked with. */
interface Checks {
  readonly schema: GraphQLSchema
  /** Schema of the other path of the API, whose documents are in the same file. */
  readonly otherSchema?: GraphQLSchema | null
  readonly rules: readonly ValidationRule[]
}

/** The trusted documents of the settings and of the console; null if there are none. */
export function openTrustedDocuments({
  config: { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_FILE: path },
  consoleDocuments,
  ...checks
}: Checks & {
  readonly config: Config
  readonly consoleDocuments: TrustedDocuments | null
}): TrustedDocuments | null {
  if (mode === 'off' || path === null) return consoleDocuments
  return new Map([...readTrustedDocuments(path, checks), ...(consoleDocuments ?? [])])
}

/**
 * Reads the trusted documents. Each is checked as if a client sent it: if one does not fit the schema or a limit, the
 * server does not start.
 *
 * @throws TrustedDocumentsError
 */
export function readTrustedDocuments(path: string, checks: Checks): TrustedDocuments {
  const entries = Object.entries(readManifest(path)).map(([id, text]) => [trustedDigestOf(id), text] as const)
  for (const [id, text] of entries) {
    const problem = problemOf(id, text) ?? problemInDocument(String(text), checks)
    if (problem !== null) {
      throw new TrustedDocumentsError(`document ${nameOf(id, text)} of ${path} ${problem}`)
    }
  }
  return new Map(entries as readonly (readonly [string, string])[])
}

/** Digits of a SHA-256 that are enough to tell the documents of the console apart. */
const shortDigits = 12

/** The documents, also by the first digits of their SHA-256: hashes do not compress, and the script of the console has one of each. */
export function withShortIds(documents: TrustedDocuments): TrustedDocuments {
  const short = new Map([...documents].map(([id, text]) => [id.slice(0, shortDigits), text]))
  if (short.size !== documents.size) throw new TrustedDocumentsError('two documents have one short ID')
  return new Map([...documents, ...short])
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

/** Describes a problem of an entry; null if it is a document with its hash. */
function problemOf(id: string, text: unknown): string | null {
  if (typeof text !== 'string') return 'must be a string.'
  const hash = createHash('sha256').update(text).digest('hex')
  if (hash === id) return null
  return /^[0-9a-f]{64}$/.test(id)
    ? `has another SHA-256: ${hash}.`
    : 'is not named by its SHA-256: 64 hexadecimal digits in lower case, with or without "sha256:" before them.'
}

function problemInDocument(text: string, { schema, otherSchema = null, rules }: Checks): string | null {
  if (text.length > documentLimits.length) return `has more than ${documentLimits.length} characters.`
  try {
    // The message of graphql-js may quote the document, which is the operator's own.
    const document = parse(text, { maxTokens: documentLimits.tokens })
    const [error] = validateDocument(schema, document, rules)
    if (error !== undefined && otherSchema && validateDocument(otherSchema, document, rules).length === 0)
      return null
    return error === undefined ? null : `does not fit this server: ${error.message}`
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : 'unknown error'}`
  }
}

/** The ID with the name of the first operation, by which a developer finds the document. */
function nameOf(id: string, text: unknown): string {
  const [, name] = /\b(?:query|mutation|subscription)\s+(\w+)/.exec(String(text)) ?? []
  return name === undefined ? id : `${name} (${id})`
}
