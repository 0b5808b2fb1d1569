import { usePersistedOperations } from '@graphql-yoga/plugin-persisted-operations'
import { GraphQLError } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'
import { type ErrorCode, KeysteadError } from '../../errors.ts'
import type { TrustedDocuments } from './trusted-documents-file.ts'

/** The request asks for a document that is not trusted. */
class UntrustedDocumentError extends KeysteadError {
  readonly code: ErrorCode = 'UNTRUSTED_DOCUMENT'
}

/** The request says in no way what it asks for. */
class NoDocumentError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super('Must provide a document (query), or the ID of a trusted one (documentId).')
  }
}

/**
 * Lets requests name a trusted document by its ID. A document is put in the place of its ID before anything is parsed,
 * so that it is limited, validated and charged like any other.
 *
 * @param only whether no other documents are answered
 */
export function trustDocuments(documents: TrustedDocuments, options: { only: boolean }): Plugin {
  return usePersistedOperations({
    getPersistedOperation: (id) => documents.get(id) ?? null,
    extractPersistedOperationId: (params) => documentIdOf(params),
    allowArbitraryOperations: !options.only,
    // Not without validation although it was done at start: what was found is remembered anyway.
    skipDocumentValidation: false,
    customErrors: {
      notFound: () => refusal(new UntrustedDocumentError('The server trusts no document with this ID.')),
      keyNotFound: () => refusal(new NoDocumentError()),
      persistedQueryOnly: () =>
        refusal(
          new UntrustedDocumentError(
            'The server answers only documents that its operator trusts: send the ID of one (documentId), and no query.',
          ),
        ),
    },
  })
}

/** As GraphQL over HTTP has it (Appendix A, Persisted Documents), or as clients of Apollo send it. */
function documentIdOf(params: GraphQLParams): string | null {
  const { documentId, extensions } = params as { documentId?: unknown; extensions?: unknown }
  if (typeof documentId === 'string') return digestIn(documentId)
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: unknown }
  const { sha256Hash } = (persistedQuery ?? {}) as { sha256Hash?: unknown }
  return typeof sha256Hash === 'string' ? sha256Hash : null
}

/** The digest by which a document is known, of its ID. */
export function digestIn(documentId: string): string {
  return documentId.startsWith('sha256:') ? documentId.slice('sha256:'.length) : documentId
}

function refusal(error: KeysteadError): GraphQLError {
  return new GraphQLError(error.message, {
    originalError: error,
    // Also for clients that do not know `application/graphql-response+json`: there is nothing that could be executed.
    extensions: { http: { status: 400 } },
  })
}
