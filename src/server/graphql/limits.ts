import {
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
  type TypeNode,
  type ValidationContext,
} from 'graphql'
import { asGraphQLError, RequestError } from './request-errors.ts'

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
  /** Values that the answer may have: fields, times the sizes of the lists around them. */
  values: 50_000,
  /** Fields of a mutation; the batch forms do many operations in one. */
  mutations: 20,
  /** Fields of a query on its first level. */
  queries: 50,
  /** Lists that are counted (`totalCount`); inside a list, one for all its items. */
  counts: 50,
  /** Fields that each ask the database much. */
  questions: 20,
  /** Fields of bytes: three for each of as many mutations as there can be, or the details of twelve pages of events. */
  bytes: 60,
} as const

/** Measures of a selection once its fragments are spread. */
interface Size {
  readonly depth: number
  readonly fields: number
  readonly values: number
  /** Fields on its own level. */
  readonly breadth: number
  /** `totalCount`; the domain counts for all items of a list at once. */
  readonly counts: number
  /** Fields of {@link askingMuch}. */
  readonly questions: number
  /** Fields of bytes and long texts: under aliases, a short document would mean a very long answer. */
  readonly bytes: number
}

const nothing: Size = {
  depth: 0,
  fields: 0,
  values: 0,
  breadth: 0,
  counts: 0,
  questions: 0,
  bytes: 0,
}
const endless: Size = {
  depth: Number.POSITIVE_INFINITY,
  fields: Number.POSITIVE_INFINITY,
  values: Number.POSITIVE_INFINITY,
  breadth: Number.POSITIVE_INFINITY,
  counts: Number.POSITIVE_INFINITY,
  questions: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
}

/** Fields that cost several statements, or a walk over what was recorded. */
const askingMuch: ReadonlySet<string> = new Set(['destroyImpact', 'explainAccess', 'usageByCaller'])

/** Items of a page where the document does not say, and where only a variable says: the most that there can be. */
const pageSizes = { default: 20, max: 200 } as const

/** What a document is measured with besides itself. */
interface Surroundings {
  readonly schema: GraphQLSchema
  readonly fragmentOf: (name: string) => FragmentDefinitionNode | null | undefined
  /** How many items the list in a variable has. */
  readonly itemsIn: (variable: string) => number
}

/** What gateways ask for is a list in a variable, as long as their own documents make it. */
const representations = 'representations'

/** Representations that `_entities` is asked for; null for another field. */
function representationsOf(field: FieldNode, { itemsIn }: Surroundings): number | null {
  if (field.name.value !== '_entities') return null
  const value = field.arguments?.find(({ name }) => name.value === representations)?.value
  if (value?.kind === Kind.VARIABLE) return itemsIn(value.name.value)
  return value?.kind === Kind.LIST ? value.values.length : 1
}

/** Items that a field may answer with: fields that take `first` are pages, and `ids` is a list of as many. */
function itemsOf(field: FieldNode, pages: ReadonlySet<string>): number {
  const values = (field.arguments ?? []).filter(({ name }) => ['first', 'last', 'ids'].includes(name.value))
  const sizes = values.map(({ value }) => {
    if (value.kind === Kind.INT) return Math.min(Number(value.value), pageSizes.max)
    return value.kind === Kind.LIST ? value.values.length : pageSizes.max
  })
  if (sizes.length > 0) return Math.max(...sizes)
  if (field.name.value === changedKeys.name) return changedKeys.max
  if (field.name.value === allowedSubjects.name) return allowedSubjects.counted
  return pages.has(field.name.value) ? pageSizes.default : 1
}

/** A list whose length is nobody's choice; the domain fills it with so many at most. */
const changedKeys = { name: 'changedKeys', max: 100 } as const

/**
 * Access lists have few entries, but may have 1000. To count so many would refuse a page of keys with their lists, and to
 * count one would let a page have each list a hundred times.
 */
const allowedSubjects = { name: 'allowedSubjects', counted: 30 } as const

/** A text that may hold the names of a whole access list, on each of a page of audit events. */
const details = { name: 'details', counted: 5 } as const

/** Names of fields that count for more than one, by what they answer with. */
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

/**
 * Measures selections. Each fragment is measured once however often it is spread, so that measuring costs no more than
 * reading.
 */
