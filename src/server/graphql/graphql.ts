import { type DocumentNode, type ExecutionResult, execute, OperationTypeNode } from 'graphql'
import { type Accepted, type Answer, eventStream, streamHeaders } from '../answer.ts'
import { documentRules } from './check-document.ts'
import { maskErrors } from './mask-errors.ts'
import {
  admitOperation,
  createKnownDocuments,
  createOperations,
  type PreparedOperation,
} from './operations.ts'
import { openTrustedDocuments, trustedDigestOf } from './trusted-documents.ts'
import type { Variables } from './variables.ts'
import {
  createYogaServer,
  type GraphQLParts,
  graphqlPath,
  type Results,
  type SentJson,
  type ServerContext,
  type YogaContext,
} from './yoga.ts'

/** A request to the API whose body has been read. */
export interface GraphQLRequest {
  readonly body: Buffer
  readonly context: ServerContext
}

/** A request for a subscription that came over WebSocket: the parameters of a request over HTTP. */
export interface SubscribeRequest {
  readonly parameters: unknown
  readonly context: ServerContext
}

/** A subscription that has begun. */
export interface Subscribed {
  readonly status: 200
  readonly results: Results
}

/** Answers GraphQL requests. */
export interface GraphQL {
  answer(request: GraphQLRequest): Promise<Answer>
  /** Begins a subscription, or resolves to the answer that refuses it. */
  subscribe(request: SubscribeRequest): Promise<Subscribed | Answer>
}

/** Longest body that is parsed without waiting for a turn on the event loop, in bytes. */
const shortBodyBytes = 16_384

/** The body of most requests: a document or the ID of a trusted one, variables, and the name of an operation. */
interface PlainRequest {
  readonly query: string | null
  readonly documentId: string | null
  readonly variables: Variables
  readonly operationName: string | null
}

/** A plain request for an operation of a known document. */
interface KnownRequest {
  readonly document: DocumentNode
  readonly operation: PreparedOperation
  readonly plain: PlainRequest
}

/**
 * Builds the parts that answer GraphQL. Operations of known documents, which are nearly all, are executed
 * at once: for a short operation, yoga's hooks cost more than the work itself. Yoga answers everything else: new documents,
 * mistakes, streams. Both ways admit operations with the same function and give the same answers.
 */
export function createGraphQL(parts: GraphQLParts): GraphQL {
  const rules = documentRules(parts.config)
  const trusted = openTrustedDocuments({ ...parts, rules })
  const known = createKnownDocuments()
  const findOperation = createOperations(parts.schema, parts.config)
  const yoga = createYogaServer(parts, { known, trusted, rules, findOperation })

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
      // An error of the request is an event like any other.
      return {
        status: status < 500 ? 200 : status,
        headers: streamHeaders,
        body: response.body && withoutFirstComment(response.body),
      }
    }
    const retryAfter = response.headers.get('retry-after')
    return {
      status,
      // Only these of yoga's headers: framing is decided where the answer is sent.
      headers: {
        'content-type': contentTypeOf(context.accepted),
        ...(retryAfter !== null && { 'retry-after': retryAfter }),
      },
      body: await response.text(),
    }
  }

  /** The text of the document that a request asks for; null where yoga has to refuse it. */
  function textOf({ query, documentId }: PlainRequest): string | null {
    if (documentId === null) return parts.config.TRUSTED_DOCUMENTS === 'only' ? null : query
    return query === null ? (trusted?.get(trustedDigestOf(documentId)) ?? null) : null
  }

  function findKnown({ accepted, sent }: YogaContext): KnownRequest | null {
    const plain = accepted.result === eventStream ? null : readPlainRequest(sent?.value)
    const text = plain && textOf(plain)
    const document = text === null ? null : known.find(text)
    const operation = document && plain && findOperation(document, plain.operationName)
    if (!operation || operation.node.operation === OperationTypeNode.SUBSCRIPTION) return null
    return { document, operation, plain }
  }

  /** The result; null if the operation was not admitted or could not begin, so that nothing was done. */
  async function executeKnown(
    { document, operation, plain }: KnownRequest,
    context: ServerContext,
    waitIfLong: () => Promise<void>,
  ): Promise<ExecutionResult | null> {
    // Yoga meets the same error again, and answers with it.
    const variableValues = await admitOperation(operation, plain.variables, context).catch(() => null)
    if (variableValues === null) return null
    await waitIfLong()
    const { data, errors } = await execute({
      schema: parts.schema,
      document,
      operationName: plain.operationName,
      variableValues,
      contextValue: parts.createContext(context.call),
    })
    if (data === undefined) return null
    return errors === undefined ? { data } : { errors: maskErrors(errors, parts), data }
  }

  async function answer({ body, context: serverContext }: GraphQLRequest): Promise<Answer> {
    const { loopTurn } = serverContext.call
    const isLong = body.length > shortBodyBytes
    const waitIfLong = async () => {
      if (isLong) await loopTurn()
    }
    await waitIfLong()
    const context = { ...serverContext, sent: parseJson(body) }
    const found = findKnown(context)
    if (found === null || isLong) await loopTurn()
    const result = found && (await executeKnown(found, context, waitIfLong))
    if (result === null) return answerByYoga(context)
    const headers = { 'content-type': contentTypeOf(context.accepted) }
    return { status: 200, headers, body: JSON.stringify(result) }
  }

  async function subscribe({ parameters, context }: SubscribeRequest): Promise<Subscribed | Answer> {
    await context.call.loopTurn()
    const begun: { results?: Results } = {}
    const onResults = (results: Results) => {
      begun.results = results
    }
    const refusal = await answerByYoga({
      ...context,
      onlySubscriptions: true,
      sent: { value: parameters },
      onResults,
    })
    return begun.results === undefined ? refusal : { status: 200, results: begun.results }
  }

  return { answer, subscribe }
}

const encodedComment = ':\n\n'

/**
 * Leaves out the comment with which yoga begins a stream: some clients take it for the end. Later ones, which keep the
 * connection alive, come after the first event, which a subscription sends at once.
 */
function withoutFirstComment(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  let isFirst = true
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const isComment = isFirst && Buffer.from(chunk).toString() === encodedComment
        isFirst = false
        if (!isComment) controller.enqueue(chunk)
      },
    }),
  )
}

function contentTypeOf({ result }: Accepted): string {
  return `${result}; charset=utf-8`
}

/** An Accept header that leaves yoga no choice: one media type for results, and streams where the client accepts them. */
function acceptForYoga({ result, takesStream }: Accepted): string {
  return takesStream && result !== eventStream ? `${result}, ${eventStream}` : result
}

/** Not JSON, but some clients send it. */
const byteOrderMark = 0xfeff

/** Parses a body. */
function parseJson(body: Buffer): SentJson {
  try {
    const text = body.toString()
    return { value: JSON.parse(text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text) }
  } catch {
    return null
  }
}

const plainNames: ReadonlySet<string> = new Set(['query', 'documentId', 'variables', 'operationName'])

/** Reads a body that holds nothing but these members; null for any other body, which yoga reads or refuses. */
function readPlainRequest(sent: unknown): PlainRequest | null {
  if (!isObject(sent) || !Object.keys(sent).every((name) => plainNames.has(name))) return null
  const { query = null, documentId = null, variables = null, operationName = null } = sent
  if (!isStringOrNull(query) || !isStringOrNull(documentId) || !isStringOrNull(operationName)) return null
  if (variables !== null && !isObject(variables)) return null
  return { query, documentId, variables: variables ?? {}, operationName }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isStringOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}
