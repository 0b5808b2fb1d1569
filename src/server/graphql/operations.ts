import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { LRUCache } from 'lru-cache'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import { type Accepted, eventStream } from '../answer.ts'
import { noteOperation } from '../observe/request-log.ts'
import { answersIntrospection, textOfDocument } from './check-document.ts'
import { type ValueLimit, valueLimitOf } from './document-limits.ts'
import { listLimitsOf } from './list-limits.ts'
import { createVariableReader, type VariableReader, type Variables } from './variables.ts'

/** An operation of a valid document, with what follows from the document and the schema alone. */
export interface PreparedOperation {
  readonly node: OperationDefinitionNode
  readonly readVariables: VariableReader
  /** Null where no list has its size in a variable. */
  readonly limitValues: ValueLimit | null
  readonly cost: Cost
}

/** The request that an operation belongs to. */
export interface OperationContext {
  /** Charges the caller with the cost of the request. Throws if the rate limit does not allow it. */
  readonly charge: (cost: number) => Promise<void>
  readonly accepted: Accepted
  /** True where the transport has subscriptions only (WebSocket). */
  readonly onlySubscriptions?: boolean
}

/** The operation that a request picks from a valid document; null if there is no such operation. */
export type FindOperation = (
  document: DocumentNode,
  operationName: string | null | undefined,
) => PreparedOperation | null

/** A client asks for a subscription but does not accept a stream: it would stay open and unread. */
export class StreamNotAcceptedError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`A subscription is answered as a stream: send the header "Accept: ${eventStream}".`)
  }
}

/** A query or mutation over WebSocket, which would get around what is done for requests over HTTP. */
class OnlySubscriptionsError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor(operation: OperationTypeNode) {
    super(
      `Only subscriptions are answered over WebSocket. Send the ${operation} as a POST request to the same URL.`,
    )
  }
}

/** Builds the look-up of operations. Each is prepared once and kept for as long as its document. */
export function createOperations(schema: GraphQLSchema, config: Config): FindOperation {
  const prepared = new WeakMap<DocumentNode, Map<string | null, PreparedOperation>>()
  const itemsMaxOf = listLimitsOf(config)
  const showsSchema = answersIntrospection(config)

  function prepare(document: DocumentNode, node: OperationDefinitionNode): PreparedOperation {
    return {
      node,
      readVariables: createVariableReader(schema, document, node, { itemsMaxOf, showsSchema }),
      limitValues: valueLimitOf(schema, document, node),
      cost: costOf(document, node),
    }
  }

  return (document, operationName = null) => {
    const operations = prepared.get(document) ?? new Map<string | null, PreparedOperation>()
    const known = operations.get(operationName)
    if (known !== undefined) return known
    const node = getOperationAST(document, operationName)
    if (!node) return null
    const operation = prepare(document, node)
    // Bounded: only names of the document's operations, and no name, get here.
    operations.set(operationName, operation)
    prepared.set(document, operations)
    return operation
  }
}

/**
 * Admits an operation: reads its variables, checks what depends on them, and charges the caller. Nothing of the operation
 * has been done if it fails, so that it can be called again for the same request.
 *
 * @throws KeysteadError with the reason, in words for the caller
 */
export async function admitOperation(
  { node, readVariables, limitValues, cost }: PreparedOperation,
  sent: Variables,
  { charge, accepted, onlySubscriptions }: OperationContext,
): Promise<Variables> {
  noteOperation(node.operation, node.name?.value ?? null)
  if (onlySubscriptions && node.operation !== OperationTypeNode.SUBSCRIPTION) {
    throw new OnlySubscriptionsError(node.operation)
  }
  const variables = readVariables(sent)
  limitValues?.(variables)
  if (node.operation === OperationTypeNode.SUBSCRIPTION && !accepted.takesStream) {
    throw new StreamNotAcceptedError()
  }
  await charge(cost(variables))
  return variables
}

/** Characters of all documents in the cache. Parsed, each takes some 90 bytes: 45 MB. */
const charactersMax = 500_000

/** Valid documents by their text, so that each is parsed and validated once. */
export interface KnownDocuments {
  /** The parsed document; null if it is not known. */
  find(text: string): DocumentNode | null
  /** Adds a document that has passed validation. */
  add(text: string, document: DocumentNode): void
}

