import {
  type GraphQLArgument,
  type GraphQLEnumType,
  type GraphQLInputField,
  type GraphQLInputObjectType,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLUnionType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from 'graphql'
import { schema } from '../../../src/schema/index.ts'
import {
  errorTypes,
  type Field,
  fieldsBeyondUserError,
  fieldsOf,
  isNullable,
  isResult,
  nameOf,
  type Place,
  payloadOf,
  placeOf,
  type Root,
  roots,
} from './selections.ts'
import { bare, comment, head, leafOrName, typeScriptOf } from './type-texts.ts'

/** Fields that the schema lets be null for who does not select them. They are selected, and never null. */
const disclosing = new Set([
  'GenerateDataKeyPayload.plaintext',
  'GenerateServiceDataKeyPayload.plaintext',
  'GenerateDataKeyPairPayload.privateKeyPlaintext',
])

function outputName(place: Place): string {
  const { type, isListed } = place
  if (isResult(type)) return `${nameOf({ type: payloadOf(type), isListed })} | KeysteadError`
  if (isUnionType(type) || type.name === 'Node') {
    return schema
      .getPossibleTypes(type as GraphQLUnionType | GraphQLInterfaceType)
      .map((member) => `({ readonly __typename: '${member.name}' } & ${nameOf({ type: member, isListed })})`)
      .join(' | ')
  }
  return isLeafType(type) ? leafOrName(type) : nameOf(place)
}

function outputType(field: Field, parent: GraphQLNamedType, isListed: boolean): string {
  const place = placeOf(field, isListed)
  const named = () => outputName(place)
  // Where the server failed on an item, the error stands in its place.
  const isSure = disclosing.has(`${parent.name}.${field.name}`) || isResult(place.type)
  return isSure ? bare(field.type, named) : typeScriptOf(field.type, named)
}

function inputType({ type }: GraphQLArgument | GraphQLInputField): string {
  return typeScriptOf(type, leafOrName)
}

function inputFieldText(field: GraphQLArgument | GraphQLInputField): string {
  const isRequired = 'args' in field ? false : isRequiredInputField(field as GraphQLInputField)
  return `${comment(field.description, '  ')}  readonly ${field.name}${isRequired ? '' : '?'}: ${inputType(field)}${isRequired ? '' : ' | undefined'}\n`
}

/** The types that operations of the client take and give, in the order in which they are met. */
function collectTypes() {
  const outputs = new Map<string, Place>()
  const inputs = new Map<string, GraphQLInputObjectType>()
  const enums = new Map<string, GraphQLEnumType>()
  const visitOutput = (place: Place): void => {
    const { type, isListed } = place
    if (isEnumType(type)) enums.set(type.name, type)
    if (isLeafType(type) || (isObjectType(type) && errorTypes.includes(type))) return
    if (/^EncryptionContextPair/.test(type.name)) return
    if (isUnionType(type) || type.name === 'Node') {
      const members = schema.getPossibleTypes(type as GraphQLUnionType | GraphQLInterfaceType)
      for (const member of members) visitOutput({ type: member, isListed })
      return
    }
    if (outputs.has(nameOf(place))) return
    outputs.set(nameOf(place), place)
    for (const field of fieldsOf(place)) visitOutput(placeOf(field, isListed))
  }
  const visitInput = (type: GraphQLNamedType): void => {
    if (isEnumType(type)) enums.set(type.name, type)
    if (!isInputObjectType(type) || inputs.has(type.name) || /^EncryptionContextPair/.test(type.name)) return
    inputs.set(type.name, type)
    for (const field of Object.values(type.getFields())) visitInput(getNamedType(field.type))
  }
  for (const { field } of roots) {
    visitOutput(placeOf(field, false))
    for (const { type } of field.args) visitInput(getNamedType(type))
  }
  for (const error of errorTypes) {
    for (const field of fieldsBeyondUserError(error)) visitOutput(placeOf(field, false))
  }
  enums.set('ErrorCode', schema.getType('ErrorCode') as GraphQLEnumType)
  return { outputs, inputs, enums }
}

/** The values of all enums, for programs that offer or check them. */
export function enumValuesText(): string {
  const { enums } = collectTypes()
  const texts = [...enums.values()].map((type) => {
    const values = type.getValues().map(({ name }) => `    '${name}',\n`)
    return `${comment(type.description, '  ')}  ${type.name}: [\n${values.join('')}  ],\n`
  })
  return `${head}
/** The values of each enum of the API, in their order: \`enumValues.KeyStatus\` has those of \`KeyStatus\`. */
export const enumValues = {
${texts.join('')}} as const
`
}

export function typesText(): string {
  const { outputs, inputs, enums } = collectTypes()
  const enumTexts = [...enums.values()].map((type) => {
    const values = type.getValues().map(({ name }) => `  | '${name}'`)
    return `${comment(type.description)}export type ${type.name} =\n${values.join('\n')}\n`
  })
  const inputTexts = [...inputs.values()].map((type) => {
    const fields = Object.values(type.getFields())
    if (type.isOneOf) {
      const each = fields.map((field) => {
        const others = fields.filter((other) => other !== field).map(({ name }) => `readonly ${name}?: never`)
        return `  | { readonly ${field.name}: ${bare(field.type, leafOrName)}; ${others.join('; ')} }`
      })
      return `${comment(type.description)}export type ${type.name} =\n${each.join('\n')}\n`
    }
    return `${comment(type.description ?? `Input of \`${type.name}\`.`)}export interface ${type.name} {\n${fields.map(inputFieldText).join('')}}\n`
  })
  const outputTexts = [...outputs.entries()].map(([name, place]) => {
    const { type, isListed } = place
    const description = name === type.name ? type.description : `${type.name} in a list, with fewer fields.`
    const fields = fieldsOf(place).map(
      (field) =>
        `${comment(field.description, '  ')}  readonly ${field.name}: ${outputType(field, type, isListed)}\n`,
    )
    const typename = isInterfaceType(type)
      ? `  readonly __typename: ${schema
          .getPossibleTypes(type)
          .map((member) => `'${member.name}'`)
          .join(' | ')}\n`
      : ''
    return `${comment(description ?? `What \`${name}\` holds.`)}export interface ${name} {\n${typename}${fields.join('')}}\n`
  })
  const argumentTexts = roots
    .filter(({ kind, field }) => kind !== 'mutation' && field.args.length > 0)
    .map(
      ({ field }) =>
        `/** Arguments of \`${field.name}\`. */\nexport interface ${argumentsName(field)} {\n${field.args
          .map((argument) => {
            const isRequired = isRequiredArgument(argument)
            return `${comment(argument.description, '  ')}  readonly ${argument.name}${isRequired ? '' : '?'}: ${inputType(argument)}${isRequired ? '' : ' | undefined'}\n`
          })
          .join('')}}\n`,
    )
  const methods = roots.map((root) => `${comment(root.field.description, '  ')}  ${methodOf(root)}\n`)
  return `${head}import type { CallOptions } from '../call-options.ts'
import type { KeysteadError } from '../errors.ts'

/** Names and values that bind a ciphertext to where it belongs. They are recorded in the audit trail in clear. */
export type EncryptionContext = Readonly<Record<string, string>>

${enumTexts.join('\n')}
${inputTexts.join('\n')}
${outputTexts.join('\n')}
${argumentTexts.join('\n')}
/** Every operation of the API as a method. Refusals are thrown. */
export interface Operations {
${methods.join('')}}
`
}

function argumentsName({ name }: Field): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Arguments`
}

function methodOf(root: Root): string {
  const { kind, field } = root
  const { type } = placeOf(field, false)
  const target = isResult(type) ? payloadOf(type) : type
  const result = bare(field.type, () =>
    outputName({ type: target, isListed: placeOf(field, false).isListed }),
  )
  const [input] = field.args
  const args =
    kind === 'mutation' && input
      ? `input: ${getNamedType(input.type).name}, `
      : field.args.length === 0
        ? 'args?: undefined, '
        : `args${field.args.some(isRequiredArgument) ? '' : '?'}: ${argumentsName(field)}, `
  if (kind === 'subscription') return `${field.name}(${args}options?: CallOptions): AsyncIterable<${result}>`
  return `${field.name}(${args}options?: CallOptions): Promise<${result}${isNullable(root) ? ' | null' : ''}>`
}
