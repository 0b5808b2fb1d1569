import {
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql'

/** Limits of a document, so that a short request cannot mean a long answer. */
export const documentLimits = {
  /** Characters. */
  length: 20_000,
  /** Lexical tokens. */
  tokens: 4000,
  /** Fields inside fields. */
  depth: 15,
  /** Fields that all selections have together once fragments are spread. */
  fields: 2000,
  /** Fields of a mutation; the batch forms do many operations in one. */
  mutations: 20,
} as const

/** Measures of a selection once its fragments are spread. */
interface Size {
  readonly depth: number
  readonly fields: number
}

const endless: Size = { depth: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY }

/**
 * Validation rule: the document stays within {@link documentLimits}. Each fragment is measured once however often it is
 * spread, so that measuring costs no more than reading.
 */
export function documentLimitsRule(context: ValidationContext): ASTVisitor {
  const measured = new Map<string, Size | 'measuring'>()

  function sizeOfFragment(name: string): Size {
    const known = measured.get(name)
    // A fragment inside itself: a rule of GraphQL refuses it, here it only must not run on for ever.
    if (known === 'measuring') return endless
    if (known !== undefined) return known
    const fragment: FragmentDefinitionNode | null | undefined = context.getFragment(name)
    if (!fragment) return { depth: 0, fields: 0 }
    measured.set(name, 'measuring')
    const size = sizeOf(fragment.selectionSet)
    measured.set(name, size)
    return size
  }

  function sizeOfField(field: FieldNode): Size {
    if (field.selectionSet === undefined) return { depth: 1, fields: 1 }
    const inner = sizeOf(field.selectionSet)
    return { depth: inner.depth + 1, fields: inner.fields + 1 }
  }

  function sizeOf(selections: SelectionSetNode): Size {
    let depth = 0
    let fields = 0
    for (const selection of selections.selections) {
      const size =
        selection.kind === Kind.FIELD
          ? sizeOfField(selection)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? sizeOfFragment(selection.name.value)
            : sizeOf(selection.selectionSet)
      depth = Math.max(depth, size.depth)
      fields += size.fields
    }
    return { depth, fields }
  }

  function countRootFields(selections: SelectionSetNode, seen: readonly string[] = []): number {
    let count = 0
    for (const selection of selections.selections) {
      if (selection.kind === Kind.FIELD) count++
      else if (selection.kind === Kind.INLINE_FRAGMENT) count += countRootFields(selection.selectionSet, seen)
      else if (!seen.includes(selection.name.value)) {
        const fragment = context.getFragment(selection.name.value)
        if (fragment) count += countRootFields(fragment.selectionSet, [...seen, selection.name.value])
      }
      if (count > documentLimits.mutations) break
    }
    return count
  }

  return {
    OperationDefinition(operation) {
      const { depth, fields } = sizeOf(operation.selectionSet)
      if (depth > documentLimits.depth) {
        context.reportError(
          new GraphQLError(`The document is nested more than ${documentLimits.depth} fields deep.`),
        )
      }
      if (fields > documentLimits.fields) {
        context.reportError(
          new GraphQLError(`The document selects more than ${documentLimits.fields} fields.`),
        )
      }
      if (
        operation.operation === OperationTypeNode.MUTATION &&
        countRootFields(operation.selectionSet) > documentLimits.mutations
      ) {
        context.reportError(
          new GraphQLError(
            `A request may have at most ${documentLimits.mutations} mutations; use the batch forms.`,
          ),
        )
      }
    },
  }
}
