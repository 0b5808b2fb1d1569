import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValueNode,
} from 'graphql'
import { asGraphQLError, RequestError } from './request-error.ts'
import type { Variables } from './variables.ts'

/** Limits of a document, so that a short request cannot ask for a very long answer. */
export const documentLimits = {
  /** Characters. */
  length: 20_000,
  /** Lexical tokens. */
  tokens: 4000,
  /** Fields inside fields. */
  depth: 15,
  /** Fields `ofType` inside each other that do not count as depth: tools ask for up to ten, whatever the schema has. */
  typeDepth: 12,
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
  /** Fields that are expensive for the database, such as counts of a list with a filter. */
  expensive: 20,
  /** Fields of bytes: three for each mutation of a full document, or the details of twelve pages of events. */
  bytes: 60,
} as const

/** Measures of a selection once its fragments are spread. */
interface Size {
  readonly depth: number
  /** Fields `ofType` inside each other. */
  readonly typeDepth: number
  readonly fields: number
  /** Values outside of {@link lists}. */
  readonly values: number
  /** Lists whose sizes are in variables. */
  readonly lists: readonly SizedList[]
  /** Fields on its own level. */
  readonly breadth: number
  /** Fields `totalCount`. The domain counts once for all items of a list. */
  readonly counts: number
  /** Those of them on its own level. */
  readonly ownCounts: number
  /** Fields of {@link expensiveFields}, and counts of lists with a filter. */
  readonly expensive: number
  /** Fields of bytes and long strings, which aliases could repeat many times. */
  readonly bytes: number
}

/** A list whose size is in a variable. */
interface SizedList {
  readonly items: ItemsIn
  readonly inner: Pick<Size, 'values' | 'lists'>
  /** Items of the lists around it, as far as their sizes are not in variables. */
  readonly times: number
}

/** Number of items of a list, given variables. */
type ItemsIn = (variables: Variables) => number

const zero: Size = {
  depth: 0,
  typeDepth: 0,
  fields: 0,
  values: 0,
  lists: [],
  breadth: 0,
  counts: 0,
  ownCounts: 0,
  expensive: 0,
  bytes: 0,
}
const infinite: Size = {
  depth: Number.POSITIVE_INFINITY,
  typeDepth: Number.POSITIVE_INFINITY,
  fields: Number.POSITIVE_INFINITY,
  values: Number.POSITIVE_INFINITY,
  lists: [],
  breadth: Number.POSITIVE_INFINITY,
  counts: Number.POSITIVE_INFINITY,
  ownCounts: Number.POSITIVE_INFINITY,
  expensive: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
}

/** Fields that take several statements, read the audit trail, or read all keys or role bindings of the project. */
const expensiveFields: ReadonlySet<string> = new Set([
  'destroyImpact',
  'explainAccess',
  'explainMyAccess',
  'roleBindings',
  'usageByCaller',
  'usageSeries',
  'userKeyCounts',
])

/** Page sizes without `first` and `last`, and at most. */
const pageSizes = { default: 20, max: 200 } as const

/** Context for measuring a selection. */
interface MeasureContext {
  readonly schema: GraphQLSchema
  readonly fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined
}

/**
 * Arguments for the size of a list: `first` and `last` by their value, lists by their length, since each item gives one.
 * Sizes beyond what a list allows are refused when the field is answered, and count as much as it allows.
 */
const sizeArguments: ReadonlySet<string> = new Set(['first', 'last', 'ids', 'representations'])

/** Most items that a field can return: a number, or a function of variables. */
function itemsOf(field: FieldNode, { pages, changeBatches }: CountedFields): number | ItemsIn {
  const itemsMax = changeBatches.get(field.name.value)
  if (itemsMax !== undefined) return itemsMax

  const given = (field.arguments ?? []).filter(({ name }) => sizeArguments.has(name.value))
  const otherwise = itemsWithoutSize(field.name.value, pages)
  const sizes = given.flatMap(({ value }) => (value.kind === Kind.VARIABLE ? [] : (sizeIn(value) ?? [])))
  const variables = given.flatMap(({ value }) => (value.kind === Kind.VARIABLE ? [value.name.value] : []))
  if (variables.length === 0) return largest(sizes, otherwise)
  return (values) =>
    largest([...sizes, ...variables.flatMap((name) => sizeOfValue(valueIn(values, name)) ?? [])], otherwise)
}

