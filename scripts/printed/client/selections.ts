import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLUnionType,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  stripIgnoredCharacters,
} from 'graphql'
import { schema } from '../../../src/schema/index.ts'

/**
 * Types, documents and error classes of `@keystead/client`. Each object type has one selection, which is a fragment, and
 * one TypeScript type: all of its fields but those below and those with arguments (pages inside of objects, histories).
 */

/** Ways back to where one comes from, and what other fields say, too. */
const leftOut = new Set([
  'KeyVersion.key',
  'AuditEvent.liveKey',
  'Subject.user',
  'UserKey.allowedSubjects',
  'UserKey.publicKey',
])
/** Left out in lists, too: a page of 200 keys with these would ask for too many values. */
const leftOutInLists = new Set(['UserKey.accessList', 'KeyVersion.publicKey', 'KeyVersion.encryptionUsage'])

const userError = schema.getType('UserError') as GraphQLInterfaceType
export const errorTypes = schema.getPossibleTypes(userError)
const kinds = ['query', 'mutation', 'subscription'] as const

export type Field = GraphQLField<unknown, unknown>
export type Root = { readonly kind: (typeof kinds)[number]; readonly field: Field }

/** A type where it is selected. In lists some have fewer fields, and another name. */
export interface Place {
  readonly type: GraphQLNamedType
  readonly isListed: boolean
}

export const roots: readonly Root[] = kinds.flatMap((kind) => {
  const type = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  }[kind]
  return Object.values(type?.getFields() ?? {})
    .filter(({ name }) => !name.startsWith('_'))
    .map((field) => ({ kind, field }))
})

/** Type of the result of a mutation that is not an error. */
export function payloadOf(type: GraphQLUnionType): GraphQLObjectType {
  const [payload, ...others] = type.getTypes().filter((member) => !errorTypes.includes(member))
  if (payload === undefined || others.length > 0) throw new TypeError(`${type.name} has one payload`)
  return payload
}

export function isResult(type: GraphQLNamedType): type is GraphQLUnionType {
  return isUnionType(type) && type.getTypes().some((member) => errorTypes.includes(member))
}

export function placeOf({ type }: Field, isListed: boolean): Place {
  return { type: getNamedType(type), isListed: isListed || isListType(getNullableType(type)) }
}

export function fieldsOf({ type, isListed }: Place): readonly Field[] {
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).filter(({ name, args, type: fieldType }) => {
    const named = getNamedType(fieldType)
    const path = `${type.name}.${name}`
    if (args.length > 0 || leftOut.has(path) || (isListed && leftOutInLists.has(path))) return false
    // Edges repeat the nodes. Interfaces have what stands in them.
    return name !== 'edges' && (isObjectType(type) || isLeafType(named))
  })
}

function isShorter(place: Place, seen: readonly GraphQLNamedType[] = []): boolean {
  if (!place.isListed || !isObjectType(place.type) || seen.includes(place.type)) return false
  const { type } = place
  return (
    fieldsOf(place).length < fieldsOf({ type, isListed: false }).length ||
    fieldsOf(place).some((field) => isShorter(placeOf(field, true), [...seen, type]))
  )
}

/** Name of the fragment and of the TypeScript type. */
export function nameOf(place: Place): string {
  return isShorter(place) ? `Listed${place.type.name}` : place.type.name
}

function selectionOf(place: Place, used: Map<string, Place>): string {
  const { type, isListed } = place
  if (isLeafType(type)) return ''
  if (isResult(type)) {
    const errors = type.getTypes().filter((member) => errorTypes.includes(member))
    const more = errors
      .map((error) => [error.name, fieldsBeyondUserError(error)] as const)
      .filter(([, fields]) => fields.length > 0)
      .map(
        ([name, fields]) =>
          `... on ${name} { ${fields.map((field) => fieldText(field, false, used)).join(' ')} }`,
      )
    return `{ __typename ... on UserError { code message } ${more.join(' ')} ... on ${payloadOf(type).name} ${selectionOf({ type: payloadOf(type), isListed }, used)} }`
  }
  if (isUnionType(type) || type.name === 'Node') {
    const members = schema.getPossibleTypes(type as GraphQLUnionType | GraphQLInterfaceType)
    const each = members.map(
      (member) => `... on ${member.name} ${selectionOf({ type: member, isListed }, used)}`,
    )
    return `{ __typename ${each.join(' ')} }`
  }
  used.set(nameOf(place), place)
  return `{ ...${nameOf(place)} }`
}

function fieldText(field: Field, isListed: boolean, used: Map<string, Place>): string {
  return `${field.name} ${selectionOf(placeOf(field, isListed), used)}`
}

export function documentOf({ kind, field }: Root): string {
  const used = new Map<string, Place>()
  const variables = field.args.map(({ name, type }) => `$${name}: ${String(type)}`).join(' ')
  const passed = field.args.map(({ name }) => `${name}: $${name}`).join(' ')
  const name = `${field.name.charAt(0).toUpperCase()}${field.name.slice(1)}`
  const operation = `${kind} ${name} ${variables === '' ? '' : `(${variables})`} { ${field.name} ${passed === '' ? '' : `(${passed})`} ${selectionOf(placeOf(field, false), used)} }`
  const fragments: string[] = []
  // A map gives entries that are added meanwhile, too.
  for (const [fragment, place] of used) {
    const isAbstract = isInterfaceType(place.type) ? '__typename ' : ''
    const fields = fieldsOf(place).map((inner) => fieldText(inner, place.isListed, used))
    fragments.push(`fragment ${fragment} on ${place.type.name} { ${isAbstract}${fields.join(' ')} }`)
  }
  return stripIgnoredCharacters([operation, ...fragments].join('\n'))
}

export function fieldsBeyondUserError(error: GraphQLObjectType): readonly Field[] {
  return Object.values(error.getFields()).filter(({ name }) => !(name in userError.getFields()))
}

/** The result is null for what is not there; other results are null only with an error. */
export function isNullable({ kind, field }: Root): boolean {
  return kind === 'query' && !isNonNullType(field.type) && /\bnull\b/i.test(field.description ?? '')
}
