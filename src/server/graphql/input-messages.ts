import {
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql'
import { quoteName } from './request-error.ts'

/** Values that the built-in scalars accept. Custom scalars have messages of their own. */
const scalarValues: Readonly<Record<string, string>> = {
  Boolean: 'true or false',
  Float: 'a number',
  ID: 'a string or a whole number',
  Int: 'a whole number of 32 bits',
  String: 'a string',
}

/** Message for a value of the wrong type. */
export function expectedValue(type: GraphQLInputType): string {
  if (isNonNullType(type)) return `Expected a value of type "${type}"${inWords(type.ofType)}, and not null.`
  if (isEnumType(type)) return `Expected a value of the enum "${type.name}".`
  if (isInputObjectType(type)) return `Expected an object of type "${type.name}".`
  return `Expected a value of type "${type}"${inWords(type)}.`
}

function inWords(type: GraphQLInputType): string {
  if (isListType(type)) return ''
  const words = scalarValues[(getNamedType(type) as GraphQLNamedInputType).name]
  return words === undefined ? '' : `, ${words}`
}

/**
 * Message for a field that the input type does not have.
 *
 * @param showsSchema where introspection is off, the message does not list the fields either
 */
export function unknownField(type: GraphQLInputObjectType, name: string, showsSchema: boolean): string {
  const quoted = quoteName(name)
  const fault =
    quoted === null
      ? `Unknown field of type ${type}: its name is not a GraphQL name.`
      : `Unknown field ${quoted} of type ${type}.`
  if (!showsSchema) return fault
  const names = Object.keys(type.getFields())
  return `${fault} Its ${names.length === 1 ? 'only field is' : 'fields are'} ${names.join(', ')}.`
}

/** Message for missing required fields. */
export function missingField(type: string, fields: readonly GraphQLInputField[]): string {
  const names = fields.map((field) => `"${field.name}" of type "${field.type}"`).join(', ')
  return `An object of type "${type}" needs the field${fields.length > 1 ? 's' : ''} ${names}.`
}

/** Message for a OneOf input without exactly one field. */
export function notOneField(type: string): string {
  return `Exactly one field of "${type}" must be given, and it must not be null. Leave the others out: null counts as given.`
}
