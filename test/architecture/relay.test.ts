import {
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'

const composite = Object.values(schema.getTypeMap()).filter(
  (type) => (isObjectType(type) || isInterfaceType(type)) && !type.name.startsWith('__'),
) as GraphQLObjectType[]
const query = schema.getQueryType()?.getFields() ?? {}

/** Objects with an ID that `node` does not find, and why. */
const notNodes: Readonly<Record<string, string>> = {
  ImportParameters: 'Answered once: they are a secret of whoever asked, and expire within a day.',
  Subject: 'Somebody who is named in a token; the server keeps no people.',
  User: 'An entity of another subgraph.',
}

describe('Global Object Identification (https://relay.dev/graphql/objectidentification.htm)', () => {
  it('has an interface Node of one field, a globally unique ID', () => {
    const node = schema.getType('Node')
    expect(isInterfaceType(node)).toBe(true)
    const fields = Object.values((node as GraphQLObjectType).getFields())
    expect(fields.map(({ name, type }) => `${name}: ${String(type)}`)).toEqual(['id: ID!'])
  })

  it('has a root field that finds a node by its ID, and one that finds several', () => {
    expect(query['node']?.args.map(({ name, type }) => `${name}: ${String(type)}`)).toEqual(['id: ID!'])
    expect(String(query['node']?.type)).toBe('Node')
    expect(query['nodes']?.args.map(({ name, type }) => `${name}: ${String(type)}`)).toEqual(['ids: [ID!]!'])
    expect(String(query['nodes']?.type)).toBe('[Node]')
  })

  it('finds every object with an ID, but for those with a reason', () => {
    const withId = composite.filter(
      (type) => isObjectType(type) && String(type.getFields()['id']?.type) === 'ID!',
    )
    const others = withId.filter((type) => !type.getInterfaces().some(({ name }) => name === 'Node'))
    expect(others.map(({ name }) => name).toSorted()).toEqual(Object.keys(notNodes).toSorted())
  })
})

describe('Cursor Connections (https://relay.dev/graphql/connections.htm)', () => {
  const connections = composite.filter(({ name }) => name.endsWith('Connection'))
  const fields = composite.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => getNamedType(field.type).name.endsWith('Connection'))
      .map((field) => ({ path: `${type.name}.${field.name}`, field })),
  )

  it('has connections, and reserves the names', () => {
    expect(connections.length).toBeGreaterThan(3)
    expect(new Set(fields.map(({ field }) => getNamedType(field.type).name))).toEqual(
      new Set(connections.map(({ name }) => name)),
    )
    for (const type of connections) expect(isObjectType(type), type.name).toBe(true)
  })

  it.each(connections)('$name has a list of edges, and a PageInfo that is never null', (type) => {
    const { edges, pageInfo } = type.getFields()
    expect(isListType(getNullableType(edges?.type))).toBe(true)
    expect(getNamedType(edges?.type)?.name).toMatch(/Edge$/)
    expect(String(pageInfo?.type)).toBe('PageInfo!')
  })

  it.each(composite.filter(({ name }) => name.endsWith('Edge')))(
    '$name has a node that is no list, and a cursor that is a string',
    (type) => {
      const { node, cursor } = type.getFields()
      expect(isListType(getNullableType(node?.type))).toBe(false)
      const item = getNamedType(node?.type) as GraphQLObjectType
      // What is due has no identity: it follows from a key.
      const isNode = item.getInterfaces().some(({ name }) => name === 'Node')
      expect(isNode || item.name === 'UpcomingEvent', item.name).toBe(true)
      expect(String(cursor?.type)).toBe('String!')
    },
  )

  it('has a PageInfo of the four fields', () => {
    const info = schema.getType('PageInfo') as GraphQLObjectType
    const found = Object.values(info.getFields()).map(({ name, type }) => `${name}: ${String(type)}`)
    expect(found.toSorted()).toEqual([
      'endCursor: String',
      'hasNextPage: Boolean!',
      'hasPreviousPage: Boolean!',
      'startCursor: String',
    ])
  })

  it.each(fields)('$path pages forward and backward', ({ field }) => {
    const arguments_ = new Map(field.args.map(({ name, type }) => [name, String(type)]))
    for (const name of ['first', 'last']) expect(arguments_.get(name)).toBe('Int')
    for (const name of ['after', 'before']) expect(arguments_.get(name)).toBe('String')
  })
})
