import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { schema } from '../../src/schema/index.ts'

/** An argument, or something inside of one, that a request can give a value for. */
export interface InputPlace {
  /** e.g. `Query.userKeys(filter).status.0`. */
  readonly name: string
  readonly operation: 'query' | 'mutation' | 'subscription'
  /** Type of the argument itself. */
  readonly argumentType: GraphQLInputType
  /** Type of the place. */
  readonly type: GraphQLInputType
  /** Where the argument has the place; empty for the argument itself. */
  readonly path: readonly (string | number)[]
  /** A value that is fine there; of a list, its first item in a list. */
  readonly argumentExample: (ids: KnownIds) => unknown[]
  /** The argument with a value at the place, and whatever else it needs. */
  readonly argumentWith: (value: unknown, ids: KnownIds) => unknown
  /** A document with the text of a value for the argument, which may use the variables. */
  readonly document: (argument: string, variables: string, ids: KnownIds) => string
}

/** IDs of what there is. */
export interface KnownIds {
  readonly keyId: string
  readonly versionId: string
}

/** Names a version by its ID, or by its key and number. */
const versionRef = schema.getType('KeyVersionRef') as GraphQLInputObjectType
const versionId = versionRef.getFields()['id']

/** Stands for a value that is left out. */
export const absent = Symbol('absent')

type Element = GraphQLArgument | GraphQLInputField

interface FieldPlace {
  readonly operation: InputPlace['operation']
  readonly typeName: string
  readonly field: GraphQLField<unknown, unknown>
  /** Selections around the one of the field. */
  readonly around: (selection: string, ids: KnownIds) => string
}

/** Every place of the schema where a request can give a value. */
export function inputPlaces(): readonly InputPlace[] {
  return fieldPlaces().flatMap((fieldPlace) =>
    fieldPlace.field.args.flatMap((argument) => placesIn(fieldPlace, argument)),
  )
}

/** Every field with arguments, at the first path from a root that leads to it. */
function fieldPlaces(): readonly FieldPlace[] {
  const found: FieldPlace[] = []
  const seen = new Set<GraphQLObjectType>()
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const
  const queue: {
    operation: InputPlace['operation']
    type: GraphQLObjectType
    around: FieldPlace['around']
  }[] = roots.flatMap(([operation, type]) =>
    type ? [{ operation, type, around: (selection) => `{ ${selection} }` }] : [],
  )
  for (const { operation, type, around } of queue) {
    if (seen.has(type)) continue
    seen.add(type)
    for (const field of Object.values(type.getFields())) {
      if (field.args.length > 0) found.push({ operation, typeName: type.name, field, around })
      // Payloads of mutations are looked at where queries have them.
      if (operation !== 'query') continue
      for (const inner of objectsIn(field)) {
        queue.push({
          operation,
          type: inner,
          around: (selection, ids) =>
            around(`${callOf(field, ids)} { __typename ... on ${inner.name} { ${selection} } }`, ids),
        })
      }
    }
  }
  return found
}

function objectsIn({ type }: GraphQLField<unknown, unknown>): readonly GraphQLObjectType[] {
  const named = getNamedType(type)
  if (isObjectType(named)) return [named]
  return isInterfaceType(named) || isUnionType(named) ? schema.getPossibleTypes(named) : []
}

function callOf({ name, args }: GraphQLField<unknown, unknown>, ids: KnownIds): string {
  const given = args.filter(isGiven)
  if (given.length === 0) return name
  return `${name}(${given.map((each) => `${each.name}: ${literalOf(exampleOf(each, each.type, ids), each.type)}`).join(', ')})`
}

function placesIn(fieldPlace: FieldPlace, argument: GraphQLArgument): readonly InputPlace[] {
  const { operation, typeName, field, around } = fieldPlace
  const selection = selectionOf(field)
  return pathsIn(argument).map(({ path, type, element }) => ({
    name: [`${typeName}.${field.name}(${argument.name})`, ...path].join('.'),
    operation,
    argumentType: argument.type,
    type,
    path,
    argumentExample: (ids) => [exampleOf(element, type, ids)].flat(),
    argumentWith: (value, ids) => put(argument, argument.type, path, value, ids),
    document(text, variables, ids) {
      const others = field.args
        .filter((each) => each !== argument && isGiven(each))
        .map((each) => `${each.name}: ${literalOf(exampleOf(each, each.type, ids), each.type)}`)
      const given = text === '' ? others : [...others, `${argument.name}: ${text}`]
      const list = given.length === 0 ? '' : `(${given.join(', ')})`
      return `${operation}${variables} ${around(`${field.name}${list}${selection}`, ids)}`
    },
  }))
}

