import { type GraphQLObjectType, getNamedType, isObjectType, isUnionType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { KeysteadError } from '../../src/errors.ts'
import {
  ConflictError,
  ForbiddenError,
  KeyNotFoundError,
  OtherError,
  UnavailableError,
} from '../../src/keys/rules/errors.ts'
import { asResultError } from '../../src/schema/errors.ts'
import { schema } from '../../src/schema/index.ts'

const unions = Object.values(schema.getTypeMap())
  .filter(isUnionType)
  .filter(({ name }) => !name.startsWith('_'))
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})

function isError(type: GraphQLObjectType): boolean {
  return type.getInterfaces().some(({ name }) => name === 'UserError')
}

describe('results', () => {
  it('are a union for every mutation', () => {
    expect(mutations.length).toBeGreaterThan(40)
    expect(mutations.filter(({ type }) => !isUnionType(type)).map(({ name }) => name)).toEqual([])
  })

  it.each(unions)('of %s are one payload and errors, with ForbiddenError and OtherError', (union) => {
    const members = union.getTypes()
    expect(members.filter((type) => !isError(type))).toHaveLength(1)
    const names = members.map(({ name }) => name)
    expect(names).toContain('ForbiddenError')
    expect(names).toContain('OtherError')
  })

  it('of changes share an interface: all payloads with a user key', () => {
    const payloads = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => name.endsWith('Payload'))
    const withKey = payloads.filter(
      (type) => getNamedType(type.getFields()['userKey']?.type)?.name === 'UserKey',
    )
    const sharing = payloads.filter((type) =>
      type.getInterfaces().some(({ name }) => name === 'UserKeyChange'),
    )
    expect(withKey.length).toBeGreaterThan(15)
    expect(sharing).toEqual(withKey)
  })
})

describe('an error of a mutation', () => {
  const own = [KeyNotFoundError]

  it('is a result as what it is, if the mutation lists it or every mutation has it', () => {
    for (const error of [new KeyNotFoundError(), new ForbiddenError(), new OtherError('LATER', 'Later.')]) {
      expect(asResultError(error, own)).toBe(error)
    }
  })

  it('comes as OtherError with its code and message, if the mutation does not list it', () => {
    class LaterError extends KeysteadError {
      // A code of a later release.
      readonly code = 'QUOTA_EXCEEDED' as never
    }
    const conflict = new ConflictError({ currentRevision: 1, currentDefaultVersionNumber: 1 })
    for (const error of [new LaterError('The quota of the project is used up.'), conflict]) {
      const { code, message } = error
      expect(asResultError(error, own)).toMatchObject({ code: 'OTHER', codeText: code, message })
    }
  })

  it('stays a top-level error if the caller can do nothing about the operation itself', () => {
    for (const error of [new UnavailableError(), new TypeError('a bug')]) {
      expect(asResultError(error, own)).toBe(error)
    }
  })
})
