import {
  type GraphQLNamedType,
  type GraphQLType,
  getNamedType,
  getNullableType,
  isListType,
  isNonNullType,
} from 'graphql'
export const scalars: Readonly<Record<string, string>> = {
  ID: 'string',
  String: 'string',
  Boolean: 'boolean',
  Int: 'number',
  Count: 'number',
  Base64: 'Uint8Array',
  DateTime: 'string',
  KeyRef: 'string',
  SubjectRef: 'string',
  JSON: 'Readonly<Record<string, unknown>>',
}

export function comment(text: string | null | undefined, indent = ''): string {
  if (!text) return ''
  return `${indent}/** ${text.replaceAll('*/', '*\\/').replaceAll('\n', ' ')} */\n`
}

export function typeScriptOf(type: GraphQLType, named: (type: GraphQLNamedType) => string): string {
  if (isNonNullType(type)) return bare(type.ofType, named)
  return `${bare(type, named)} | null`
}

export function bare(type: GraphQLType, named: (type: GraphQLNamedType) => string): string {
  const inner = getNullableType(type)
  if (isListType(inner)) {
    if (/^EncryptionContextPair(Input)?$/.test(getNamedType(inner).name)) return 'EncryptionContext'
    const item = typeScriptOf(inner.ofType, named)
    return item.includes('|') ? `readonly (${item})[]` : `readonly ${item}[]`
  }
  return named(inner as GraphQLNamedType)
}

export function leafOrName(type: GraphQLNamedType): string {
  return scalars[type.name] ?? type.name
}

/** First line of each file. */
export const head = '// Made from the schema by `npm run print`; do not edit.\n'
