import {
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
  getOperationAST,
  type ValidationRule,
} from 'graphql'
import {
  createYoga,
  type GraphQLParams,
  type Plugin,
  type YogaInitialContext,
  type YogaServerInstance,
} from 'graphql-yoga'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import type { RequestContext } from '../../keys/rules/caller.ts'
import { eventStream } from '../answer.ts'
import { parseDocument, validateDocument } from './check-document.ts'
import { documentLimits } from './document-limits.ts'
import { type MaskOptions, maskError, maskErrors } from './mask-errors.ts'
import {
  admitOperation,
  type FindOperation,
  type KnownDocuments,
  type OperationContext,
  rememberDocuments,
  StreamNotAcceptedError,
} from './operations.ts'
import { asGraphQLError, PersistedQueryError, quoteName, RequestError } from './request-error.ts'
import { persistedHashOf, type TrustedDocuments, trustDocuments } from './trusted-documents.ts'

/** Path of the API. */
export const graphqlPath = '/graphql'

/** Path of the API for gateways whose supergraph has prefixed names; served where SUBGRAPH_PREFIX is set. */
export const subgraphPath = '/subgraph'

/** Context that the HTTP steps pass to GraphQL. The caller is known before a document is parsed. */
export interface ServerContext extends OperationContext {
  readonly call: RequestContext
}

/** Results of a subscription, one for each event. Errors in them are masked. */
export type Results = AsyncIterable<ExecutionResult>

/** The JSON value of a body; null for a body that is not JSON. */
export type SentJson = { readonly value: unknown } | null

/** Context of a request whose body is parsed. */
export interface YogaContext extends ServerContext {
  readonly sent: SentJson
  /** Receives the results of a subscription, where they are not answered as an event stream. */
  readonly onResults?: (results: Results) => void
}

/** The document is longer than the limit. */
class DocumentTooLongError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`The document has more than ${documentLimits.length} characters. Pass data in variables.`)
  }
}

/** The parts that GraphQL is answered with. */
export interface GraphQLParts extends MaskOptions {
  readonly schema: GraphQLSchema
  /** Schema of the other path, if there are two. */
  readonly otherSchema: GraphQLSchema | null
  /** Documents that are trusted beside those of the settings; null where no console is served. */
  readonly consoleDocuments: TrustedDocuments | null
  readonly createContext: (call: RequestContext) => object
  readonly config: Config
}

/** Documents and operations that are answered. */
export interface Documents {
  readonly known: KnownDocuments
  /** Null where there are no trusted documents. */
  readonly trusted: TrustedDocuments | null
  readonly rules: readonly ValidationRule[]
  readonly findOperation: FindOperation
}

/** Builds GraphQL over HTTP, with every default of yoga stated. */
export function createYogaServer(
  options: GraphQLParts,
  { known, trusted, rules, findOperation }: Documents,
): YogaServerInstance<YogaContext, object> {
  const { schema, createContext, config } = options
  return createYoga<YogaContext>({
    schema,
    context: ({ call }) => createContext(call),
    graphqlEndpoint: graphqlPath,
    plugins: [
      // Before the plugins that limit documents, so that trusted ones are limited, too.
      ...(trusted === null ? [] : [trustDocuments(trusted, config.TRUSTED_DOCUMENTS)]),
      readBodies(),
      checkDocuments(rules),
      rememberDocuments(known),
      admitOperations(findOperation),
      handOverResults(),
      maskRequestErrors(options),
    ],
    // Done by the steps of the HTTP server: JSON by POST only, of a limited size, from known callers.
    graphiql: false,
    // Those of Node, rather than ponyfills whose streams are of other classes.
    fetchAPI: { Headers, ReadableStream, Request, Response, TextEncoder },
    landingPage: false,
    cors: false,
    batching: false,
    multipart: false,
    healthCheckEndpoint: '/health-is-elsewhere',
    maxRequestBodySize: false,
    // Yoga bounds its cache by a number of documents, whatever their size.
    parserAndValidationCache: false,
    maskedErrors: {
      isDev: false,
      maskError: (error) => maskError(error, options),
    },
    logging: false,
  })
}

/** Hands the results of subscriptions over to transports other than HTTP. */
function handOverResults(): Plugin<object, YogaContext> {
  return {
    onResultProcess({ result, serverContext: { onResults }, setResultProcessor }) {
      if (onResults === undefined || !(Symbol.asyncIterator in result)) return
      const results: Results = result
      const handOver = () => {
        onResults(results)
        return new Response(null)
      }
      setResultProcessor(handOver, eventStream)
    },
  }
}

/** Reads bodies, and refuses bad ones with messages of our own. */
function readBodies(): Plugin<object, YogaContext> {
  return {
    onRequestParse({ serverContext: { sent }, setRequestParser }) {
      // The type promises valid parameters; `onParams` refuses others.
      setRequestParser(() => parametersIn(sent) as GraphQLParams)
    },
    onParams({ params }) {
      if (!params.query && persistedHashOf(params) !== null)
        throw asGraphQLError(PersistedQueryError.notSupported())
      checkParameters(params)
      if ((params.query?.length ?? 0) > documentLimits.length) {
        throw asGraphQLError(new DocumentTooLongError())
      }
    },
  }
}

