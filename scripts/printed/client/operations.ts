import {
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLUnionType,
  getNamedType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isUnionType,
} from 'graphql'
import { schema } from '../../../src/schema/index.ts'
import { documentOf, type Field, fieldsOf, isNullable, isResult, payloadOf, roots } from './selections.ts'
import { head } from './type-texts.ts'

type Conversions = Record<string, Record<string, string>>

function conversionOf(type: GraphQLNamedType, table: Conversions): string | null {
  if (type.name === 'Base64') return 'bytes'
  if (type.name === 'EncryptionContextPair' || type.name === 'EncryptionContextPairInput') return 'context'
  if (isLeafType(type)) return null
  if (type.name in table) return Object.keys(table[type.name] ?? {}).length > 0 ? type.name : null
  const entry: Record<string, string> = {}
  table[type.name] = entry
  if (isUnionType(type)) {
    const converted = type.getTypes().filter((member) => conversionOf(member, table) !== null)
    // Found by `__typename`, which is selected in unions.
    for (const member of converted) entry[`on ${member.name}`] = member.name
    return converted.length > 0 || isResult(type) ? type.name : null
  }
  if (isInterfaceType(type)) return null
  const fields: readonly (Field | GraphQLInputField)[] = isInputObjectType(type)
    ? Object.values(type.getFields())
    : fieldsOf({ type, isListed: false })
  for (const field of fields) {
    const conversion = conversionOf(getNamedType(field.type), table)
    if (conversion !== null) entry[field.name] = conversion
  }
  return Object.keys(entry).length > 0 ? type.name : null
}

function withoutEmpty(table: Conversions): Conversions {
  const entries = Object.entries(table)
    .map(
      ([name, fields]) =>
        [
          name,
          Object.fromEntries(Object.entries(fields).filter(([field]) => !field.startsWith('on '))),
        ] as const,
    )
    .filter(([, fields]) => Object.keys(fields).length > 0)
  return Object.fromEntries(entries)
}

export function operationsText(): string {
  const inputs: Conversions = {}
  const outputs: Conversions = {}
  const lines = roots.map((root) => {
    const { kind, field } = root
    const args = field.args.flatMap(({ name, type }) => {
      const conversion = conversionOf(getNamedType(type), inputs)
      return conversion === null ? [] : [`${name}: '${conversion}'`]
    })
    const named = getNamedType(field.type)
    const payload = isResult(named) ? payloadOf(named) : named
    const result = conversionOf(payload, outputs)
    return [
      `  ${field.name}: {`,
      `    kind: '${kind}',`,
      `    document: ${JSON.stringify(documentOf(root))},`,
      `    payload: ${isResult(named) ? `'${payload.name}'` : null},`,
      `    isNullable: ${isNullable(root)},`,
      `    inputs: {${args.length > 0 ? ` ${args.join(', ')} ` : ''}},`,
      `    output: ${result === null ? null : `'${result}'`},`,
      '  },',
    ].join('\n')
  })
  const itemResults = Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLUnionType => isResult(type) && type.name.endsWith('ItemResult'),
  )
  return `${head}
/** An operation of the API: its document, and what of its arguments and result is converted. */
export interface OperationDefinition {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly document: string
  /** Type of the result that is not an error; null for queries and subscriptions. */
  readonly payload: string | null
  /** The result may be null although nothing failed. */
  readonly isNullable: boolean
  /** Conversions of its arguments. */
  readonly inputs: Readonly<Record<string, string>>
  /** Conversion of its result; null if it has nothing to convert. */
  readonly output: string | null
}

/** Every operation of the API. */
export const operations = {
${lines.join('\n')}
} as const satisfies Readonly<Record<string, OperationDefinition>>

/** Conversions of the fields of input types: \`bytes\`, \`context\`, or another type. */
export const inputConversions: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(withoutEmpty(inputs), null, 2)}

/** Conversions of the fields of output types. */
export const outputConversions: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(withoutEmpty(outputs), null, 2)}

/** Unions of what an item of a batch gives: a payload, or an error. Each with its payload. */
export const itemPayloads: Readonly<Record<string, string>> = ${JSON.stringify(Object.fromEntries(itemResults.map((type) => [type.name, payloadOf(type).name])), null, 2)}
`
}
