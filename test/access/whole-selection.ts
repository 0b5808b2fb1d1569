import {
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isLeafType,
} from 'graphql'
import { schema } from '../../src/schema/index.ts'

/** Selects every field of an object type, and of what hangs below; keys inside of keys by their ID only. */
export function wholeSelectionOf(typeName: string): string {
  return selectionOf(schema.getType(typeName) as GraphQLObjectType, [])
}

/** Names of all fields of a type. */
export function fieldsOf(typeName: string): string[] {
  return Object.keys((schema.getType(typeName) as GraphQLObjectType).getFields())
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
      : ''
  if (isLeafType(type)) return `${field.name}${args}`
  return `${field.name}${args} ${selectionOf(type as GraphQLObjectType, path)}`
}
