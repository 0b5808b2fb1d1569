import {
  type ArgumentNode,
  type ASTNode,
  coerceInputValue,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  Kind,
  type ObjectFieldNode,
  type OperationDefinitionNode,
  TypeInfo,
  typeFromAST,
  type ValueNode,
  valueFromAST,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import { KeysteadError } from '../../errors.ts'
import { expectedValue, missingField, notOneField, unknownField } from './input-messages.ts'
import {
  countItems,
  createListCheck,
  type ItemsMaxOf,
  listLimitOf,
  longListFactor,
  type NamedListLimit,
  type Path,
  tooManyItems,
} from './list-limits.ts'
import { RequestError } from './request-error.ts'

/** Variables as a client sent them, or as the schema reads them. */
export type Variables = Readonly<Record<string, unknown>>

/**
 * Reads the variables of one operation. Lists are counted first, and reading ends at the first mistake, so that its time is
 * linear in the size of the request. The result can be read again, as executors do, without a change.
 *
 * @throws RequestError with the path to the mistake, without the value
 */
export type VariableReader = (sent: Variables) => Variables

/** A use of a variable in an operation. */
interface Use {
  readonly type: GraphQLInputType
  /** The argument or input field whose whole value is the variable; null inside a list. */
  readonly element: GraphQLArgument | GraphQLInputField | null
  /** The OneOf input type, if the variable is the value of one of its fields. */
  readonly oneOf: string | null
  readonly hasDefault: boolean
}

/** A variable of an operation. */
interface Variable {
  readonly name: string
  readonly type: GraphQLInputType
  readonly defaultValue: ValueNode | undefined
  /** Limit of the list that the variable is; null if it is none, or has no limit. */
  readonly list: NamedListLimit | null
  /** Uses that must not be null, which executors notice only after parts of the operation are done. */
  readonly needs: readonly Use[]
}

/** Settings of readers. */
interface ReaderOptions {
  readonly itemsMaxOf: ItemsMaxOf
  /** True if messages may list what introspection shows. */
  readonly showsSchema: boolean
}

/** Builds the reader of the variables of an operation of a valid document. */
export function createVariableReader(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  { itemsMaxOf, showsSchema }: ReaderOptions,
): VariableReader {
  const variables = variablesOf(schema, document, operation, itemsMaxOf)
  const lists = createListCheck(itemsMaxOf)
  const withLists = variables.filter(({ type }) => lists.holdsList(type))
  const longest = longListFactor(operation)

  /** Throws for a list that is far too long. Gives the error for one that is too long, which other errors must not hide. */
  function checkLists(sent: Variables): RequestError | null {
    let long: RequestError | null = null
    function onLong(place: string, items: number, itemsMax: number): void {
      const error = tooManyItems(place, items, itemsMax)
      if (items > itemsMax * longest) throw error
      long ??= error
    }
    for (const { name, type, defaultValue, list } of withLists) {
      const counted = { limit: list, path: [], onLong }
      if (Object.hasOwn(sent, name)) lists.check(sent[name], type, counted)
      else if (defaultValue?.kind === Kind.LIST) countItems(defaultValue.values, counted)
    }
    return long
  }

  return (sent) => {
    const long = withLists.length === 0 ? null : checkLists(sent)
    try {
      return readAll(variables, sent, showsSchema)
    } catch (error) {
      throw long ?? error
    }
  }
}

function readAll(variables: readonly Variable[], sent: Variables, showsSchema: boolean): Variables {
  const read: Record<string, unknown> = {}
  for (const variable of variables) {
    const { name, type, defaultValue } = variable
    if (Object.hasOwn(sent, name)) read[name] = coerce(sent[name], variable, showsSchema)
    else if (defaultValue !== undefined) read[name] = valueFromAST(defaultValue, type)
    else if (isNonNullType(type)) throw mistakeAt([name], expectedValue(type))
    for (const use of variable.needs) requireValue(read, name, use)
  }
  return read
}

function requireValue(read: Variables, name: string, { type, oneOf, hasDefault }: Use): void {
  const isAbsent = !Object.hasOwn(read, name)
  if (isAbsent ? hasDefault : read[name] !== null) return
  throw mistakeAt(
    [name],
    oneOf === null
      ? `Expected a value: where the variable is used, the type is "${type}".`
      : notOneField(oneOf),
  )
}

function coerce(value: unknown, { name, type }: Variable, showsSchema: boolean): unknown {
  return coerceInputValue(
    value,
    type,
    (path, invalid, { originalError }) => {
      // The messages of graphql-js quote the value, so that ours are made from the type.
      const own = originalError instanceof KeysteadError ? originalError : null
      const mistake = own?.message ?? describeMistake(invalid, typeAt(type, path), showsSchema)
      throw mistakeAt([name, ...path], mistake, own?.code)
    },
    true,
  )
}

/** The type that the schema requires at a path. */
function typeAt(type: GraphQLInputType, path: Path): GraphQLInputType {
  let at = type
  for (const step of path) {
    const outer = getNullableType(at)
    const named = getNamedType(outer)
    if (typeof step === 'number') at = isListType(outer) ? outer.ofType : outer
    else if (isInputObjectType(named)) at = named.getFields()[step]?.type ?? outer
  }
  return at
}

function describeMistake(value: unknown, type: GraphQLInputType, showsSchema: boolean): string {
  const named = getNamedType(type)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isInputObjectType(named) || !isObject) {
    // A single value stands for a list of one, so that an enum is named by its item type.
    return expectedValue(value === null || value === undefined || !isEnumType(named) ? type : named)
  }
  const fields = named.getFields()
  const missing = Object.values(fields).filter(
    (field) => isRequiredInputField(field) && (value as Variables)[field.name] === undefined,
  )
  if (missing.length > 0) return missingField(named.name, missing)
  const unknown = Object.keys(value).find((name) => fields[name] === undefined)
  return unknown === undefined ? notOneField(named.name) : unknownField(named, unknown, showsSchema)
}

