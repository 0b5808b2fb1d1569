import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

/** What every request costs, whatever it is: taken as soon as it is known who asks. */
export const requestCost = 1

/** A request to work out the cost of: its document, which of its operations, and its variables as they came. */
export interface CostedRequest {
  readonly document: DocumentNode
  readonly operationName?: string | null | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/** Arguments that list what is asked for, and fields of an input that do. */
const listNames: ReadonlySet<string> = new Set(['items', 'ids', 'representations'])

/**
 * What a valid request costs: one unit for each field on its first level, and for a field that is asked for several
 * things at once (items of a batch, IDs, representations) one for each of them. Whoever asks for many things under many
 * aliases, or in a batch, pays as if they were asked for one by one. Fields that a directive leaves out count.
 *
 * It is worked out from the request alone: what depended on a key, such as its algorithm, would tell callers about keys
 * that they may not see.
 */
export function costOf({ document, operationName, variables }: CostedRequest): number {
  const operation = getOperationAST(document, operationName)
  if (!operation) return requestCost
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  )
  const lengthOf = createLengthOf(operation, variables)
  const costs = new Map<string, number>()

  function costOfFragment(name: string): number {
    const known = costs.get(name)
    if (known !== undefined) return known
    const fragment = fragments.get(name)
    const cost = fragment === undefined ? 0 : costOfSelections(fragment.selectionSet)
    costs.set(name, cost)
    return cost
  }

  function costOfSelections({ selections }: SelectionSetNode): number {
    let sum = 0
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) sum += costOfField(selection, lengthOf)
      else if (selection.kind === Kind.FRAGMENT_SPREAD) sum += costOfFragment(selection.name.value)
      else sum += costOfSelections(selection.selectionSet)
    }
    return sum
  }

  return Math.max(requestCost, costOfSelections(operation.selectionSet))
}

function costOfField(field: FieldNode, lengthOf: (argument: ArgumentNode) => number): number {
  return Math.max(1, ...(field.arguments ?? []).map(lengthOf))
}

/** How many things an argument asks for: the length of the list that it is, or that its input has. */
function createLengthOf(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): (argument: ArgumentNode) => number {
  /** A value of the document, unless it is a variable: then what the client sent, or the default. */
  function lookUp(node: ValueNode): { sent: unknown } | { node: ValueNode } | null {
    if (node.kind !== Kind.VARIABLE) return { node }
    const name = node.name.value
    if (Object.hasOwn(variables, name)) return { sent: variables[name] }
    const definition = operation.variableDefinitions?.find((each) => each.variable.name.value === name)
    return definition?.defaultValue === undefined ? null : { node: definition.defaultValue }
  }

  function lengthOfList(node: ValueNode): number {
    const value = lookUp(node)
    if (value === null) return 1
    if ('sent' in value) return Array.isArray(value.sent) ? value.sent.length : 1
    return value.node.kind === Kind.LIST ? value.node.values.length : 1
  }

  return ({ name, value: given }) => {
    if (listNames.has(name.value)) return lengthOfList(given)
    const value = lookUp(given)
    if (value === null) return 1
    if ('sent' in value) return Math.max(1, ...[...listNames].map((field) => lengthIn(value.sent, field)))
    if (value.node.kind !== Kind.OBJECT) return 1
    return Math.max(
      1,
      ...value.node.fields.map((field) => (listNames.has(field.name.value) ? lengthOfList(field.value) : 1)),
    )
  }
}

/** The length of a list in an input that a client sent, which can be anything. */
function lengthIn(sent: unknown, field: string): number {
  if (typeof sent !== 'object' || sent === null || !Object.hasOwn(sent, field)) return 1
  const list = (sent as Record<string, unknown>)[field]
  return Array.isArray(list) ? list.length : 1
}