const sampleBody = '{ "query": "{ viewer { projectId } }" }'
const arrayOfRequests =
  'The body must be one request, not a list of requests. Send each request by itself, or several fields under aliases in one document.'

/** Parameters of a GraphQL request. */
const parameterNames: ReadonlySet<string> = new Set(['query', 'variables', 'operationName', 'extensions'])

/**
 * The parameters in a body.
 *
 * @throws GraphQLError of the kind `body`
 */
function parametersIn(sent: SentJson): object {
  if (sent === null) throw badRequest('The body cannot be read as JSON.')
  const { value: body } = sent
  if (Array.isArray(body)) throw badRequest(arrayOfRequests)
  if (typeof body !== 'object' || body === null)
    throw badRequest(`The body must be a JSON object, such as ${sampleBody}.`)
  return body
}

/**
 * Checks names and types of parameters (GraphQL over HTTP).
 *
 * @throws GraphQLError
 */
function checkParameters(parameters: object): void {
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
  if (query === undefined || query === null)
    throw badRequest(`Must provide a document (query), such as ${sampleBody}.`)
  if (typeof query !== 'string') throw badRequest('The document (query) must be a string.')
  if (!isObjectOrNone(variables)) throw badRequest(notObject('variables', variables))
  if (!isObjectOrNone(extensions)) throw badRequest(notObject('extensions', extensions))
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') {
    throw badRequest('The name of the operation (operationName) must be a string.')
  }
}

function notObject(name: string, value: unknown): string {
  return typeof value === 'string'
    ? `The ${name} must be an object, not a string: send the JSON object itself, without JSON.stringify.`
    : `The ${name} must be an object.`
}

function isObjectOrNone(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && !Array.isArray(value))
}

function badRequest(message: string) {
  return asGraphQLError(new RequestError(message), { extensions: { http: { status: 400, spec: false } } })
}

/** Parses and validates documents within our limits. */
function checkDocuments(rules: readonly ValidationRule[]): Plugin<YogaInitialContext> {
  return {
    onParse({ context, params: { source }, setParseFn }) {
      setParseFn(() => parseDocument(typeof source === 'string' ? source : source.body))
      return ({ result }) => {
        if (result === null || result instanceof Error) return
        const { operationName } = context.params
        if (!getOperationAST(result, operationName))
          throw asGraphQLError(new RequestError(noOperation(operationName)))
      }
    },
    onValidate({ params: { schema, documentAST }, setValidationFn }) {
      setValidationFn(() => validateDocument(schema, documentAST, rules))
    },
  }
}

/** Admits operations before yoga executes them or subscribes to them. */
function admitOperations(findOperation: FindOperation): Plugin<ServerContext> {
  async function admit({ args, setResultAndStopExecution }: ToAdmit): Promise<undefined> {
    const { document, operationName, variableValues, contextValue } = args
    const operation = findOperation(document, operationName)
    if (!operation) throw new TypeError('a document without the operation is refused after parsing')
    try {
      // The document was parsed and validated in the turn before.
      await contextValue.call.loopTurn()
      args.variableValues = await admitOperation(operation, variableValues ?? {}, contextValue)
    } catch (error) {
      if (!(error instanceof KeysteadError)) throw error
      const extensions = error instanceof StreamNotAcceptedError ? { http: { status: 406, spec: false } } : {}
      setResultAndStopExecution({ errors: [asGraphQLError(error, { extensions })] })
    }
  }
  return { onExecute: admit, onSubscribe: admit }
}

/** Arguments that the hooks of executions and of subscriptions have in common. */
interface ToAdmit {
  readonly args: Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'> & {
    readonly contextValue: ServerContext
  }
  readonly setResultAndStopExecution: (result: ExecutionResult) => void
}

function noOperation(name: string | null | undefined): string {
  if (name === null || name === undefined) {
    return 'The document has several operations, or none: name one of them (operationName).'
  }
  if (name === '')
    return 'The name of the operation (operationName) is empty: send a name, null, or no operationName.'
  const quoted = quoteName(name)
  return `The document has no operation ${quoted === null ? 'of that name' : `named ${quoted}`}.`
}

/**
 * Masks all errors that yoga has not masked, such as those of validation, and limits their number in an answer and in each
 * event of a stream. Must be the last plugin.
 */
function maskRequestErrors(options: MaskOptions): Plugin {
  function masking<Result extends ExecutionResult>(result: Result): Result {
    return result.errors === undefined ? result : { ...result, errors: maskErrors(result.errors, options) }
  }
  return {
    onExecutionResult({ result, setResult }) {
      if (result !== undefined && !(Symbol.asyncIterator in result) && 'errors' in result) {
        setResult(masking(result))
      }
    },
    onSubscribe: () => ({
      onSubscribeResult: () => ({
        onNext: ({ result, setResult }) => setResult(masking(result)),
      }),
    }),
  }
}