/** Value of a variable; undefined if it is absent, also where it is called as what each object has (`constructor`). */
function valueIn(values: Variables, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

/** At least 1: 0 times infinity is NaN. */
function largest(sizes: readonly number[], otherwise: number): number {
  return Math.max(1, ...(sizes.length > 0 ? sizes : [otherwise]))
}

/** Items of a list whose size is not given. */
function itemsWithoutSize(name: string, pages: ReadonlySet<string>): number {
  if (name === changedKeys.name) return changedKeys.max
  if (accessLists.names.has(name)) return accessLists.counted
  return pages.has(name) ? pageSizes.default : 1
}

/** Size that a literal asks for; null if it is null. */
function sizeIn(value: ValueNode): number | null {
  if (value.kind === Kind.INT) return sizeOfValue(Number(value.value))
  if (value.kind === Kind.LIST) return value.values.length
  return value.kind === Kind.NULL ? null : 1
}

/** Size that the value of a variable asks for; null if there is none. GraphQL reads a single value as a list of one. */
function sizeOfValue(value: unknown): number | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'number') return Math.min(value, pageSizes.max)
  return Array.isArray(value) ? value.length : 1
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

/** Fields for which a value is decrypted, besides its bytes. */
const decryptingFields: ReadonlySet<string> = new Set(['text', 'failure'])

/** Scalars of values that can be long. */
const longScalars: ReadonlySet<string> = new Set(['Base64', 'JSON'])

/** Names of fields that count for more than one. */
interface CountedFields {
  readonly pages: ReadonlySet<string>
  /** Most items of batches that answer with a whole key for each. */
  readonly changeBatches: ReadonlyMap<string, number>
  readonly bytes: ReadonlySet<string>
  readonly expensive: ReadonlySet<string>
}

/** The name of a field and its most items, if an argument is a batch of changes: the limit of these is no setting. */
function changesIn(name: string, { type }: GraphQLArgument): [string, number][] {
  const input = getNamedType(type)
  const itemsMax = isInputObjectType(input) ? input.getFields()['items']?.extensions.itemsMax : undefined
  return typeof itemsMax === 'number' ? [[name, itemsMax]] : []
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
    changeBatches: new Map(fields.flatMap(({ name, args }) => args.flatMap((arg) => changesIn(name, arg)))),
    bytes: namesWhere(
      ({ name, type }) => decryptingFields.has(name) || longScalars.has(getNamedType(type).name),
    ),
    expensive: namesWhere(({ name, extensions }) =>
      expensiveFields.has(extensions.nameWithoutPrefix ?? name),
    ),
  }
  countedFieldsOfSchemas.set(schema, counted)
  return counted
}

/** Whether a list has a filter, or a variable for one: what matches it is counted row by row. */
function isFiltered({ arguments: args = [] }: FieldNode): boolean {
  return args.some(({ name, value }) => name.value === 'filter' && value.kind !== Kind.NULL)
}