function selectionOf({ type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type)
  if (!isObjectType(named) && !isInterfaceType(named) && !isUnionType(named)) return ''
  return isUnionType(named) && named.getTypes().some((each) => each.name === 'InputValidationError')
    ? ' { __typename ... on UserError { code message } ... on InputValidationError { issues { path message } } }'
    : ' { __typename }'
}

interface PlaceInValue {
  readonly element: Element
  readonly path: readonly (string | number)[]
  readonly type: GraphQLInputType
}

/** The places in a value of a type; of a list, its first item. */
function pathsIn(
  element: Element,
  type: GraphQLInputType = element.type,
  path: readonly (string | number)[] = [],
): PlaceInValue[] {
  const nullable = getNullableType(type)
  const inner = isListType(nullable)
    ? pathsIn(element, nullable.ofType, [...path, 0])
    : isInputObjectType(nullable)
      ? Object.values(nullable.getFields()).flatMap((field) =>
          pathsIn(field, field.type, [...path, field.name]),
        )
      : []
  return [{ element, path, type }, ...inner]
}

/** A value with another one at a path in it. */
function put(
  element: Element,
  type: GraphQLInputType,
  [step, ...rest]: readonly (string | number)[],
  value: unknown,
  ids: KnownIds,
): unknown {
  if (step === undefined) return value
  const nullable = getNullableType(type)
  if (isListType(nullable)) {
    const item = put(element, nullable.ofType, rest, value, ids)
    return item === absent ? [] : [item]
  }
  if (!isInputObjectType(nullable)) throw new Error('a path leads through lists and objects')
  const field = nullable.getFields()[String(step)]
  if (field === undefined) throw new Error(`no field ${step}`)
  // Next to the ID of a version, its key and number would be one too many.
  const standsAlone = nullable.isOneOf || field === versionId
  const others = standsAlone ? {} : (exampleOf(element, nullable, ids) as object)
  const { [field.name]: _, ...kept } = others as Record<string, unknown>
  const inner = put(field, field.type, rest, value, ids)
  return inner === absent ? kept : { ...kept, [field.name]: inner }
}

/** Whether a base request gives an argument or a field: what is required, and what makes an operation do something. */
function isGiven({ type, defaultValue }: Element): boolean {
  return isNonNullType(type) && defaultValue === undefined
}

/** A value that is fine. */
function exampleOf(element: Element, type: GraphQLInputType, ids: KnownIds): unknown {
  const nullable = getNullableType(type)
  if (isListType(nullable)) return [exampleOf(element, nullable.ofType, ids)]
  if (isInputObjectType(nullable)) {
    const fields = Object.values(nullable.getFields())
    const given = nullable.isOneOf
      ? fields.slice(0, 1)
      : fields.filter((field) => (nullable === versionRef ? field !== versionId : isGiven(field)))
    return Object.fromEntries(given.map((field) => [field.name, exampleOf(field, field.type, ids)]))
  }
  if (isEnumType(nullable)) {
    const names = nullable.getValues().map(({ name }) => name)
    return names.find((name) => name === 'AES_256_GCM' || name === 'ED25519') ?? names[0]
  }
  switch (nullable.name) {
    case 'ID':
      return element === versionId ? ids.versionId : ids.keyId
    case 'KeyRef':
      return ids.keyId
    case 'SubjectRef':
      return 'user:bob'
    case 'String':
      return element.name === 'service' ? 'Backup' : 'text'
    case 'Base64':
      return 'aGVsbG8='
    case 'Int':
      return element.name === 'lengthBytes' ? 32 : 1
    case 'Boolean':
      return true
    case 'DateTime':
      return '2026-01-01T00:00:00Z'
    case '_Any':
      return { __typename: 'UserKey', id: ids.keyId }
    default:
      throw new Error(`nothing is known about values of ${nullable.name}`)
  }
}

/** The text of a value in a document. Where the type is an enum, text is a name. */
export function literalOf(value: unknown, type: GraphQLInputType | null): string {
  const nullable = type && getNullableType(type)
  if (Array.isArray(value)) {
    const itemType = isListType(nullable) ? nullable.ofType : nullable
    return `[${value.map((item) => literalOf(item, itemType)).join(', ')}]`
  }
  if (typeof value === 'object' && value !== null) {
    const fields = isInputObjectType(nullable) ? nullable.getFields() : {}
    const texts = Object.entries(value).map(
      ([name, field]) => `${name}: ${literalOf(field, fields[name]?.type ?? null)}`,
    )
    return `{ ${texts.join(', ')} }`
  }
  const named = nullable && getNamedType(nullable)
  if (typeof value === 'string' && isEnumType(named) && /^[A-Z][A-Z0-9_]*$/.test(value)) return value
  // A variable.
  if (typeof value === 'string' && value.startsWith('$')) return value
  return JSON.stringify(value)
}
