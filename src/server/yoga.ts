import {
  type ASTVisitor,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type ValidationContext,
} from 'graphql'
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga'
import type { Config } from '../config.ts'
import { KeysteadError } from '../errors.ts'
import type { Call } from '../keys/caller.ts'
import type { Log } from '../log.ts'
import { costOf } from './cost.ts'
import { checkRepresentations, documentLimits, documentLimitsRule } from './limits.ts'
import { maskError } from './mask-errors.ts'
import { noteOperation } from './request-facts.ts'

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
}): YogaServerInstance<ServerContext, object> {
  const { schema, createContext, config, log } = options
  const introspection =
    config.INTROSPECTION === 'on' || (config.INTROSPECTION === 'auto' && config.developmentMode)
  return createYoga<ServerContext>({
    schema,
    context: ({ call }) => createContext(call),
    graphqlEndpoint: graphqlPath,
    plugins: [limitDocuments(introspection), chargeCallers(), maskRequestErrors(log)],
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
      maskError: (error) => maskError(error, log),
    },
    logging: false,
  })
}

/** Limits what is parsed, and what the parsed document may mean. */
function limitDocuments(introspection: boolean): Plugin {
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
      addValidationRule(documentLimitsRule)
      if (introspection) return
      addValidationRule(NoSchemaIntrospectionCustomRule)
      addValidationRule(noSubgraphSdlRule)
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
  return {
    async onExecute({ args, setResultAndStopExecution }) {
      const { document, operationName, variableValues, contextValue } = args
      try {
        await contextValue.charge(costOf({ document, operationName, variables: variableValues ?? {} }))
      } catch (error) {
        if (!(error instanceof KeysteadError)) throw error
        setResultAndStopExecution({
          errors: [new GraphQLError(error.message, { originalError: error })],
        })
      }
    },
  }
}

/** Validation rule: the schema as a subgraph is refused like introspection, since it says the same. */
function noSubgraphSdlRule(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      if (node.name.value !== '_service') return
      const message = 'GraphQL introspection is not allowed, and "_service" says the same.'
      context.reportError(new GraphQLError(message, { nodes: node }))
    },
  }
}

/** Yoga masks what is thrown, but not what validation finds; this is the last step, and masks whatever is not yet. */
function maskRequestErrors(log: Log): Plugin {
  return {
    onExecutionResult({ result, setResult }) {
      if (result === undefined || Symbol.asyncIterator in result || !('errors' in result)) return
      setResult({ ...result, errors: result.errors?.map((error) => maskError(error, log)) })
    },
  }
}
