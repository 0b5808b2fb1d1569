import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'

/** Paths of what is deprecated otherwise than docs/api-policy.md says. */
function badDeprecations(of: GraphQLSchema): string[] {
  const elements: [string, string | null | undefined][] = []
  for (const type of Object.values(of.getTypeMap()).filter((each) => !isIntrospectionType(each))) {
    if (isEnumType(type)) {
      for (const { name, deprecationReason } of type.getValues())
        elements.push([`${type.name}.${name}`, deprecationReason])
    }
    if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) {
        elements.push([`${type.name}.${field.name}`, field.deprecationReason])
        for (const { name, deprecationReason } of 'args' in field ? field.args : [])
          elements.push([`${type.name}.${field.name}.${name}`, deprecationReason])
      }
    }
  }
  return elements.filter(([, reason]) => reason != null && !isGood(reason)).map(([path]) => path)
}

/** It says what to use, and until when the old way works: a day that there is. */
function isGood(reason: string): boolean {
  const [, day = ''] = /^.{5,}\. Removed after (\d{4}-\d{2}-\d{2})\.$/.exec(reason) ?? []
  return new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day) === true && day !== ''
}

describe('a deprecation', () => {
  it('says what to use, and the day until which the old way works', () => {
    expect(badDeprecations(schema)).toEqual([])
  })

  it('that does not say so is found, wherever it is', () => {
    const found = badDeprecations(
      buildSchema(`
        type Query {
          good(old: Int @deprecated(reason: "Use young. Removed after 2027-02-28.")): Int
          gone: Int @deprecated
          a(old: Int @deprecated(reason: "Use young.")): In
          b: Int @deprecated(reason: "Removed after 2027-02-28.")
        }
        enum In { X @deprecated(reason: "Use Y. Removed after 2027-02-30.") Y }
        input I { z: Int @deprecated(reason: "Use y. Removed after the next release.") y: Int }
        extend type Query { i(in: I): Int }
      `),
    )
    expect(found.toSorted()).toEqual(['I.z', 'In.X', 'Query.a.old', 'Query.b', 'Query.gone'])
  })
})
