import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
} from 'graphql'
import { settings } from '../../src/config.ts'
import { schema } from '../../src/schema/index.ts'
import type { PrintedFile } from './printed-file.ts'

const begin = '<!-- Made from the schema by `npm run print`; do not edit. -->'
const end = '<!-- End of what is made. -->'

type Element = GraphQLArgument | GraphQLInputField | GraphQLField<unknown, unknown>

/** A list of the schema. */
export interface SchemaList {
  /** e.g. `UserKeyFilter.status` or `Query.nodes(ids)`. */
  readonly name: string
  readonly isInput: boolean
  readonly element: Element
}

/** Every list of the schema, but for those of introspection, which only the schema itself makes longer. */
export function listsOfSchema(): readonly SchemaList[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type))
    .flatMap(listsOfType)
    .toSorted((a, b) => Number(b.isInput) - Number(a.isInput) || (a.name < b.name ? -1 : 1))
}

function listsOfType(type: GraphQLNamedType): SchemaList[] {
  if (isInputObjectType(type)) {
    return Object.values(type.getFields())
      .filter(isList)
      .map((element) => ({ name: `${type.name}.${element.name}`, isInput: true, element }))
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field) => {
    const name = `${type.name}.${field.name}`
    const inputs = field.args
      .filter(isList)
      .map((element) => ({ name: `${name}(${element.name})`, isInput: true, element }))
    return isList(field) ? [...inputs, { name, isInput: false, element: field }] : inputs
  })
}

function isList({ type }: Element): boolean {
  return isListType(getNullableType(type))
}

/** The tables of lists in the document about limits. */
export const listLimitTables: PrintedFile = {
  path: 'docs/limits.md',
  source: 'src/schema',
  print(current) {
    const [before, rest = ''] = current.split(begin)
    const [, after = ''] = rest.split(end)
    const lists = listsOfSchema()
    const inputs = tableOf(lists.filter(({ isInput }) => isInput))
    const answers = tableOf(lists.filter(({ isInput }) => !isInput))
    return `${before}${begin}\n\nIn requests:\n\n${inputs}\n\nIn answers:\n\n${answers}\n\n${end}${after}`
  },
}

function tableOf(lists: readonly SchemaList[]): string {
  const rows = lists.map(({ name, element }) => `| \`${name}\` | ${limitText(element)} |`)
  return ['| List | Entries at most |', '| --- | --- |', ...rows].join('\n')
}

function limitText({ type, extensions: { itemsMax } }: Element): string {
  if (itemsMax === 'BATCH_ITEMS_MAX') {
    return `${settings.BATCH_ITEMS_MAX.default}, the default of \`BATCH_ITEMS_MAX\``
  }
  const named = getNamedType(type)
  if (itemsMax === 'ONE_FOR_EACH_VALUE' && isEnumType(named)) {
    return `${named.getValues().length}, one for each value of \`${named.name}\``
  }
  return itemsMax === undefined ? 'no limit' : itemsMax.toLocaleString('en')
}
