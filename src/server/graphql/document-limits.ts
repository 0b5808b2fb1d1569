import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type TypeNode,
  type ValidationContext,
} from 'graphql'
import { asGraphQLError, RequestError } from './request-error.ts'

/** Limits of a document, so that a short request cannot ask for a very long answer. */
export const documentLimits = {
  /** Characters. */
  length: 20_000,
  /** Lexical tokens. */
  tokens: 4000,
  /** Fields inside fields. */
  depth: 15,
  /** Fields of all selections together, once fragments are spread. */
  fields: 2000,
  /** Values in the answer: fields, multiplied by the sizes of the lists around them. */
  values: 50_000,
  /** Fields of a mutation. The batch forms do many operations in one field. */
  mutations: 20,
  /** Top-level fields of a query. */
  queries: 50,
  /** Fields `totalCount`. Inside a list, one counts for all items. */
  counts: 50,
  /** Fields that are expensive for the database. */
  expensive: 20,
  /** Fields of bytes: three for each mutation of a full document, or the details of twelve pages of events. */
  bytes: 60,
} as const

/** Measures of a selection once its fragments are spread. */
interface Size {
  readonly depth: number
  readonly fields: number
  readonly values: number
  /** Fields on its own level. */
  readonly breadth: number
  /** Fields `totalCount`. The domain counts once for all items of a list. */
  readonly counts: number
  /** Fields of {@link expensiveFields}. */
  readonly expensive: number
  /** Fields of bytes and long strings, which aliases could repeat many times. */
  readonly bytes: number
}

const zero: Size = {
  depth: 0,
  fields: 0,
  values: 0,
  breadth: 0,
  counts: 0,
  expensive: 0,
  bytes: 0,
}
const infinite: Size = {
  depth: Number.POSITIVE_INFINITY,
  fields: Number.POSITIVE_INFINITY,
  values: Number.POSITIVE_INFINITY,
  breadth: Number.POSITIVE_INFINITY,
  counts: Number.POSITIVE_INFINITY,
  expensive: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
}

/** Fields that take several statements, read the audit trail, or read all role bindings of the project. */
const expensiveFields: ReadonlySet<string> = new Set([
  'destroyImpact',
  'explainAccess',
  'explainMyAccess',
  'roleBindings',
  'usageByCaller',
])

/** Page sizes without `first`, and with `first` in a variable, where the maximum is assumed. */
const pageSizes = { default: 20, max: 200 } as const

/** Context for measuring a selection. */
interface MeasureContext {
  readonly schema: GraphQLSchema
  readonly fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined
  /** Number of items of the list in a variable. */
  readonly itemsIn: (variable: string) => number
}

/** Argument of `_entities`. Gateways send the list in a variable. */
const representations = 'representations'

/** Number of representations that `_entities` is asked for; null for other fields. */
function representationsOf(field: FieldNode, { itemsIn }: MeasureContext): number | null {
  if (field.name.value !== '_entities') return null
  const value = field.arguments?.find(({ name }) => name.value === representations)?.value
  if (value?.kind === Kind.VARIABLE) return itemsIn(value.name.value)
  return value?.kind === Kind.LIST ? value.values.length : 1
}

/** Most items that a field can return: fields with `first` are pages, and `ids` gives one item for each ID. */
function itemsOf(field: FieldNode, pages: ReadonlySet<string>): number {
  const values = (field.arguments ?? []).filter(({ name }) => ['first', 'last', 'ids'].includes(name.value))
  const sizes = values.map(({ value }) => {
    if (value.kind === Kind.INT) return Math.min(Number(value.value), pageSizes.max)
    return value.kind === Kind.LIST ? value.values.length : pageSizes.max
  })
  if (sizes.length > 0) return Math.max(...sizes)
  if (field.name.value === changedKeys.name) return changedKeys.max
  if (accessLists.names.has(field.name.value)) return accessLists.counted
  return pages.has(field.name.value) ? pageSizes.default : 1
}

/** A list without an argument for its size; the domain returns at most this many. */
const changedKeys = { name: 'changedKeys', max: 100 } as const

/**
 * Access lists are short, but may have 1000 entries. Counting 1000 would refuse a page of keys with their lists. Counting 1
 * would let a page repeat each list a hundred times.
 */
const accessLists = { names: new Set(['allowedSubjects', 'accessList']), counted: 30 } as const

/** A string that can hold the names of a whole access list, once for each audit event of a page. */
const details = { name: 'details', counted: 5 } as const

/** Names of fields that count for more than one because of their type. */
interface CountedFields {
  readonly pages: ReadonlySet<string>
  readonly bytes: ReadonlySet<string>
}

const countedFieldsOfSchemas = new WeakMap<GraphQLSchema, CountedFields>()

function countedFieldsOf(schema: GraphQLSchema): CountedFields {
  const known = countedFieldsOfSchemas.get(schema)
  if (known !== undefined) return known
  const fields = Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .flatMap((type) => Object.values(type.getFields()))
  const namesWhere = (counts: (field: (typeof fields)[number]) => boolean) =>
    new Set(fields.filter(counts).map(({ name }) => name))
  const counted = {
    pages: namesWhere(({ args }) => args.some(({ name }) => name === 'first')),
    bytes: namesWhere(({ type }) => getNamedType(type).name === 'Base64'),
  }
  countedFieldsOfSchemas.set(schema, counted)
  return counted
}

