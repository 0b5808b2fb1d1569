import {
  type GraphQLEnumType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql'
import { schema } from '../../src/schema/index.ts'
import { oneOf, type RandomInput, randomScalar } from './random-input.ts'

/** A document in which whatever differs from server to server is a variable. */
export interface RandomDocument {
  readonly text: string
  /** Name of a variable to the name of what a server puts in. */
  readonly slots: Readonly<Record<string, string>>
  readonly operation: 'query' | 'mutation'
  readonly rootFields: readonly string[]
}

/** How large documents get. */
export interface DocumentShape {
  /** Fields of a query at its top; mutations have one. */
  readonly fieldsMax: number
  /** Levels of objects; a list and its items are one. */
  readonly depthMax: number
}

/** What asks for keys in general comes up more often than its share of the fields. */
const favourites = [
  ...['userKeys', 'userKeys', 'userKeys', 'auditEvents', 'auditEvents', 'auditEvents'],
  ...['userKeyCounts', 'upcomingEvents', 'usageSeries', 'usageSeries'],
  ...['userKey', 'node', 'nodes', 'destroyImpact', 'explainAccess', 'explainMyAccess', 'explainMyAccess'],
]
const itemsFirst = ['nodes', 'edges', 'node', 'version', 'defaultVersion', 'versions', 'key', 'userKey']

/**
 * Documents from all over the schema that are valid, for the most part: mutations of one field, queries of one or of
 * more. Aliases end with the name of their field.
 */
export function randomDocument(input: RandomInput, { fieldsMax, depthMax }: DocumentShape): RandomDocument {
  const { draw } = input
  const slots: Record<string, string> = {}
  const variables: string[] = []
  const fragments: string[] = []
  let made = 0

  function variableFor(type: string, slot: string): string {
    const name = `v${variables.length}`
    slots[name] = slot
    variables.push(`$${name}: ${type}`)
    return `$${name}`
  }

  function valueText(name: string, type: GraphQLInputType, parent: string): string {
    if (isNonNullType(type)) return valueText(name, type.ofType, parent)
    if (isListType(type)) {
      const count = draw(2)
      // Events of one moment are in an order that is chance; those of the same item are alike.
      if (name === 'items')
        return `[${Array(count)
          .fill(valueText(name, type.ofType, parent))
          .join(', ')}]`
      return `[${Array.from({ length: count }, () => valueText(name, type.ofType, parent)).join(', ')}]`
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields())
      // One condition by itself tells more than several that leave nothing.
      const isCondition = type.name.endsWith('Filter') && draw(2) > 0
      const given =
        type.isOneOf || isCondition
          ? [oneOf(draw, fields)]
          : type.name === 'KeyVersionRef'
            ? formOfVersion(fields)
            : fields.filter((field) => isNonNullType(field.type) || isWanted(type.name, field.name))
      const texts = given.map((field) => `${field.name}: ${valueText(field.name, field.type, type.name)}`)
      return `{ ${texts.join(', ')} }`
    }
    if (isEnumType(type)) return enumValueOf(name, type, parent)
    if (type.name === '_Any') {
      const typeName = oneOf(draw, ['UserKey', 'ServiceKey', 'KeyVersion'])
      const id = randomScalar(input, { name: 'id', scalar: 'ID' })
      // A variable inside of the value of a scalar is none.
      return typeof id === 'string' ? id : variableFor('_Any!', `${typeName} ${id.slot}`)
    }
    const scalar = randomScalar(input, { name, scalar: type.name, parent })
    return typeof scalar === 'string' ? scalar : variableFor(scalar.type, scalar.slot)
  }

  function enumValueOf(name: string, type: GraphQLEnumType, parent: string): string {
    // Keys with a large modulus take seconds to make, and others show the same.
    const values = type.getValues().map((each) => each.name)
    const isSlow = (value: string) => name === 'algorithm' && /^RSA/.test(value) && /Key/.test(parent)
    return oneOf(
      draw,
      values.filter((value) => !isSlow(value)),
    )
  }

  /** One of the two forms of an address. */
  function formOfVersion<Field extends { readonly name: string }>(fields: readonly Field[]): Field[] {
    const form = oneOf(draw, [['id'], ['key', 'number']])
    return fields.filter(({ name }) => form.includes(name))
  }

  /** Whether to give what is optional. */
  function isWanted(parent: string, name: string): boolean {
    if (name === 'filter') return draw(3) > 0
    if (parent === 'CreateUserKeyInput' && (name === 'algorithm' || name === 'origin'))
      return name === 'algorithm'
    // All conditions of a filter together would leave nothing.
    return draw(parent.endsWith('Filter') ? 6 : 2) === 0
  }

  function argumentsOf(field: GraphQLField<unknown, unknown>): string {
    const given = field.args.filter(({ name, type }) => isNonNullType(type) || isWanted(field.name, name))
    const names = given.map(({ name }) => name)
    const texts = given
      .filter(({ name }) => name !== 'last' || !names.includes('first'))
      .map(({ name, type }) => `${name}: ${valueText(name, type, field.name)}`)
    return texts.length === 0 ? '' : `(${texts.join(', ')})`
  }

  function fieldText(field: GraphQLField<unknown, unknown>, depth: number): string {
    made += 1
    const alias = `x${made}_${field.name}`
    const type = getNamedType(field.type)
    const condition = draw(20) === 0 ? ` @include(if: ${draw(3) > 0})` : ''
    const below = isLeafType(type) ? '' : ` ${selectionOf(type, isPage(type) ? depth : depth + 1)}`
    return `${alias}: ${field.name}${argumentsOf(field)}${condition}${below}`
  }

  function selectionOf(type: GraphQLNamedType, depth: number): string {
    const parts: string[] = ['__typename']
    if (isAbstractType(type)) {
      const types = schema.getPossibleTypes(type)
      // Errors and what they say come up often enough only if they are always asked for.
      if (types.length > 6) parts.push('... on UserError { code message }')
      const userKey = types.find(({ name }) => name === 'UserKey')
      const chosen = new Set([types.at(0), userKey ?? types.at(-1), oneOf(draw, types)])
      for (const each of chosen) {
        if (each !== undefined) parts.push(`... on ${each.name} ${selectionOf(each, depth)}`)
      }
    } else {
      const fields = Object.values((type as GraphQLObjectType).getFields()).filter(
        (field) => depth < depthMax || isPage(type) || isLeafType(getNamedType(field.type)),
      )
      const wanted = Math.min(fields.length, depth > 3 ? 2 : 1 + draw(6))
      if (type.name === 'UserKey' && draw(2) > 0) parts.push('always: id seen: viewerCanAccess named: name')
      const items = fields.filter(({ name }) => itemsFirst.includes(name))
      if (items.length > 0 && draw(3) > 0) parts.push(fieldText(oneOf(draw, items), depth))
      for (let index = 0; index < wanted; index++) parts.push(fieldText(oneOf(draw, fields), depth))
    }
    const selection = `{ ${parts.join(' ')} }`
    if (draw(6) > 0) return selection
    const name = `F${fragments.length}`
    fragments.push(`fragment ${name} on ${type.name} ${selection}`)
    return `{ ...${name} }`
  }

  const operation = draw(3) === 0 ? 'mutation' : 'query'
  const root = operation === 'query' ? schema.getQueryType() : schema.getMutationType()
  const fields = Object.values(root?.getFields() ?? {})
  // What one request does twice happens at one moment, and is then in an order that is chance.
  const count = operation === 'query' ? 1 + draw(fieldsMax - 1) : 1
  const frequent = favourites.flatMap((name) => fields.filter((field) => field.name === name))
  const isFrequent = () => frequent.length > 0 && draw(2) > 0
  const chosen = Array.from({ length: count }, () => oneOf(draw, isFrequent() ? frequent : fields))
  const body = chosen.map((field) => fieldText(field, 1)).join(' ')
  const head = variables.length === 0 ? '' : `(${variables.join(', ')})`
  return {
    text: [`${operation}${head} { ${body} }`, ...fragments].join('\n'),
    slots,
    operation,
    rootFields: chosen.map(({ name }) => name),
  }
}

function isPage({ name }: GraphQLNamedType): boolean {
  return /Connection$|Edge$/.test(name)
}
