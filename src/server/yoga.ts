import {
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type ValidationRule,
} from 'graphql'
import { createYoga, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga'
import type { Config } from '../config.ts'
import { KeysteadError } from '../errors.ts'
import type { Call } from '../keys/caller.ts'
import type { Log } from '../log.ts'
import { costOf } from './cost.ts'
import { documentRules } from './document-rules.ts'
import { StreamNotTakenError, takesEventStream } from './event-stream.ts'
import { checkRepresentations, documentLimits } from './limits.ts'
import { type MaskOptions, maskError } from './mask-errors.ts'
import { noteOperation } from './request-facts.ts'
import { trustDocuments } from './trusted-documents.ts'
import { readTrustedDocuments } from './trusted-documents-file.ts'

/** Where GraphQL is. */
export const graphqlPath = '/graphql'

/** What the HTTP steps hand to GraphQL: the caller is known before a document is parsed. */
export interface ServerContext {
  readonly call: Call
  /** Takes from the caller what the request costs; throws if that is not there. */
  readonly charge: (cost: number) => Promise<void>
}

/** The document is longer than any that a person or a program writes. */
class DocumentTooLongError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`The document has more than ${documentLimits.length} characters. Pass data in variables.`)
  }
}

/** GraphQL over HTTP with every default stated. */
export function createGraphQL(options: {
  schema: GraphQLSchema
  createContext: (call: Call) => object
  config: Config
  log: Log
  explain: MaskOptions['explain']
}): YogaServerInstance<ServerContext, object> {
  const { schema, createContext, config } = options
  const rules = documentRules(config)
  return createYoga<ServerContext>({
    schema,
    context: ({ call }) => createContext(call),
    graphqlEndpoint: graphqlPath,
    plugins: [
      ...trustedDocuments({ schema, config, rules }),
      limitDocuments(rules),
      refuseUnreadStreams(),
      chargeCallers(),
      maskRequestErrors(options),
    ],
    // The steps in front do these: JSON by POST only, of a limited size, from known callers.
    graphiql: false,
    landingPage: false,
    cors: false,
    batching: false,
    multipart: false,
    healthCheckEndpoint: '/health-is-elsewhere',
    maxRequestBodySize: false,
    // One entry per document text; a document is limited in size, so the cache is too.
    parserAndValidationCache: true,
    maskedErrors: {
      isDev: false,
      maskError: (error) => maskError(error, options),
    },
    logging: false,
  })
}

/** In front of what limits documents, which then limits trusted ones, too. */
function trustedDocuments(options: {
  schema: GraphQLSchema
  config: Config
  rules: readonly ValidationRule[]
}): Plugin[] {
  const { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_FILE: path } = options.config
  if (mode === 'off' || path === null) return []
  return [trustDocuments(readTrustedDocuments(path, options), { only: mode === 'only' })]
}

/** Limits what is parsed, and what the parsed document may mean. */
function limitDocuments(rules: readonly ValidationRule[]): Plugin {
  return {
    onParams({ params }) {
      if ((params.query?.length ?? 0) > documentLimits.length) {
        const error = new DocumentTooLongError()
        throw new GraphQLError(error.message, { originalError: error })
      }
    },
    onParse({ params, parseFn, setParseFn }) {
      const { source } = params
      setParseFn(() => parseFn(source, { maxTokens: documentLimits.tokens }))
    },
    onValidate({ addValidationRule }) {
      for (const rule of rules) addValidationRule(rule)
    },
    onExecute({ args: { schema, document, operationName, variableValues }, setResultAndStopExecution }) {
      const operation = getOperationAST(document, operationName)
      if (operation) noteOperation(operation.operation, operation.name?.value ?? null)
      const error = checkRepresentations(schema, document, { operationName, variables: variableValues ?? {} })
      if (error !== null) setResultAndStopExecution({ errors: [error] })
    },
  }
}

/** Charges a valid request to its caller before any of it is done. */
function chargeCallers(): Plugin<ServerContext> {
  return { onExecute: charge, onSubscribe: charge }
}

async function charge({ args, setResultAndStopExecution }: ToCharge): Promise<undefined> {
  const { document, operationName, variableValues, contextValue } = args
  try {
    await contextValue.charge(costOf({ document, operationName, variables: variableValues ?? {} }))
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
function refuseUnreadStreams(): Plugin<YogaInitialContext> {
  return {
    onSubscribe({ args: { document, operationName, contextValue }, setResultAndStopExecution }) {
      const operation = getOperationAST(document, operationName)
      if (operation) noteOperation(operation.operation, operation.name?.value ?? null)
      if (takesEventStream(contextValue.request.headers.get('accept'))) return
      const error = new StreamNotTakenError()
      setResultAndStopExecution({ errors: [new GraphQLError(error.message, { originalError: error })] })
    },
  }
}

/** Yoga masks what is thrown, but not what validation finds; this is the last step, and masks whatever is not yet. */
function maskRequestErrors(options: MaskOptions): Plugin {
  return {
    onExecutionResult({ result, setResult }) {
      if (result === undefined || Symbol.asyncIterator in result || !('errors' in result)) return
      setResult({ ...result, errors: result.errors?.map((error) => maskError(error, options)) })
    },
  }
}