/** Builds the cache. Invalid documents are never in it: anyone could fill it with them. */
export function createKnownDocuments(): KnownDocuments {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: charactersMax,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  })
  return {
    find: (text) => documents.get(text) ?? null,
    add: (text, document) => void documents.set(text, document),
  }
}

/** Plugin that gives yoga known documents, and adds those that it finds valid. */
export function rememberDocuments(known: KnownDocuments): Plugin {
  return {
    onParse({ params: { source }, setParsedDocument }) {
      const document = known.find(typeof source === 'string' ? source : source.body)
      if (document !== null) setParsedDocument(document)
    },
    onValidate({ params: { documentAST }, setResult }) {
      const text = textOfDocument(documentAST)
      if (text === undefined) return
      if (known.find(text) === documentAST) return setResult([])
      return ({ valid }) => {
        if (valid) known.add(text, documentAST)
      }
    },
  }
}

/** Names of arguments and input fields whose items each cost a unit. */
const listNames: ReadonlySet<string> = new Set(['items', 'ids', 'representations'])

/** Cost of an operation in units, given its variables. */
export type Cost = (variables: Readonly<Record<string, unknown>>) => number

/**
 * Builds the cost of an operation of a valid document: one unit for each top-level field, or one for each item of a field
 * that asks for several (items of a batch, IDs, representations). Aliases and batches cost as much as single requests.
 * Fields that a directive skips count.
 *
 * The cost depends on the request alone. If it depended on a key, such as on its algorithm, it would tell callers about
 * keys that they may not see.
 */
export function costOf(document: DocumentNode, operation: OperationDefinitionNode): Cost {
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  )

  /** Top-level fields once fragments are spread. Validation has limited their number. */
  function fieldsOf({ selections }: SelectionSetNode): FieldNode[] {
    return selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection]
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet)
      const fragment = fragments.get(selection.name.value)
      return fragment === undefined ? [] : fieldsOf(fragment.selectionSet)
    })
  }

  const costs = fieldsOf(operation.selectionSet).map((field) => costOfField(field, operation))
  return (variables) => costs.reduce((sum, cost) => sum + cost(variables), 0)
}

function costOfField(field: FieldNode, operation: OperationDefinitionNode): Cost {
  const lengths = (field.arguments ?? []).map((argument) => lengthOf(argument, operation))
  return (variables) => Math.max(1, ...lengths.map((length) => length(variables)))
}

/** Number of items that an argument asks for: the length of its list, or of a list in its input. */
function lengthOf({ name, value: given }: ArgumentNode, operation: OperationDefinitionNode): Cost {
  /** The literal of the document, or the value or default of a variable. */
  function lookUp(
    node: ValueNode,
    variables: Readonly<Record<string, unknown>>,
  ): { sent: unknown } | { node: ValueNode } | null {
    if (node.kind !== Kind.VARIABLE) return { node }
    const name = node.name.value
    if (Object.hasOwn(variables, name)) return { sent: variables[name] }
    const definition = operation.variableDefinitions?.find((each) => each.variable.name.value === name)
    return definition?.defaultValue === undefined ? null : { node: definition.defaultValue }
  }

  function lengthOfList(node: ValueNode): Cost {
    return (variables) => {
      const value = lookUp(node, variables)
      if (value === null) return 1
      if ('sent' in value) return Array.isArray(value.sent) ? value.sent.length : 1
      return value.node.kind === Kind.LIST ? value.node.values.length : 1
    }
  }

  if (listNames.has(name.value)) return lengthOfList(given)
  return (variables) => {
    const value = lookUp(given, variables)
    if (value === null) return 1
    if ('sent' in value) return Math.max(1, ...[...listNames].map((field) => lengthIn(value.sent, field)))
    if (value.node.kind !== Kind.OBJECT) return 1
    const lists = value.node.fields.filter((field) => listNames.has(field.name.value))
    return Math.max(1, ...lists.map((field) => lengthOfList(field.value)(variables)))
  }
}

/** Length of a list in an input. */
function lengthIn(sent: unknown, field: string): number {
  if (typeof sent !== 'object' || sent === null || !Object.hasOwn(sent, field)) return 1
  const list = (sent as Record<string, unknown>)[field]
  return Array.isArray(list) ? list.length : 1
}
