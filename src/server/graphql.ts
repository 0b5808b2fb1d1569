import { type ExecutionResult, execute, OperationTypeNode, type ValidationRule } from 'graphql'
import { LRUCache } from 'lru-cache'
import type { Answer } from './answer.ts'
import { documentRules } from './document-rules.ts'
import { streamHeaders } from './event-stream.ts'
import { createKnownDocuments, type KnownOperation } from './known-documents.ts'
import { checkRepresentations } from './limits.ts'
import { listLimitsOf } from './list-limits.ts'
import { maskErrors } from './mask-errors.ts'
import { type PlainRequest, readPlainRequest } from './plain-request.ts'
import { RequestError } from './request-errors.ts'
import { noteOperation } from './request-facts.ts'
import { digestIn } from './trusted-documents.ts'
import { readTrustedDocuments, type TrustedDocuments } from './trusted-documents-file.ts'
import { createVariableReader, type Variables } from './variables.ts'
import { createServerOfYoga, type GraphQLParts, graphqlPath, type ServerContext } from './yoga.ts'

/** A request as it came from its client. */
export interface GraphQLRequest {
  readonly body: Buffer
  /** The Accept header. */
  readonly accept: string | null
  readonly context: ServerContext
}

/** A known operation whose variables are read. */
interface AdmittedOperation extends KnownOperation {
  readonly variables: Variables
}

/** Most Accept headers of which is remembered what they mean. */
const acceptsMax = 100

/**
 * Builds what answers GraphQL over HTTP. Yoga answers whatever has to be looked at: documents that come for the first
 * time, mistakes, subscriptions. A request for a document that was valid before, from a client that accepts what others
 * did, is executed without that detour, and answered as yoga would: nearly all are such requests, and a short operation
 * is less work than what leads to it.
 */
export function createGraphQL(parts: GraphQLParts): (request: GraphQLRequest) => Promise<Answer> {
  const rules = documentRules(parts.config)
  const trusted = openTrustedDocuments(parts, rules)
  const known = createKnownDocuments()
  const readVariables = createVariableReader(parts.schema, listLimitsOf(parts.config))
  const yoga = createServerOfYoga(parts, { known, trusted, rules, readVariables })
  // What yoga answered with, so that there is one place where it is decided.
  const mediaTypes = new LRUCache<string, string>({ max: acceptsMax })

  async function answerByYoga({ body, accept, context }: GraphQLRequest): Promise<Answer> {
    const request = new yoga.fetchAPI.Request(`http://localhost${graphqlPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(accept !== null && { accept }) },
      body: new Uint8Array(body),
    })
    const response = await yoga.fetch(request, context)
    const { status } = response
    const mediaType = response.headers.get('content-type') ?? ''
    if (mediaType.startsWith('text/event-stream')) {
      return { status, headers: streamHeaders, body: response.body }
    }
    if (status === 200 && mediaType !== '') mediaTypes.set(accept ?? '', mediaType)
    return { status, headers: Object.fromEntries(response.headers), body: await response.text() }
  }

  /** The document that a request asks for; null where yoga has to say whether it may. */
  function textOf({ query, documentId }: PlainRequest): string | null {
    if (documentId === null) return parts.config.TRUSTED_DOCUMENTS === 'only' ? null : query
    return query === null ? (trusted?.get(digestIn(documentId)) ?? null) : null
  }

  function findKnown(request: PlainRequest): AdmittedOperation | null {
    const text = textOf(request)
    const found = text === null ? null : known.find(text, request.operationName)
    if (found === null || found.operation.operation === OperationTypeNode.SUBSCRIPTION) return null
    try {
      const variables = readVariables(found.document, found.operation, request.variables)
      return checkRepresentations(parts.schema, found.document, request) === null
        ? { ...found, variables }
        : null
    } catch (error) {
      if (error instanceof RequestError) return null
      throw error
    }
  }

  /** The result with data; null if there is none, since the operation could not begin. */
  async function executeKnown(
    { document, operation, variables }: AdmittedOperation,
    { operationName }: PlainRequest,
    { call }: ServerContext,
  ): Promise<ExecutionResult | null> {
    noteOperation(operation.operation, operation.name?.value ?? null)
    const result = await execute({
      schema: parts.schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: parts.createContext(call),
    })
    if (result.data === undefined) return null
    const { data, errors } = result
    return errors === undefined ? { data } : { errors: maskErrors(errors, parts), data }
  }

  return async (request) => {
    const mediaType = mediaTypes.get(request.accept ?? '')
    const plain = mediaType === undefined ? null : readPlainRequest(request.body)
    const found = plain === null ? null : findKnown(plain)
    if (mediaType === undefined || plain === null || found === null) return answerByYoga(request)
    const charged = request.context.charge(found.cost(plain.variables))
    const isPaid = await charged.then(
      () => true,
      () => false,
    )
    const result = isPaid ? await executeKnown(found, plain, request.context) : null
    if (result !== null) {
      return { status: 200, headers: { 'content-type': mediaType }, body: JSON.stringify(result) }
    }
    // Nothing was done, and what has to be said is yoga's to say.
    return answerByYoga({ ...request, context: { ...request.context, charge: () => charged } })
  }
}

/** The documents that an operator trusts, which are checked before the server starts. */
function openTrustedDocuments(
  { schema, config }: GraphQLParts,
  rules: readonly ValidationRule[],
): TrustedDocuments | null {
  const { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_FILE: path } = config
  return mode === 'off' || path === null ? null : readTrustedDocuments(path, { schema, rules })
}
