import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
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
import type { Call } from '../../keys/rules/caller.ts'
import { StreamNotTakenError } from '../http/event-stream.ts'
import type { Accepted } from '../http/media-type.ts'
import { noteOperation } from '../observe/request-facts.ts'
import { parseDocument, validateDocument } from './check-document.ts'
import { costOf } from './cost.ts'
import { type KnownDocuments, rememberDocuments } from './known-documents.ts'
import { checkRepresentations, documentLimits } from './limits.ts'
import { type MaskOptions, maskError, maskErrors } from './mask-errors.ts'
import { asGraphQLError, quoteName, RequestError } from './request-errors.ts'
import { checkParameters, parametersIn, type SentJson } from './request-parameters.ts'
import { trustDocuments } from './trusted-documents.ts'
import type { TrustedDocuments } from './trusted-documents-file.ts'
import type { ReadVariables } from './variables.ts'

/** Where GraphQL is. */
export const graphqlPath = '/graphql'

/** What the HTTP steps hand to GraphQL: the caller is known before a document is parsed. */
export interface ServerContext {
  readonly call: Call
  /** Takes from the caller what the request costs; throws if that is not there. */
  readonly charge: (cost: number) => Promise<void>
  readonly accepted: Accepted
  /** Resolves when a step that takes long may run; see `LoopTurns`. */
  readonly loopTurn: () => Promise<void>
}

/** What the steps in front of yoga hand to it. */
export interface YogaContext extends ServerContext {
  readonly sent: SentJson
}

/** The document is longer than any that a person or a program writes. */
class DocumentTooLongError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`The document has more than ${documentLimits.length} characters. Pass data in variables.`)
  }
}

/** What GraphQL is answered from. */
export interface GraphQLParts extends MaskOptions {
  readonly schema: GraphQLSchema
  readonly createContext: (call: Call) => object
  readonly config: Config
}

/** GraphQL over HTTP with every default stated. */
export function createServerOfYoga(
  options: GraphQLParts,
  { known, trusted, rules, readVariables }: Documents,
): YogaServerInstance<YogaContext, object> {
  const { schema, createContext, config } = options
  return createYoga<YogaContext>({
    schema,
    context: ({ call }) => createContext(call),
    graphqlEndpoint: graphqlPath,
    plugins: [
      // In front of what limits documents, which then limits trusted ones, too.
      ...(trusted === null ? [] : [trustDocuments(trusted, { only: config.TRUSTED_DOCUMENTS === 'only' })]),
      readBodies(),
      checkDocuments(rules),
      rememberDocuments(known),
      admitOperations(readVariables),
      refuseUnreadStreams(),
      chargeCallers(),
      maskRequestErrors(options),
    ],
    // The steps in front do these: JSON by POST only, of a limited size, from known callers.
    graphiql: false,
    // Node's own, rather than replacements whose streams are not those of the rest.
    fetchAPI: { Headers, ReadableStream, Request, Response, TextEncoder },
    landingPage: false,
    cors: false,
    batching: false,
    multipart: false,
    healthCheckEndpoint: '/health-is-elsewhere',
    maxRequestBodySize: false,
    // Its cache would be bounded by a number of documents, whatever their size.
    parserAndValidationCache: false,
    maskedErrors: {
      isDev: false,
      maskError: (error) => maskError(error, options),
    },
    logging: false,
  })
}

/** Which documents are answered. */
export interface Documents {
  readonly known: KnownDocuments
  /** Null where documents need not be on a list, and cannot be asked for by their place on it. */
  readonly trusted: TrustedDocuments | null
  readonly rules: readonly ValidationRule[]
  readonly readVariables: ReadVariables
}

/** Reads bodies, and says what is wrong with them, in our own words. */
function readBodies(): Plugin<object, YogaContext> {
  return {
    onRequestParse({ serverContext: { sent }, setRequestParser }) {
      // Parsers of parameters are typed for what is right only; what is not is refused further below.
      setRequestParser(() => parametersIn(sent) as GraphQLParams)
    },
    onParams({ params }) {
      checkParameters(params)
      if ((params.query?.length ?? 0) > documentLimits.length) {
        const error = new DocumentTooLongError()
        throw new GraphQLError(error.message, { originalError: error })
      }
    },
  }
}

/** Limits what is parsed, and what the parsed document may mean. */
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

/** Lets an operation begin once there is one, and its variables are read. */
function admitOperations(readVariables: ReadVariables): Plugin {
  function admit({ args, setResultAndStopExecution }: ToAdmit): undefined {
    const { schema, document, operationName, variableValues } = args
    const operation = getOperationAST(document, operationName)
    if (!operation)
      throw new TypeError('a document without this operation is refused as soon as it is parsed')
    try {
      noteOperation(operation.operation, operation.name?.value ?? null)
      args.variableValues = readVariables(document, operation, variableValues ?? {})
    } catch (error) {
      if (!(error instanceof RequestError)) throw error
      setResultAndStopExecution({ errors: [asGraphQLError(error)] })
      return
    }
    const error = checkRepresentations(schema, document, { operationName, variables: args.variableValues })
    if (error !== null) setResultAndStopExecution({ errors: [error] })
  }
  return { onExecute: admit, onSubscribe: admit }
}

/** What is handed to both hooks, of requests that are executed and of those that are subscribed to. */
interface ToAdmit {
  readonly args: Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'>
  readonly setResultAndStopExecution: (result: ExecutionResult) => void
}

function noOperation(name: string | null | undefined): string {
  if (name === null || name === undefined) {
    return 'The document has several operations, or none: say which one (operationName).'
  }
  const quoted = quoteName(name)
  return `The document has no operation ${quoted === null ? 'of that name' : `named ${quoted}`}.`
}

/** Charges a valid request to its caller before any of it is done. */
function chargeCallers(): Plugin<ServerContext> {
  return { onExecute: charge, onSubscribe: charge }
}

async function charge({ args, setResultAndStopExecution }: ToCharge): Promise<undefined> {
  const { document, operationName, variableValues, contextValue } = args
  try {
    await contextValue.charge(costOf(document, operationName)(variableValues ?? {}))
  } catch (error) {
    if (!(error instanceof KeysteadError)) throw error
    setResultAndStopExecution({
      errors: [new GraphQLError(error.message, { originalError: error })],
    })
  }
}

/** What is handed to both hooks, of requests that are executed and of those that are subscribed to. */
interface ToCharge {
  readonly args: Pick<ExecutionArgs, 'document' | 'operationName' | 'variableValues'> & {
    readonly contextValue: Pick<ServerContext, 'charge'>
  }
  readonly setResultAndStopExecution: (result: ExecutionResult) => void
}

/** Opens streams only for clients that read them: for others one would stay open and unread. */
function refuseUnreadStreams(): Plugin<ServerContext> {
  return {
    onSubscribe({ args: { contextValue }, setResultAndStopExecution }) {
      if (contextValue.accepted.takesStream) return
      const originalError = new StreamNotTakenError()
      const extensions = { http: { status: 406 } }
      setResultAndStopExecution({
        errors: [new GraphQLError(originalError.message, { originalError, extensions })],
      })
    },
  }
}

/**
 * Yoga masks what is thrown, but not what validation finds; this is the last step, and masks whatever is not yet. It also
 * limits how many errors there are, in an answer and in each event of a stream.
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
