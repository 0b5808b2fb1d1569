import { buildSchema, type GraphQLObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { compose, sdlOf } from './subgraphs.ts'

/** The fields of a type of the supergraph, with their types. */
function fieldsOf(publicSdl: string, typeName: string): Record<string, string> {
  const type = buildSchema(publicSdl).getType(typeName) as GraphQLObjectType
  return Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, String(field.type)]))
}

describe('the subgraph', () => {
  it('composes with one that knows people, and with one that refers to keys', () => {
    const { errors, publicSdl } = compose()
    expect(errors).toEqual([])
    expect(fieldsOf(publicSdl, 'User')).toEqual({ id: 'ID!', name: 'String!' })
    expect(fieldsOf(publicSdl, 'Subject')['user']).toBe('User')
    expect(fieldsOf(publicSdl, 'Vault')['key']).toBe('UserKey')
    expect(fieldsOf(publicSdl, 'UserKey')).toMatchObject({ name: 'String!', status: 'KeyStatus' })
  })

  it('leaves `node` to others, and shows nothing of what is for gateways', () => {
    const fields = Object.keys(fieldsOf(compose().publicSdl, 'Query'))
    // This `node` is that of the vaults.
    expect(fields).toEqual(expect.arrayContaining(['node', 'me', 'vaults', 'userKeys', 'viewer']))
    expect(fields.filter((name) => name.startsWith('_') || name === 'nodes')).toEqual([])
    const withoutVaults = compose({ vaults: null })
    expect(withoutVaults.errors).toEqual([])
    expect(Object.keys(fieldsOf(withoutVaults.publicSdl, 'Query'))).not.toContain('node')
  })

  it('is the only one that tells of its keys: another that claims a field of them is refused', () => {
    const refers = 'type UserKey @key(fields: "id", resolvable: false) {'
    expect(sdlOf('vaults')).toContain(refers)
    const claiming = sdlOf('vaults').replace(refers, 'type UserKey @key(fields: "id") { name: String!')
    expect(compose({ vaults: claiming }).errors).toEqual(['INVALID_FIELD_SHARING'])
  })

  it('shares `PageInfo` with every subgraph that shares it too', () => {
    const unshared = sdlOf('vaults').replace('PageInfo @shareable', 'PageInfo')
    expect(compose({ vaults: unshared }).errors).toContain('INVALID_FIELD_SHARING')
  })
})
