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
import { expectedValue, missingField, notOneField, unknownField } from './input-errors.ts'
import {
  countItems,
  createListCheck,
  type ItemsMaxOf,
  type ListLimit,
  listLimitOf,
  longListFactor,
  type Path,
  tooManyItems,
} from './list-limits.ts'
import { RequestError } from './request-errors.ts'

/** Variables as a client sent them, or as the schema reads them. */
export type Variables = Readonly<Record<string, unknown>>

/**
 * Reads the variables of an operation: lists are counted before anything else is looked at, and reading ends with the
 * first mistake, so that it takes no longer than the request is long.
 *
 * What comes back can be read once more, as executors do, and stays as it is.
 *
 * @throws RequestError with the place of the mistake, and without the value
 */
export type ReadVariables = (
  document: DocumentNode,
  operation: OperationDefinitionNode,
  sent: Variables,
) => Variables

/** A place of an operation where a variable is used. */
interface Use {
  readonly type: GraphQLInputType
  /** The argument or the field of an input whose whole value the variable is; null in a list. */
  readonly element: GraphQLArgument | GraphQLInputField | null
  /** The type of the input of which exactly one field is given, if the place is such a field. */
  readonly oneOf: string | null
  readonly hasDefault: boolean
}

/** A variable of an operation. */
interface Variable {
  readonly name: string
  readonly type: GraphQLInputType
  readonly defaultValue: ValueNode | undefined
  /** Most items of the list that it is, and what the schema calls that list; null if it is none. */
  readonly list: ListLimit | null
  /** Where null, or no value, is found out too late otherwise: when some of the operation is done already. */
  readonly needs: readonly Use[]
}

/** Builds what reads variables. What is known of an operation is remembered as long as the operation itself is. */
export function createVariableReader(schema: GraphQLSchema, itemsMaxOf: ItemsMaxOf): ReadVariables {
  const known = new WeakMap<OperationDefinitionNode, readonly Variable[]>()
  const lists = createListCheck(itemsMaxOf)
  return (document, operation, sent) => {
    let variables = known.get(operation)
    if (variables === undefined) {
      variables = variablesOf(schema, document, operation, itemsMaxOf)
      known.set(operation, variables)
    }
    const longest = longListFactor(operation)
    let long: RequestError | null = null
    function onLong(place: string, items: number, itemsMax: number): void {
      const error = tooManyItems(place, items, itemsMax)
      if (items > itemsMax * longest) throw error
      long ??= error
    }
    for (const { name, type, defaultValue, list } of variables) {
      if (Object.hasOwn(sent, name)) lists.check(sent[name], type, { limit: list, path: [], onLong })
      else if (defaultValue?.kind === Kind.LIST)
        countItems(defaultValue.values, { limit: list, path: [], onLong })
    }
    try {
      return readAll(variables, sent)
    } catch (error) {
      // The length of a list comes first, whatever else is wrong.
      throw long ?? error
    }
  }
}

function readAll(variables: readonly Variable[], sent: Variables): Variables {
  const read: Record<string, unknown> = {}
  for (const variable of variables) {
    const { name, type, defaultValue } = variable
    if (Object.hasOwn(sent, name)) read[name] = coerce(sent[name], variable)
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

function coerce(value: unknown, { name, type }: Variable): unknown {
  return coerceInputValue(
    value,
    type,
    (path, invalid, { originalError }) => {
      // The texts of graphql-js quote the value. What is wrong with it follows from the type and the value itself.
      const own = originalError instanceof KeysteadError ? originalError : null
      const mistake = own?.message ?? describeMistake(invalid, typeAt(type, path))
      throw mistakeAt([name, ...path], mistake, own?.code)
    },
    true,
  )
}

/** The type that a value at a path has to be of. */
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

function describeMistake(value: unknown, type: GraphQLInputType): string {
  const named = getNamedType(type)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isInputObjectType(named) || !isObject) {
    // A value that is no list stands for a list of one.
    return expectedValue(value === null || value === undefined || !isEnumType(named) ? type : named)
  }
  const fields = named.getFields()
  const missing = Object.values(fields).filter(
    (field) => isRequiredInputField(field) && (value as Variables)[field.name] === undefined,
  )
  if (missing.length > 0) return missingField(named.name, missing)
  const unknown = Object.keys(value).find((name) => fields[name] === undefined)
  return unknown === undefined ? notOneField(named.name) : unknownField(named.name, unknown)
}

/** @param text ends with a full stop */
function mistakeAt(path: Path, text: string, code?: RequestError['code']) {
  return new RequestError(`${text.slice(0, -1)} (at "${placeText(path)}").`, code)
}

/** Steps of a path, of which the first is what the client calls its variable. */
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

/** The uses of variables in an operation and in the fragments that it spreads, with their names. */
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
          // In a value of a scalar: the scalar reads it.
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
  // Grows while it is gone through: fragments spread others.
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

/** There, null is no value. Validation lets a variable pass that may be null if it, or the place, has a default. */
function needsValue({ type, oneOf }: Use): boolean {
  return isNonNullType(type) || oneOf !== null
}
