import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  type OperationDefinitionNode,
  OperationTypeNode,
} from 'graphql'
import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import { type Accepted, eventStream } from '../media-type.ts'
import { noteOperation } from '../observe/request-log.ts'
import { type Cost, costOf } from './cost.ts'
import { type RepresentationLimit, representationLimitOf } from './document-limits.ts'
import { listLimitsOf } from './list-limits.ts'
import { createVariableReader, type VariableReader, type Variables } from './variables.ts'

/** An operation of a valid document, with what follows from the document and the schema alone. */
export interface Operation {
  readonly node: OperationDefinitionNode
  readonly readVariables: VariableReader
  /** Null where the operation asks for no representations. */
  readonly limitRepresentations: RepresentationLimit | null
  readonly cost: Cost
}

/** The request that an operation belongs to. */
export interface OperationContext {
  /** Charges the caller with the cost of the request. Throws if the rate limit does not allow it. */
  readonly charge: (cost: number) => Promise<void>
  readonly accepted: Accepted
}

/** The operation that a request picks from a valid document; null if there is no such operation. */
export type FindOperation = (
  document: DocumentNode,
  operationName: string | null | undefined,
) => Operation | null

/** A client asks for a subscription but does not accept a stream: it would stay open and unread. */
export class StreamNotAcceptedError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`A subscription is answered as a stream: send the header "Accept: ${eventStream}".`)
  }
}

/** Builds the look-up of operations. Each is prepared once and kept for as long as its document. */
export function createOperations(schema: GraphQLSchema, config: Config): FindOperation {
  const prepared = new WeakMap<DocumentNode, Map<string | null, Operation>>()
  const itemsMaxOf = listLimitsOf(config)

  function prepare(document: DocumentNode, node: OperationDefinitionNode): Operation {
    return {
      node,
      readVariables: createVariableReader(schema, document, node, itemsMaxOf),
      limitRepresentations: representationLimitOf(schema, document, node),
      cost: costOf(document, node),
    }
  }

  return (document, operationName = null) => {
    const operations = prepared.get(document) ?? new Map<string | null, Operation>()
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
  { node, readVariables, limitRepresentations, cost }: Operation,
  sent: Variables,
  { charge, accepted }: OperationContext,
): Promise<Variables> {
  noteOperation(node.operation, node.name?.value ?? null)
  const variables = readVariables(sent)
  limitRepresentations?.(variables)
  if (node.operation === OperationTypeNode.SUBSCRIPTION && !accepted.takesStream) {
    throw new StreamNotAcceptedError()
  }
  await charge(cost(variables))
  return variables
}