/** Builds the function that measures selections. Each fragment is measured once, so that the time is linear in the document. */
function createMeasure(context: MeasureContext): (selections: SelectionSetNode) => Size {
  const measured = new Map<string, Size | 'measuring'>()
  const counted = countedFieldsOf(context.schema)
  const { bytes, expensive } = counted

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
    const items = itemsOf(field, counted)
    const isReferred = (field.arguments ?? []).some((argument) => argument.name.value === 'representations')
    const name = field.name.value
    const countsOfFilter = isFiltered(field) ? inner.ownCounts : 0
    const isFree = name === 'ofType' && inner.typeDepth < documentLimits.typeDepth
    return {
      depth: inner.depth + (isFree ? 0 : 1),
      typeDepth: inner.typeDepth + (name === 'ofType' ? 1 : 0),
      fields: inner.fields + 1,
      ...multiplied(isReferred ? withFailures(inner) : inner, items),
      breadth: 1,
      counts: inner.counts + (name === 'totalCount' ? 1 : 0),
      ownCounts: name === 'totalCount' ? 1 : 0,
      expensive: inner.expensive + (expensive.has(name) ? 1 : 0) + countsOfFilter,
      bytes: inner.bytes + bytesCountOf(name),
    }
  }

  function sizeOf(selections: SelectionSetNode): Size {
    let sum = zero
    const lists: SizedList[] = []
    for (const selection of selections.selections) {
      const size =
        selection.kind === Kind.FIELD
          ? sizeOfField(selection)
          : selection.kind === Kind.FRAGMENT_SPREAD
            ? sizeOfFragment(selection.name.value)
            : sizeOf(selection.selectionSet)
      sum = {
        depth: Math.max(sum.depth, size.depth),
        typeDepth: Math.max(sum.typeDepth, size.typeDepth),
        fields: sum.fields + size.fields,
        values: sum.values + size.values,
        lists,
        breadth: sum.breadth + size.breadth,
        counts: sum.counts + size.counts,
        ownCounts: sum.ownCounts + size.ownCounts,
        expensive: sum.expensive + size.expensive,
        bytes: sum.bytes + size.bytes,
      }
      // Fragments inside fragments could repeat lists without end. Beyond the limit, the document is refused anyway.
      if (sum.fields <= documentLimits.fields) lists.push(...size.lists)
    }
    return sum
  }

  return sizeOf
}

/**
 * Bytes of a representation are read or decrypted for each field, and each can fail with an error of its own, which takes
 * ten times as long as a value.
 */
function withFailures({ values, bytes, lists }: Size): Pick<Size, 'values' | 'lists'> {
  return { values: values + 9 * bytes, lists }
}

/** Values of a list of so many items, and of the field itself. */
function multiplied(
  inner: Pick<Size, 'values' | 'lists'>,
  items: number | ItemsIn,
): Pick<Size, 'values' | 'lists'> {
  if (typeof items === 'function') return { values: 1, lists: [{ items, inner, times: 1 }] }
  return {
    values: 1 + items * inner.values,
    lists: inner.lists.map((list) => ({ ...list, times: items * list.times })),
  }
}

/** Values with these variables; without any, the fewest that there can be. */
function valuesOf({ values, lists }: Pick<Size, 'values' | 'lists'>, variables: Variables | null): number {
  return lists.reduce(
    (sum, { items, inner, times }) =>
      sum + times * (variables === null ? 1 : items(variables)) * valuesOf(inner, variables),
    values,
  )
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
  })
  function refuse(isBeyond: boolean, message: string): void {
    if (isBeyond) context.reportError(asGraphQLError(new RequestError(message)))
  }

  return {
    OperationDefinition({ operation, selectionSet }) {
      const size = sizeOf(selectionSet)
      const { depth, fields, breadth, counts, expensive, bytes } = size
      refuse(
        depth > documentLimits.depth,
        `The document is nested more than ${documentLimits.depth} fields deep.`,
      )
      refuse(
        fields > documentLimits.fields,
        `The document selects more than ${documentLimits.fields} fields.`,
      )
      // The result of validation is cached for all variables: with them, `valueLimitOf` counts again.
      refuse(valuesOf(size, null) > documentLimits.values, tooManyValues)
      refuse(
        counts > documentLimits.counts,
        `The document asks for more than ${documentLimits.counts} counts (totalCount).`,
      )
      refuse(
        expensive > documentLimits.expensive,
        `The document has more than ${documentLimits.expensive} of the fields ${[...expensiveFields].join(', ')}, and totalCount of a list with a filter.`,
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

/** Throws a RequestError if an operation asks for too many values with these variables, which have been read. */
export type ValueLimit = (variables: Variables) => void

/**
 * Builds the limit on the values of an operation of a valid document; null if no list has its size in a variable. The
 * document is measured once: each request only multiplies the sizes of these lists.
 */
export function valueLimitOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): ValueLimit | null {
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  )
  const sizeOf = createMeasure({ schema, fragmentOf: (name) => fragments.get(name) })
  const size = sizeOf(operation.selectionSet)
  if (size.lists.length === 0) return null
  return (variables) => {
    if (valuesOf(size, variables) > documentLimits.values) throw new RequestError(tooManyValues)
  }
}
