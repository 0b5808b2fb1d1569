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

/** Arguments that list what is asked for, and fields of an input that do. */
const listNames: ReadonlySet<string> = new Set(['items', 'ids', 'representations'])

/** What a request costs, by its variables as they came. */
export type Cost = (variables: Readonly<Record<string, unknown>>) => number

/**
 * What valid requests for an operation of a document cost: one unit for each field on its first level, and for a field
 * that is asked for several things at once (items of a batch, IDs, representations) one for each of them. Whoever asks
 * for many things under many aliases, or in a batch, pays as if they were asked for one by one. Fields that a directive
 * leaves out count.
 *
 * It is worked out from the request alone: what depended on a key, such as its algorithm, would tell callers about keys
 * that they may not see.
 */
export function costOf(document: DocumentNode, operationName: string | null | undefined): Cost {
  const operation = getOperationAST(document, operationName)
  if (!operation) return () => requestCost
  const fragments = new Map(
    document.definitions.flatMap((each): [string, FragmentDefinitionNode][] =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  )

  /** Not more than a document may have there: who asks for the cost has limited that. */
  function fieldsOf({ selections }: SelectionSetNode): FieldNode[] {
    return selections.flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection]
      if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet)
      const fragment = fragments.get(selection.name.value)
      return fragment === undefined ? [] : fieldsOf(fragment.selectionSet)
    })
  }

  const costs = fieldsOf(operation.selectionSet).map((field) => costOfField(field, operation))
  return (variables) =>
    Math.max(
      requestCost,
      costs.reduce((sum, cost) => sum + cost(variables), 0),
    )
}

function costOfField(field: FieldNode, operation: OperationDefinitionNode): Cost {
  const lengths = (field.arguments ?? []).map((argument) => lengthOf(argument, operation))
  return (variables) => Math.max(1, ...lengths.map((length) => length(variables)))
}

/** How many things an argument asks for: the length of the list that it is, or that its input has. */
function lengthOf({ name, value: given }: ArgumentNode, operation: OperationDefinitionNode): Cost {
  /** A value of the document, unless it is a variable: then what the client sent, or the default. */
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

/** The length of a list in an input that a client sent, which can be anything. */
function lengthIn(sent: unknown, field: string): number {
  if (typeof sent !== 'object' || sent === null || !Object.hasOwn(sent, field)) return 1
  const list = (sent as Record<string, unknown>)[field]
  return Array.isArray(list) ? list.length : 1
}
