import {
  type GraphQLEnumType,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isListType,
} from 'graphql'
import { schema } from '../../../src/schema/index.ts'
import { errorTypes, type Field, fieldsBeyondUserError } from './selections.ts'
import { comment, head, leafOrName, scalars, typeScriptOf } from './type-texts.ts'

/** Fields of errors that would hide one of JavaScript's own. */
const renamed: Readonly<Record<string, string>> = { 'NameTakenError.name': 'takenName' }

export function refusalsText(): string {
  const codes = new Set((schema.getType('ErrorCode') as GraphQLEnumType).getValues().map(({ name }) => name))
  const imported = new Set<string>()
  const classes = errorTypes.map((type) => {
    const code = codeOf(type.name)
    if (!codes.has(code)) throw new TypeError(`${type.name} has no code ${code}`)
    const fields = fieldsBeyondUserError(type)
    for (const { type: fieldType } of fields) {
      const named = getNamedType(fieldType)
      if (!(named.name in scalars)) imported.add(named.name)
    }
    const declared = fields.map(
      (field) =>
        `${comment(field.description, '  ')}  readonly ${errorFieldName(type, field)}: ${errorFieldType(field)}\n`,
    )
    const assigned = fields.map((field) => {
      const name = errorFieldName(type, field)
      const none = isListType(getNullableType(field.type)) ? '[]' : 'null'
      return `    this.${name} = (refusal['${field.name}'] ?? ${none}) as ${type.name}['${name}']\n`
    })
    const construction =
      fields.length === 0
        ? ''
        : `\n  constructor(refusal: Refusal, options?: KeysteadErrorOptions) {\n    super(refusal, options)\n${assigned.join('')}  }\n`
    return `${comment(type.description)}export class ${type.name} extends KeysteadError {
  override readonly name = '${type.name}'
  declare readonly code: '${code}'
${declared.join('')}${construction}}
`
  })
  return `${head}import { KeysteadError, type KeysteadErrorOptions, type Refusal } from '../errors.ts'
import type { ${[...imported].toSorted().join(', ')} } from './types.ts'

${classes.join('\n')}
/** Errors of \`UserError\` types, by the code that each has. */
export const refusalClasses = {
${errorTypes.map(({ name }) => `  ${codeOf(name)}: ${name},`).join('\n')}
} as const

/** A refusal that the caller can act on. \`code\` tells them apart. */
export type AnyRefusal = InstanceType<(typeof refusalClasses)[keyof typeof refusalClasses]>
`
}

function codeOf(name: string): string {
  return name
    .replace(/Error$/, '')
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase()
}

function errorFieldName(error: GraphQLObjectType, { name }: Field): string {
  return renamed[`${error.name}.${name}`] ?? name
}

/** Of the same error at top level, only the code and the message are known. */
function errorFieldType(field: Field): string {
  const type = typeScriptOf(field.type, leafOrName)
  return isListType(getNullableType(field.type)) || type.endsWith('| null') ? type : `${type} | null`
}
