import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { alwaysVisible } from '../architecture/always-visible.ts'
import { fieldRules, mutationRules, queryRules, subscriptionRules } from './entitlement-table.ts'

const fieldsOf = (type: GraphQLObjectType | null | undefined) => Object.values(type?.getFields() ?? {})
const namesOf = (fields: readonly GraphQLField<unknown, unknown>[]) => fields.map(({ name }) => name).sort()

/** Object types that a field can answer with itself, not only inside of something. */
function answersOf(field: GraphQLField<unknown, unknown>): readonly GraphQLObjectType[] {
  const type = getNamedType(field.type)
  if (isAbstractType(type)) return schema.getPossibleTypes(type)
  return isObjectType(type) ? [type] : []
}

/** The items of a list stand for it. */
function itemsOf(type: GraphQLObjectType): readonly GraphQLObjectType[] {
  const nodes = type.getFields()['nodes']
  return nodes !== undefined && type.name.endsWith('Connection') ? answersOf(nodes) : [type]
}

const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]

describe('the table of entitlements', () => {
  it('has a row for every query, every mutation and every subscription, and no others', () => {
    expect(namesOf(fieldsOf(schema.getQueryType()))).toEqual(Object.keys(queryRules).sort())
    expect(namesOf(fieldsOf(schema.getMutationType()))).toEqual(Object.keys(mutationRules).sort())
    expect(namesOf(fieldsOf(schema.getSubscriptionType()))).toEqual(Object.keys(subscriptionRules).sort())
  })

  it('has every type that a query can answer with, and no others', () => {
    const types = fieldsOf(schema.getQueryType()).flatMap(answersOf).flatMap(itemsOf)
    expect(Object.keys(fieldRules).sort()).toEqual([...new Set(types.map(({ name }) => name))].sort())
  })

  it.each(Object.entries(fieldRules))('has one row for each field of %s', (name, rules) => {
    const type = schema.getType(name) as GraphQLObjectType
    expect(Object.values(rules).flat().sort()).toEqual(namesOf(fieldsOf(type)))
  })

  it('leaves out only types whose fields show nothing more than what they hang below', () => {
    const others = Object.values(schema.getTypeMap()).filter(
      (type) =>
        isObjectType(type) &&
        !type.name.startsWith('__') &&
        !roots.includes(type) &&
        fieldRules[type.name] === undefined,
    )
    for (const type of others) {
      const known = alwaysVisible[type.name] ?? []
      // What an interface has is in the row of the interface.
      const inherited = (type as GraphQLObjectType)
        .getInterfaces()
        .filter(isInterfaceType)
        .flatMap((each) => alwaysVisible[each.name] ?? [])
      const missing = namesOf(fieldsOf(type as GraphQLObjectType)).filter(
        (field) => !known.includes(field) && !inherited.includes(field),
      )
      expect(missing, `fields of ${type.name} without a row`).toEqual([])
    }
  })
})
