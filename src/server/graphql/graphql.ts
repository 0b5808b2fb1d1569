import { type ExecutionResult, execute, OperationTypeNode, type ValidationRule } from 'graphql'
import type { Answer } from '../http/answer.ts'
import { streamHeaders } from '../http/event-stream.ts'
import { type Accepted, eventStream } from '../http/media-type.ts'
import { noteOperation } from '../observe/request-facts.ts'
import { documentRules } from './document-rules.ts'
import { createKnownDocuments, type KnownOperation } from './known-documents.ts'
import { checkRepresentations } from './limits.ts'
import { listLimitsOf } from './list-limits.ts'
import { maskErrors } from './mask-errors.ts'
import { type PlainRequest, readPlainRequest } from './plain-request.ts'
import { RequestError } from './request-errors.ts'
import { parseJson } from './request-parameters.ts'
import { digestIn } from './trusted-documents.ts'
import { readTrustedDocuments, type TrustedDocuments } from './trusted-documents-file.ts'
import { createVariableReader, type Variables } from './variables.ts'
import {
  createServerOfYoga,
  type GraphQLParts,
  graphqlPath,
  type ServerContext,
  type YogaContext,
} from './yoga.ts'

/** A request as it came from its client. */
export interface GraphQLRequest {
  readonly body: Buffer
  readonly context: ServerContext
}

/** Bytes of a body up to which it is parsed at once. */
const shortBodyBytes = 16_384

/** A known operation whose variables are read. */
interface AdmittedOperation extends KnownOperation {
  readonly variables: Variables
}

/**
 * Builds what answers GraphQL over HTTP. Yoga answers whatever has to be looked at: documents that come for the first
 * time, mistakes, streams. A request for a document that was valid before is executed without that detour, and answered
 * as yoga would: nearly all are such requests, and a short operation is less work than what leads to it.
 */
export function createGraphQL(parts: GraphQLParts): (request: GraphQLRequest) => Promise<Answer> {
  const rules = documentRules(parts.config)
  const trusted = openTrustedDocuments(parts, rules)
  const known = createKnownDocuments()
  const readVariables = createVariableReader(parts.schema, listLimitsOf(parts.config))
  const yoga = createServerOfYoga(parts, { known, trusted, rules, readVariables })

  async function answerByYoga(context: YogaContext): Promise<Answer> {
    const request = new yoga.fetchAPI.Request(`http://localhost${graphqlPath}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: acceptForYoga(context.accepted) },
      // Parsed already.
      body: '{}',
    })
    const response = await yoga.fetch(request, context)
    const { status } = response
    if (response.headers.get('content-type')?.startsWith(eventStream)) {
      return { status, headers: streamHeaders, body: response.body }
    }
    const retryAfter = response.headers.get('retry-after')
    return {
      status,
      // Of yoga's headers only these: how an answer is framed is decided where it is sent.
      headers: {
        'content-type': contentTypeOf(context.accepted),
        ...(retryAfter !== null && { 'retry-after': retryAfter }),
      },
      body: await response.text(),
    }
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

  return async ({ body, context }) => {
    const { accepted } = context
    const isLong = body.length > shortBodyBytes
    if (isLong) await context.loopTurn()
    const sent = parseJson(body)
    const plain = accepted.result === eventStream ? null : readPlainRequest(sent?.value)
    const found = plain === null ? null : findKnown(plain)
    if (plain === null || found === null) {
      if (!isLong) await context.loopTurn()
      return answerByYoga({ ...context, sent })
    }
    const charged = context.charge(found.cost(plain.variables))
    const isPaid = await charged.then(
      () => true,
      () => false,
    )
    const result = isPaid ? await executeKnown(found, plain, context) : null
    if (result !== null) {
      return {
        status: 200,
        headers: { 'content-type': contentTypeOf(accepted) },
        body: JSON.stringify(result),
      }
    }
    // Nothing was done, and what has to be said is yoga's to say.
    return answerByYoga({ ...context, sent, charge: () => charged })
  }
}

function contentTypeOf({ result }: Accepted): string {
  return `${result}; charset=utf-8`
}

/** An Accept header that leaves yoga no choice: results of one type, and streams where the client takes them. */
function acceptForYoga({ result, takesStream }: Accepted): string {
  return takesStream && result !== eventStream ? `${result}, ${eventStream}` : result
}

/** The documents that an operator trusts, which are checked before the server starts. */
function openTrustedDocuments(
  { schema, config }: GraphQLParts,
  rules: readonly ValidationRule[],
): TrustedDocuments | null {
  const { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_FILE: path } = config
  return mode === 'off' || path === null ? null : readTrustedDocuments(path, { schema, rules })
}
