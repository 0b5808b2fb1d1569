import { type GraphQLEnumType, type GraphQLObjectType, isInterfaceType } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const names = ['g', 'a', 'f', 'b', 'e', 'c', 'd']

interface Page {
  readonly edges: readonly { cursor: string; node: { id: string } }[]
  readonly nodes: readonly { id: string }[]
  readonly pageInfo: Record<string, unknown>
}

interface Item {
  readonly id: string
  readonly __typename: string
}

/** Arguments of a page; cursors are places in the whole list. */
interface Arguments {
  readonly first?: number
  readonly last?: number
  readonly after?: number
  readonly before?: number
}

/** The edges that the specification asks for ("EdgesToReturn"), with what lies beyond them. */
function edgesToReturn<T>(all: readonly T[], { first, last, after, before }: Arguments) {
  const edges = all.slice(after === undefined ? 0 : after + 1, before)
  if (first !== undefined) return { edges: edges.slice(0, first), more: edges.length > first }
  return { edges: edges.slice(Math.max(0, edges.length - (last ?? 0))), more: edges.length > (last ?? 0) }
}

describe('against the specifications of Relay', () => {
  let story: Story
  let client: Client
  let keyId: string
  let serviceKeyId: string

  beforeAll(async () => {
    story = await startStory()
    client = story.as(admin)
    for (const name of names) {
      story.clock.advance({ minutes: 1 })
      const { userKey } = await client.mutate('createUserKey', { name }, 'userKey { id }')
      keyId = userKey.id
      await client.mutate('bindRole', { subject: `user:${name}`, role: 'KMS_VIEWER' })
    }
    for (let n = 0; n < 6; n++) await client.mutate('rotateUserKey', { key: keyId })
    for (const name of names) {
      const agent = story.as({ name: `agent ${name}`, kind: 'SERVICE_AGENT' })
      const { keyId: id } = await agent.mutate('encryptWithServiceKey', { plaintext: base64('x') }, 'keyId')
      serviceKeyId = id
    }
    for (let n = 0; n < 6; n++) {
      const agent = story.as({ name: 'agent d', kind: 'SERVICE_AGENT' })
      await agent.mutate('encryptWithServiceKey', { plaintext: base64('x') })
    }
  })
  afterAll(() => endStory(story))

  async function pageOf(
    [inside, field]: readonly [string, string],
    given: Record<string, unknown>,
  ): Promise<Page> {
    const wrap = (inner: string) =>
      inside === ''
        ? `{ at: __typename ${inner} }`
        : `{ at: node(id: "${idOf(inside)}") { ... on ${inside} { ${inner} } } }`
    const texts = Object.entries(given).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    const parameters = texts.length === 0 ? '' : `(${texts.join(', ')})`
    const data = await client.ask<Record<string, unknown>>(
      wrap(`${field}${parameters} {
        edges { cursor node { id } } nodes { id }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }`),
    )
    return ((inside === '' ? data : data['at']) as Record<string, Page>)[field] as Page
  }

  const idOf = (type: string) => (type === 'ServiceKey' ? serviceKeyId : keyId)

  const lists = [
    ['', 'userKeys'],
    ['', 'serviceKeys'],
    ['', 'auditEvents'],
    ['', 'roleBindings'],
    ['UserKey', 'versions'],
    ['UserKey', 'auditEvents'],
  ] as const

  it.each(lists)('the list %s.%s is cut as the algorithm cuts it', async (...list) => {
    const all = (await pageOf(list, { first: 200 })).edges
    expect(all.length).toBeGreaterThanOrEqual(7)
    expect(new Set(all.map(({ node }) => node.id)).size).toBe(all.length)
    const cases: Arguments[] = [
      ...[0, 1, 3, all.length, 200].flatMap((size) => [{ first: size }, { last: size }]),
      ...[0, 2, all.length - 1].flatMap((place) => [
        { first: 2, after: place },
        { last: 2, before: place },
        { first: 200, before: place },
        { last: 200, after: place },
        { first: 2, after: 1, before: place },
        { last: 2, after: 1, before: place },
      ]),
    ]
    for (const given of cases) {
      const cursorAt = (place: number | undefined) => (place === undefined ? undefined : all[place]?.cursor)
      const page = await pageOf(list, {
        ...given,
        ...(given.after !== undefined && { after: cursorAt(given.after) }),
        ...(given.before !== undefined && { before: cursorAt(given.before) }),
      })
      const { edges, more } = edgesToReturn(all, given)
      const what = JSON.stringify(given)
      expect(page.edges, what).toEqual(edges)
      expect(page.nodes, what).toEqual(edges.map(({ node }) => node))
      expect(page.pageInfo['startCursor'], what).toBe(edges.at(0)?.cursor ?? null)
      expect(page.pageInfo['endCursor'], what).toBe(edges.at(-1)?.cursor ?? null)
      const { hasNextPage, hasPreviousPage } = page.pageInfo
      expect(given.first === undefined ? hasPreviousPage : hasNextPage, what).toBe(more)
    }
  })

  it.each(lists)('the list %s.%s refuses sizes below zero', async (...list) => {
    for (const given of [{ first: -1 }, { last: -1 }]) {
      await expect(pageOf(list, given)).rejects.toThrow('must be 0 to 200')
    }
  })

  it('every type of node is found again by its ID, as it was', async () => {
    const possible = schema.getType('Node')
    if (!isInterfaceType(possible)) throw new Error('there is no Node')
    const types = schema.getPossibleTypes(possible).map(({ name }) => name)
    const selections = `... on Node { ${types.map((name) => `... on ${name} { ${scalarsOf(name)} }`).join(' ')} }`
    const page = `(first: 3) { nodes { __typename id ${selections} } }`
    const samples = await client.ask<
      Record<string, { nodes: Item[] }> & { node: { versions: { nodes: Item[] } } }
    >(
      `{ auditEvents${page} node(id: "${keyId}") { ... on UserKey { versions${page} } }
         userKeys${page} serviceKeys${page} roleBindings${page} }`,
    )
    const { node, ...pages } = samples
    const found = [...Object.values(pages), node.versions].flatMap(({ nodes }) => nodes)
    expect(new Set(found.map((each) => each.__typename))).toEqual(new Set(types))
    const ids = found.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const again = await client.ask<{ nodes: unknown[] }>(
      `query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ${selections} } }`,
      { ids: [...ids, 'ukey_none', ids[0]] },
    )
    expect(again.nodes).toEqual([...found, null, found[0]])
    for (const each of found) {
      const refetched = await client.ask<{ node: unknown }>(
        `query($id: ID!) { node(id: $id) { __typename id ${selections} } }`,
        { id: each.id },
      )
      expect(refetched.node).toEqual(each)
    }
  })

  it.each([
    ['NAME', 'ASC'],
    ['NAME', 'DESC'],
    ['CREATED_AT', 'ASC'],
    ['CREATED_AT', 'DESC'],
  ])('a walk by %s %s shows each key once, whatever comes and goes meanwhile', async (field, direction) => {
    const person = { ...admin, project: `walk-${field}-${direction}` }
    const walker = story.as(person)
    const create = async (name: string) => {
      story.clock.advance({ minutes: 1 })
      const { userKey } = await walker.mutate(
        'createUserKey',
        { name, preActivation: true },
        'userKey { id }',
      )
      return userKey.id as string
    }
    for (const name of names) await create(`${name}1`)
    const seen: string[] = []
    let after: string | null = null
    for (let round = 0; ; round++) {
      const { userKeys }: { userKeys: { nodes: { name: string }[]; pageInfo: Record<string, unknown> } } =
        await walker.ask(
          `query($after: String) { userKeys(first: 2, after: $after, orderBy: { field: ${field}, direction: ${direction} }) {
             nodes { name } pageInfo { hasNextPage endCursor } } }`,
          { after },
        )
      seen.push(...userKeys.nodes.map(({ name }) => name))
      if (userKeys.pageInfo['hasNextPage'] !== true || round > 20) break
      after = userKeys.pageInfo['endCursor'] as string
      // One more on each side of the cursor, and the key of the cursor itself goes.
      if (round === 0) {
        for (const name of ['0', 'z']) await create(name)
        const gone = seen.at(-1) ?? ''
        const { userKey } = await walker.ask<{ userKey: { id: string } }>(
          `{ userKey(key: "${gone}") { id } }`,
        )
        await walker.mutate('deleteUserKey', { key: userKey.id, confirmName: gone })
      }
    }
    const original = seen.filter((name) => name.endsWith('1'))
    expect(original.toSorted()).toEqual(names.map((name) => `${name}1`).toSorted())
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('of a status that is named as often as a filter takes it has the keys once, and says so with the same cursors', async () => {
    const document = `query($status: [KeyStatus!], $after: String) {
      userKeys(first: 2, after: $after, filter: { status: $status }) { nodes { name } totalCount pageInfo { endCursor } } }`
    const { length: statuses } = (schema.getType('KeyStatus') as GraphQLEnumType).getValues()
    const status = new Array(statuses).fill('ACTIVE')
    const once = await client.ask<{ userKeys: { pageInfo: { endCursor: string } } }>(document, {
      status: ['ACTIVE'],
    })
    expect(await client.ask(document, { status })).toEqual(once)
    const after = once.userKeys.pageInfo.endCursor
    expect(await client.ask(document, { status, after })).toEqual(
      await client.ask(document, { status: ['ACTIVE'], after }),
    )
  })
})

/** Fields of a type that have no arguments and no fields of their own. */
function scalarsOf(name: string): string {
  const fields = Object.values((schema.getType(name) as GraphQLObjectType).getFields())
  return fields
    .filter(
      ({ type, args }) => args.length === 0 && /^(ID|String|Int|Boolean|DateTime)!?$/.test(String(type)),
    )
    .map((field) => (field.name === 'id' ? 'id' : `${name}_${field.name}: ${field.name}`))
    .join(' ')
}