function createMeasure(surroundings: Surroundings): (selections: SelectionSetNode) => Size {
  const measured = new Map<string, Size | 'measuring'>()
  const { pages, bytes } = countedFieldsOf(surroundings.schema)

  function bytesCountOf(name: string): number {
    if (name === details.name) return details.counted
    return bytes.has(name) ? 1 : 0
  }

  function sizeOfFragment(name: string): Size {
    const known = measured.get(name)
    // A fragment inside itself: a rule of GraphQL refuses it, here it only must not run on for ever.
    if (known === 'measuring') return endless
    if (known !== undefined) return known
    const fragment = surroundings.fragmentOf(name)
    if (!fragment) return nothing
    measured.set(name, 'measuring')
    const size = sizeOf(fragment.selectionSet)
    measured.set(name, size)
    return size
  }

  function sizeOfField(field: FieldNode): Size {
    const inner = field.selectionSet === undefined ? nothing : sizeOf(field.selectionSet)
    // Not 0 times endless, which is no number.
    const items = Math.max(1, representationsOf(field, surroundings) ?? itemsOf(field, pages))
    const name = field.name.value
    return {
      depth: inner.depth + 1,
      fields: inner.fields + 1,
      values: 1 + items * inner.values,
      breadth: 1,
      counts: inner.counts + (name === 'totalCount' ? 1 : 0),
      questions: inner.questions + (askingMuch.has(name) ? 1 : 0),
      bytes: inner.bytes + bytesCountOf(name),
    }
  }

  function sizeOf(selections: SelectionSetNode): Size {
    let sum = nothing
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
        questions: sum.questions + size.questions,
        bytes: sum.bytes + size.bytes,
      }
    }
    return sum
  }

  return sizeOf
}

export const tooManyTokens = `The document has more than ${documentLimits.tokens} tokens. Pass data in variables, and repeated selections in fragments.`

/** For the limits of graphql-js itself, which no option changes: comparisons of fields, and spreads of fragments. */
export const tooManySteps =
  'The document takes too many steps to check: at most 500000 comparisons of repeated fields, and 50000 spreads of fragments. Select each field once, or under aliases, and send one operation.'

const tooManyValues = `The document asks for more than ${documentLimits.values} values. Ask for smaller pages (first), or for fewer lists inside lists.`

/** Validation rule: the document stays within {@link documentLimits}, as far as it can be told without its variables. */
export function documentLimitsRule(context: ValidationContext): ASTVisitor {
  const sizeOf = createMeasure({
    schema: context.getSchema(),
    fragmentOf: (name) => context.getFragment(name),
    // Counted by `checkRepresentations`: validation is remembered for all variables.
    itemsIn: () => 1,
  })
  function refuse(isBeyond: boolean, message: string): void {
    if (isBeyond) context.reportError(asGraphQLError(new RequestError(message)))
  }

  return {
    OperationDefinition({ operation, selectionSet }) {
      const { depth, fields, values, breadth, counts, questions, bytes } = sizeOf(selectionSet)
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
        questions > documentLimits.questions,
        `The document has more than ${documentLimits.questions} of the fields ${[...askingMuch].join(', ')}.`,
      )
      refuse(
        bytes > documentLimits.bytes,
        `The document has more than ${documentLimits.bytes} fields of bytes. Select each once, not under aliases.`,
      )
      refuse(
        operation === OperationTypeNode.QUERY && breadth > documentLimits.queries,
        `A request may have at most ${documentLimits.queries} fields on its first level.`,
      )
      refuse(
        operation === OperationTypeNode.MUTATION && breadth > documentLimits.mutations,
        `A request may have at most ${documentLimits.mutations} mutations; use the batch forms.`,
      )
    },
  }
}

/** What is wrong with a valid document once its representations are counted; null if nothing is. */
export function checkRepresentations(
  schema: GraphQLSchema,
  document: DocumentNode,
  request: { operationName?: string | null | undefined; variables: Readonly<Record<string, unknown>> },
): GraphQLError | null {
  const operation = getOperationAST(document, request.operationName)
  // Cheaper than measuring: most documents are no gateway's.
  const isGateways = operation?.variableDefinitions?.some(({ type }) => namedTypeOf(type) === '_Any')
  if (!operation || !isGateways) return null
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  )
  const sizeOf = createMeasure({
    schema,
    fragmentOf: (name) => fragments.get(name),
    itemsIn: (variable) => itemsInVariable(operation, variable, request.variables[variable]),
  })
  return sizeOf(operation.selectionSet).values > documentLimits.values
    ? asGraphQLError(new RequestError(tooManyValues))
    : null
}

function namedTypeOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type)
}

/** A value that is no list stands for a list of one, and one that is not given for the default. */
function itemsInVariable(operation: OperationDefinitionNode, variable: string, value: unknown): number {
  if (Array.isArray(value)) return value.length
  if (value !== undefined) return 1
  const definition = operation.variableDefinitions?.find((each) => each.variable.name.value === variable)
  return definition?.defaultValue?.kind === Kind.LIST ? definition.defaultValue.values.length : 1
}