/** Builds the function that measures selections. Each fragment is measured once, so that the time is linear in the document. */
function createMeasure(context: MeasureContext): (selections: SelectionSetNode) => Size {
  const measured = new Map<string, Size | 'measuring'>()
  const { pages, bytes } = countedFieldsOf(context.schema)

  function bytesCountOf(name: string): number {
    if (name === details.name) return details.counted
    return bytes.has(name) ? 1 : 0
  }

  function sizeOfFragment(name: string): Size {
    const known = measured.get(name)
    // A fragment that spreads itself: a rule of GraphQL refuses it, and this must not recurse without end.
    if (known === 'measuring') return infinite
    if (known !== undefined) return known
    const fragment = context.fragmentOf(name)
    if (!fragment) return zero
    measured.set(name, 'measuring')
    const size = sizeOf(fragment.selectionSet)
    measured.set(name, size)
    return size
  }

  function sizeOfField(field: FieldNode): Size {
    const inner = field.selectionSet === undefined ? zero : sizeOf(field.selectionSet)
    // At least 1: 0 times infinity is NaN.
    const items = Math.max(1, representationsOf(field, context) ?? itemsOf(field, pages))
    const name = field.name.value
    return {
      depth: inner.depth + 1,
      fields: inner.fields + 1,
      values: 1 + items * inner.values,
      breadth: 1,
      counts: inner.counts + (name === 'totalCount' ? 1 : 0),
      expensive: inner.expensive + (expensiveFields.has(name) ? 1 : 0),
      bytes: inner.bytes + bytesCountOf(name),
    }
  }

  function sizeOf(selections: SelectionSetNode): Size {
    let sum = zero
    for (const selection of selections.selections) {
      const size =
        selection.kind === Kind.FIELD
          ? sizeOfField(selection)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? sizeOfFragment(selection.name.value)
            : sizeOf(selection.selectionSet)
      sum = {
        depth: Math.max(sum.depth, size.depth),
        fields: sum.fields + size.fields,
        values: sum.values + size.values,
        breadth: sum.breadth + size.breadth,
        counts: sum.counts + size.counts,
        expensive: sum.expensive + size.expensive,
        bytes: sum.bytes + size.bytes,
      }
    }
    return sum
  }

  return sizeOf
}

export const tooManyTokens = `The document has more than ${documentLimits.tokens} tokens. Pass data in variables, and repeated selections in fragments.`

/** Message for the limits of graphql-js itself, which no option changes: comparisons of fields and spreads of fragments. */
export const tooManySteps =
  'The document takes too many steps to check: at most 500000 comparisons of repeated fields, and 50000 spreads of fragments. Select each field once, or under aliases, and send one operation.'

const tooManyValues = `The document asks for more than ${documentLimits.values} values. Ask for smaller pages (first), or for fewer lists inside lists.`

/** Validation rule: the document stays within {@link documentLimits}, as far as that does not depend on variables. */
export function documentLimitsRule(context: ValidationContext): ASTVisitor {
  const sizeOf = createMeasure({
    schema: context.getSchema(),
    fragmentOf: (name) => context.getFragment(name),
    // Counted by `representationLimitOf`: the result of validation is cached for all variables.
    itemsIn: () => 1,
  })
  function refuse(isBeyond: boolean, message: string): void {
    if (isBeyond) context.reportError(asGraphQLError(new RequestError(message)))
  }

  return {
    OperationDefinition({ operation, selectionSet }) {
      const { depth, fields, values, breadth, counts, expensive, bytes } = sizeOf(selectionSet)
      refuse(
        depth > documentLimits.depth,
        `The document is nested more than ${documentLimits.depth} fields deep.`,
      )
      refuse(
        fields > documentLimits.fields,
        `The document selects more than ${documentLimits.fields} fields.`,
      )
      refuse(values > documentLimits.values, tooManyValues)
      refuse(
        counts > documentLimits.counts,
        `The document asks for more than ${documentLimits.counts} counts (totalCount).`,
      )
      refuse(
        expensive > documentLimits.expensive,
        `The document has more than ${documentLimits.expensive} of the fields ${[...expensiveFields].join(', ')}.`,
      )
      refuse(
        bytes > documentLimits.bytes,
        `The document has more than ${documentLimits.bytes} fields of bytes. Select each once, not under aliases.`,
      )
      refuse(
        operation === OperationTypeNode.QUERY && breadth > documentLimits.queries,
        `A request may have at most ${documentLimits.queries} top-level fields.`,
      )
      refuse(
        operation === OperationTypeNode.MUTATION && breadth > documentLimits.mutations,
        `A request may have at most ${documentLimits.mutations} mutations; use the batch forms.`,
      )
    },
  }
}

/** Throws a RequestError if an operation asks for too many values with these variables. */
export type RepresentationLimit = (variables: Readonly<Record<string, unknown>>) => void

/** Builds the limit on the representations of an operation of a valid document; null if it has none in a variable. */
export function representationLimitOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): RepresentationLimit | null {
  if (!operation.variableDefinitions?.some(({ type }) => namedTypeOf(type) === '_Any')) return null
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  )
  return (variables) => {
    const sizeOf = createMeasure({
      schema,
      fragmentOf: (name) => fragments.get(name),
      itemsIn: (variable) => itemsInVariable(operation, variable, variables[variable]),
    })
    if (sizeOf(operation.selectionSet).values > documentLimits.values) throw new RequestError(tooManyValues)
  }
}

function namedTypeOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)
}

/** GraphQL reads a single value as a list of one, and a missing value as the default. */
function itemsInVariable(operation: OperationDefinitionNode, variable: string, value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (value !== undefined) return 1
  const definition = operation.variableDefinitions?.find((each) => each.variable.name.value === variable)
  return definition?.defaultValue?.kind === Kind.LIST ? definition.defaultValue.values.length : 1
}