/** @param text ends with a full stop */
function mistakeAt(path: Path, text: string, code?: RequestError['code']) {
  return new RequestError(`${text.slice(0, -1)} (at "${placeText(path)}").`, code)
}

/** A path as text. The client chooses the first step, the name of its variable. */
function placeText([variable, ...steps]: Path): string {
  return [String(variable).slice(0, 40), ...steps].join('.')
}

function variablesOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  itemsMaxOf: ItemsMaxOf,
): readonly Variable[] {
  const uses = Map.groupBy(usesIn(schema, document, operation), ([name]) => name)
  return (operation.variableDefinitions ?? []).map(({ variable, type: node, defaultValue }) => {
    const name = variable.name.value
    const type = typeFromAST(schema, node)
    if (!isInputType(type)) throw new TypeError('a valid document has variables of input types only')
    const ofVariable = (uses.get(name) ?? []).map(([, use]) => use)
    const limits = ofVariable.flatMap(({ element }) => (element && listLimitOf(element, itemsMaxOf)) ?? [])
    return {
      name,
      type,
      defaultValue,
      list: limits.toSorted((a, b) => a.itemsMax - b.itemsMax)[0] ?? null,
      needs: isNonNullType(type) ? [] : ofVariable.filter(needsValue),
    }
  })
}

/** Uses of variables, by name, in an operation and in the fragments that it spreads. */
function usesIn(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly [name: string, use: Use][] {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
  }
  const uses: [string, Use][] = []
  const spread = new Set<string>()
  function look(definition: OperationDefinitionNode | FragmentDefinitionNode): void {
    const typeInfo = new TypeInfo(schema)
    visit(
      definition,
      visitWithTypeInfo(typeInfo, {
        VariableDefinition: () => false,
        FragmentSpread({ name }) {
          spread.add(name.value)
        },
        Variable({ name }, _key, parent) {
          const type = typeInfo.getInputType()
          // Inside the value of a custom scalar, which reads it itself.
          if (!type) return
          const holder = getNamedType(typeInfo.getParentInputType())
          const inObject = isFieldOf(parent) && isInputObjectType(holder) ? { parent, holder } : null
          const element = inObject
            ? inObject.holder.getFields()[inObject.parent.name.value]
            : isArgument(parent)
              ? typeInfo.getArgument()
              : null
          const use = {
            type,
            element: element ?? null,
            oneOf: inObject?.holder.isOneOf ? inObject.holder.name : null,
            hasDefault: typeInfo.getDefaultValue() !== undefined,
          }
          uses.push([name.value, use])
        },
      }),
    )
  }
  look(operation)
  // The set grows during the loop: fragments spread others.
  for (const name of spread) {
    const fragment = fragments.get(name)
    if (fragment !== undefined) look(fragment)
  }
  return uses
}

type Parent = ASTNode | readonly ASTNode[] | undefined

function isFieldOf(parent: Parent): parent is ObjectFieldNode {
  return parent !== undefined && 'kind' in parent && parent.kind === Kind.OBJECT_FIELD
}

function isArgument(parent: Parent): parent is ArgumentNode {
  return parent !== undefined && 'kind' in parent && parent.kind === Kind.ARGUMENT
}

/** Validation accepts a nullable variable for a non-null use if the variable or the use has a default. */
function needsValue({ type, oneOf }: Use): boolean {
  return isNonNullType(type) || oneOf !== null
}
