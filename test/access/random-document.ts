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

const deepest = 6

/** Documents from all over the schema that are valid, for the most part. Aliases end with the name of their field. */
export function randomDocument(input: RandomInput): RandomDocument {
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
      const values = Array.from({ length: draw(2) }, () => valueText(name, type.ofType, parent))
      return `[${values.join(', ')}]`
    }
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields())
      const given = type.isOneOf
        ? [oneOf(draw, fields)]
        : fields.filter((field) => isNonNullType(field.type) || isWanted(type.name, field.name))
      const texts = given.map((field) => `${field.name}: ${valueText(field.name, field.type, type.name)}`)
      return `{ ${texts.join(', ')} }`
    }
    if (isEnumType(type)) return enumValueOf(name, type, parent)
    const scalar = randomScalar(input, { name, scalar: type.name })
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

  /** Whether to give what is optional. */
  function isWanted(parent: string, name: string): boolean {
    if (parent === 'CreateUserKeyInput' && (name === 'algorithm' || name === 'origin'))
      return name === 'algorithm'
    return draw(3) === 0
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
    const type = getNamedType(field.type)
    const condition = draw(20) === 0 ? ` @include(if: ${draw(3) > 0})` : ''
    const below = isLeafType(type) ? '' : ` ${selectionOf(type, depth + 1)}`
    return `x${made}_${field.name}: ${field.name}${argumentsOf(field)}${condition}${below}`
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
        (field) => depth < deepest || isLeafType(getNamedType(field.type)),
      )
      const wanted = Math.min(fields.length, depth > 3 ? 2 : 1 + draw(6))
      for (let index = 0; index < wanted; index++) parts.push(fieldText(oneOf(draw, fields), depth))
    }
    const selection = `{ ${parts.join(' ')} }`
    if (draw(6) > 0) return selection
    const name = `F${fragments.length}`
    fragments.push(`fragment ${name} on ${type.name} ${selection}`)
    return `{ ...${name} }`
  }

  const operation = draw(2) === 0 ? 'mutation' : 'query'
  const root = operation === 'query' ? schema.getQueryType() : schema.getMutationType()
  const fields = Object.values(root?.getFields() ?? {})
  // What one request does twice happens at one moment, and is then in an order that is chance.
  const count = operation === 'query' ? 1 + Math.max(0, draw(3) - 1) : 1
  const chosen = Array.from({ length: count }, () => oneOf(draw, fields))
  const body = chosen.map((field) => fieldText(field, 1)).join(' ')
  const head = variables.length === 0 ? '' : `(${variables.join(', ')})`
  return {
    text: [`${operation}${head} { ${body} }`, ...fragments].join('\n'),
    slots,
    operation,
    rootFields: chosen.map(({ name }) => name),
  }
}
