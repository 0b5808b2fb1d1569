import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isLeafType,
} from 'graphql'
import { schema } from '../../src/schema/index.ts'

/**
 * Selects every field of an object type, and of what hangs below; keys inside of keys by their ID only.
 *
 * @param without fields of the type that are left out
 */
export function wholeSelectionOf(typeName: string, without: readonly string[] = []): string {
  const type = schema.getType(typeName) as GraphQLObjectType
  if (without.length === 0) return selectionOf(type, [])
  const fields = Object.values(type.getFields()).filter(({ name }) => !without.includes(name))
  return `{ __typename ${fields.map((field) => fieldOf(field, [typeName])).join(' ')} }`
}

/** A query whose selection may have `$id`, the ID of a node, and `$key`, what names a key. */
export function queryAbout(selection: string): string {
  const variables = ['$id: ID!', '$key: KeyRef!'].filter((each) =>
    selection.includes(each.split(':')[0] ?? ''),
  )
  return `query${variables.length === 0 ? '' : `(${variables.join(', ')})`} { ${selection} }`
}

/** Names of all fields of a type. */
export function fieldsOf(typeName: string): string[] {
  return Object.keys((schema.getType(typeName) as GraphQLObjectType).getFields())
}

const standIns: Readonly<Record<string, unknown>> = { canProtect: false, cannotProtectReason: 'NO_ACCESS' }

/** What a hidden field answers of a key that is redacted, whichever it is: null, but for two of them. */
export function redactedValueOf(field: string): unknown {
  return standIns[field] ?? null
}

function selectionOf(type: GraphQLObjectType | GraphQLInterfaceType, path: readonly string[]): string {
  if (isInterfaceType(type) || path.includes(type.name)) return '{ __typename id }'
  const fields = Object.values(type.getFields()).map((field) => fieldOf(field, [...path, type.name]))
  return `{ __typename ${fields.join(' ')} }`
}

function fieldOf(field: GraphQLField<unknown, unknown>, path: readonly string[]): string {
  const type = getNamedType(field.type)
  // One item of each list inside: the values that a document asks for are limited.
  const args = field.args.some(({ name }) => name === 'number')
    ? '(number: 1)'
    : field.args.some(({ name }) => name === 'first')
      ? '(first: 1)'
      : field.args.some(({ name }) => name === 'interval')
        ? '(from: "2026-02-28T00:00:00Z", to: "2026-04-30T00:00:00Z", interval: DAY)'
        : ''
  if (isLeafType(type)) return `${field.name}${args}`
  return `${field.name}${args} ${selectionOf(type as GraphQLObjectType, path)}`
}
