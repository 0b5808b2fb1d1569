import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

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
