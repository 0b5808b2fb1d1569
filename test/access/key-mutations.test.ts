import { type GraphQLInputObjectType, type GraphQLUnionType, getNamedType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { keyMutations } from './key-mutations.ts'

describe('the table of mutations on which the access tests rest', () => {
  it('has every mutation that names a user key', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
    const naming = fields.filter((field) => {
      const input = getNamedType(field.args[0]?.type) as GraphQLInputObjectType
      const items = input.getFields()['items']
      const item = items === undefined ? input : (getNamedType(items.type) as GraphQLInputObjectType)
      return Object.values(item.getFields()).some(
        ({ name, type }) => name === 'alias' || /^Key(Version)?Ref!?$/.test(String(type)),
      )
    })
    expect(keyMutations.map(({ name }) => name).sort()).toEqual(naming.map(({ name }) => name).sort())
  })

  it('has an input that is not valid for each but those that cannot have one', () => {
    const without = keyMutations.filter(({ invalidInput }) => invalidInput === undefined)
    expect(without.map(({ name }) => name).sort()).toEqual([
      'activateUserKey',
      'disableAccessControl',
      'encapsulate',
      'getImportParameters',
      'rotateUserKey',
      'rotateUserKeyBatch',
      'unpublishJwks',
    ])
    // Each can say so in its result, so that leaving the check to ForbiddenError is a choice.
    for (const { name } of keyMutations) {
      const union = getNamedType(schema.getMutationType()?.getFields()[name]?.type) as GraphQLUnionType
      expect(union.getTypes().map((type) => type.name)).toContain('InputValidationError')
    }
  })
})
