import {
  type GraphQLEnumType,
  type GraphQLInputObjectType,
  getNamedType,
  isEnumType,
  isListType,
} from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const owner: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const bob: Person = { name: 'bob', roles: ['KMS_VIEWER'] }

/** Hidden fields differ in every way that a filter can ask for. */
const keys: readonly [string, object][] = [
  ['a-fresh', { preActivation: true }],
  ['b-aes', {}],
  ['c-rotating', { algorithm: 'AES_128_GCM', automaticRotation: { enabled: true, cycleDays: 30 } }],
  ['d-signing', { algorithm: 'ED25519' }],
  ['e-stopped', { algorithm: 'CHACHA20_POLY1305' }],
]

/** The fields of the filter that ask for something that a redacted key hides; the others ask for what it shows. */
const hiddenFields = [
  ...['status', 'type', 'usage', 'algorithm', 'origin', 'versionStatus', 'automaticRotationEnabled'],
  ...['labels', 'owner', 'nextRotationBefore', 'destructionScheduledBefore', 'unusedSince'],
  ...['neverUsed', 'canProtect', 'nearEncryptionLimit'],
]
const visibleFields = ['namePrefix', 'accessControlEnabled', 'createdBy', 'createdAfter', 'createdBefore']
/** What finds redacted keys by their name, and the others by more. */
const searchFields = ['search']

interface List {
  readonly nodes: { readonly name: string; readonly viewerCanAccess: boolean }[]
  readonly totalCount: number
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

const listKeys = `query($filter: UserKeyFilter, $orderBy: UserKeyOrder, $first: Int, $after: String, $before: String) {
  userKeys(filter: $filter, orderBy: $orderBy, first: $first, after: $after, before: $before) {
    totalCount nodes { name viewerCanAccess } pageInfo { hasNextPage endCursor }
  }
}`

const filterType = schema.getType('UserKeyFilter') as GraphQLInputObjectType

/** Of fields without a list of values: such as some keys have, and one that none has. */
const otherValues: Readonly<Record<string, readonly unknown[]>> = {
  labels: [[{ name: 'team' }], [{ name: 'team', value: 'payments' }], [{ name: 'nothing' }]],
  owner: ['user:olga', 'user:nobody'],
  nextRotationBefore: ['2026-05-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  destructionScheduledBefore: ['2026-05-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  unusedSince: ['2026-05-01T00:00:00Z', '2026-01-01T00:00:00Z'],
}

/** Every value of a hidden field by itself, all of them at once, and none of them. */
function conditionsOn(field: string): object[] {
  const others = otherValues[field]
  if (others !== undefined) return others.map((value) => ({ [field]: value }))
  const type = filterType.getFields()[field]?.type
  const named = getNamedType(type)
  const values = isEnumType(named)
    ? (named as GraphQLEnumType).getValues().map(({ name }) => name)
    : [true, false]
  if (!isListType(type)) return values.map((value) => ({ [field]: value }))
  return [...values.map((value) => [value]), values, []].map((list) => ({ [field]: list }))
}

describe.skipIf(hasNoDatabase())('lists', () => {
  let story: Story
  let ada: Client
  let olga: Client

  beforeAll(async () => {
    story = await startStory()
    ada = story.as(admin)
    olga = story.as(owner)
    // Of each sort one that is redacted for all but its owner, and one that is whole for everybody.
    for (const [name, input] of keys) {
      for (const suffix of ['closed', 'open']) {
        story.clock.advance({ minutes: 1 })
        const { userKey } = await olga.mutate(
          'createUserKey',
          { name: `${name}-${suffix}`, accessControl: { enabled: suffix === 'closed' }, ...input },
          'userKey { id }',
        )
        if (name === 'b-aes')
          await olga.mutate('labelUserKey', { key: userKey.id, set: [{ name: 'team', value: 'payments' }] })
        if (name !== 'e-stopped') continue
        const version = { key: userKey.id, number: 1 }
        await olga.mutate('deactivateKeyVersion', { version })
        await olga.mutate('destroyKeyVersion', { version, waitingPeriodDays: 30 })
      }
    }
    await story.sql(`INSERT INTO key_version_usage (key_id, version_number, encryptions)
      SELECT id, 1, ${2 ** 32} FROM keys WHERE name LIKE 'b-aes-%'`)
  })
  afterAll(() => endStory(story))

  async function list(client: Client, variables: object = {}): Promise<List> {
    return (await client.ask<{ userKeys: List }>(listKeys, variables)).userKeys
  }

  async function refusalOf(client: Client, variables: object): Promise<string> {
    const { data, errors } = await client.send(listKeys, variables)
    expect(data?.userKeys ?? null).toBeNull()
    expect(errors).toHaveLength(1)
    return JSON.stringify([errors[0]?.message, errors[0]?.extensions])
  }

  it('can be filtered by the fields that this file knows, and no others', () => {
    expect(Object.keys(filterType.getFields()).sort()).toEqual(
      [...hiddenFields, ...visibleFields, ...searchFields].sort(),
    )
  })

  it.each(hiddenFields.flatMap(conditionsOn).map((filter) => [JSON.stringify(filter), filter] as const))(
    'leave redacted keys out for %s, from items, count and pages alike',
    async (_name, filter) => {
      const mine = await list(olga, { filter })
      const theirs = await list(ada, { filter })
      const open = mine.nodes.filter(({ name }) => name.endsWith('-open'))
      // The condition itself works: of each pair the owner gets both or none.
      expect(mine.nodes).toHaveLength(open.length * 2)
      expect(theirs.nodes).toEqual(open)
      expect(theirs.totalCount).toBe(open.length)
      expect(theirs.pageInfo.hasNextPage).toBe(false)
      const exact = await list(ada, { filter, first: open.length })
      expect(exact.pageInfo.hasNextPage).toBe(false)
      const none = await list(ada, {
        filter: { ...filter, namePrefix: 'b-aes-c', accessControlEnabled: true },
      })
      expect(none).toMatchObject({
        nodes: [],
        totalCount: 0,
        pageInfo: { hasNextPage: false, endCursor: null },
      })
    },
  )

  it('match something for each hidden field, so that leaving keys out can be seen', async () => {
    for (const field of hiddenFields) {
      const counts = await Promise.all(
        conditionsOn(field).map(async (filter) => (await list(ada, { filter })).totalCount),
      )
      expect(Math.max(...counts), field).toBeGreaterThan(0)
    }
  })

  it('have redacted keys for conditions on what they show, and without conditions', async () => {
    const created = await olga.ask<{ userKey: { createdAt: string } }>(
      '{ userKey(key: "c-rotating-closed") { createdAt } }',
    )
    for (const [filter, count] of [
      [{}, 10],
      [Object.fromEntries([...hiddenFields, ...searchFields].map((field) => [field, null])), 10],
      [{ namePrefix: 'c-' }, 2],
      [{ accessControlEnabled: true }, 5],
      [{ createdBy: 'user:olga' }, 10],
      [{ createdBy: 'user:ada' }, 0],
      [{ createdAfter: created.userKey.createdAt }, 5],
      [{ createdBefore: created.userKey.createdAt }, 4],
    ] as const) {
      const seen = await list(ada, { filter })
      expect([seen.nodes.length, seen.totalCount], JSON.stringify(filter)).toEqual([count, count])
      expect(seen.nodes.map(({ name }) => name)).toEqual(
        (await list(olga, { filter })).nodes.map(({ name }) => name),
      )
      expect(seen.nodes.filter(({ viewerCanAccess }) => viewerCanAccess)).toEqual(
        seen.nodes.filter(({ name }) => name.endsWith('-open')),
      )
    }
  })

  it('find redacted keys by their names, and by nothing else', async () => {
    await olga.mutate('updateUserKey', { key: 'b-aes-closed', description: 'Curiosity' })
    await olga.mutate('updateUserKey', { key: 'b-aes-open', description: 'Curiosity' })
    await olga.mutate('createAlias', { key: 'b-aes-closed', alias: 'former-closed' })
    const namesOf = async (client: Client, search: string) =>
      (await list(client, { filter: { search } })).nodes.map(({ name }) => name).sort()
    for (const [search, byName] of [
      ['curiosity', []],
      ['former', []],
      ['paymen', []],
      ['TEAM', []],
      ['B-AES', ['b-aes-closed']],
    ] as const) {
      expect(await namesOf(olga, search), search).toContain('b-aes-closed')
      const open = search === 'former' ? [] : ['b-aes-open']
      expect(await namesOf(ada, search), search).toEqual([...byName, ...open])
    }
  })

  it('are ordered by what redacted keys show, and so alike for everybody', async () => {
    const fields = (schema.getType('UserKeyOrderField') as GraphQLEnumType)
      .getValues()
      .map(({ name }) => name)
    // By what they hide, they are ordered as keys without a value: test/keys/key-lists-model.server.test.ts.
    expect(fields).toEqual(['NAME', 'CREATED_AT', 'NEXT_ROTATION', 'LAST_USE'])
    for (const field of fields.slice(0, 2)) {
      for (const direction of ['ASC', 'DESC']) {
        const orderBy = { field, direction }
        const [mine, theirs] = await Promise.all([list(olga, { orderBy }), list(ada, { orderBy })])
        expect(theirs.nodes.map(({ name }) => name)).toEqual(mine.nodes.map(({ name }) => name))
      }
    }
  })

  it('walk over whole keys only, page by page, when a condition is on a hidden field', async () => {
    const filter = { type: 'SYMMETRIC' }
    const names: string[] = []
    let after: string | null = null
    for (let page = 0; page < 4; page++) {
      const seen: List = await list(ada, { filter, first: 1, after })
      names.push(...seen.nodes.map(({ name }) => name))
      expect(seen.pageInfo.hasNextPage, `page ${page}`).toBe(page < 3)
      after = seen.pageInfo.endCursor
    }
    expect(names).toEqual(['e-stopped-open', 'c-rotating-open', 'b-aes-open', 'a-fresh-open'])
  })

  it('have no value that a key hides in its cursor, in orders by what it hides', async () => {
    for (const field of ['NEXT_ROTATION', 'LAST_USE']) {
      const { userKeys } = await ada.ask<{
        userKeys: { edges: { cursor: string; node: { name: string; viewerCanAccess: boolean } }[] }
      }>(
        `{ userKeys(orderBy: { field: ${field}, direction: ASC }) { edges { cursor node { name viewerCanAccess } } } }`,
      )
      const redacted = userKeys.edges.filter(({ node }) => !node.viewerCanAccess)
      expect(redacted).toHaveLength(5)
      for (const { cursor, node } of redacted) {
        const body = Buffer.from(cursor, 'base64url').subarray(16).toString()
        expect(JSON.parse(body)).toEqual([null, node.name])
      }
      const [first] = userKeys.edges
      if (field === 'NEXT_ROTATION') expect(first?.node.name).toBe('c-rotating-open')
    }
  })

  it('have cursors that hold no ID', async () => {
    const data = await ada.ask<{ userKeys: { edges: { cursor: string; node: { name: string } }[] } }>(
      '{ userKeys { edges { cursor node { name } } } }',
    )
    const full = await olga.ask<{ userKeys: { nodes: { id: string }[] } }>('{ userKeys { nodes { id } } }')
    const cursors = data.userKeys.edges.map(({ cursor }) =>
      Buffer.from(cursor, 'base64url').toString('latin1'),
    )
    expect(cursors).toHaveLength(10)
    for (const { id } of full.userKeys.nodes) expect(cursors.join()).not.toContain(id.slice(5))
    expect(cursors.join()).not.toMatch(/[a-z]key_/)
  })

  it('refuse every cursor that is not of this list for this caller, in the same words', async () => {
    const cursorOf = async (client: Client, variables: object = {}) =>
      (await list(client, { first: 1, ...variables })).pageInfo.endCursor ?? ''
    const filter = { status: ['ACTIVE'] }
    const good = await cursorOf(ada, { filter })
    // A cursor is not of the moment at which some entries of lists were in force.
    story.clock.advance({ ms: 1 })
    expect(await list(ada, { filter, after: good })).toMatchObject({ totalCount: 3 })
    const service = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    await service.mutate('encryptWithServiceKey', { plaintext: '' })
    const others = await ada.ask<{
      serviceKeys: { pageInfo: { endCursor: string } }
      userKey: { versions: { pageInfo: { endCursor: string } } }
    }>(
      `{ serviceKeys { pageInfo { endCursor } }
         userKey(key: "b-aes-open") { versions { pageInfo { endCursor } } } }`,
    )
    const bytes = Buffer.from(good, 'base64url')
    const forged = Buffer.concat([bytes.subarray(0, 16), Buffer.from(JSON.stringify([0, 'a']))])
    const foreign = [
      forged.toString('base64url'),
      ...[0, 15, 16, bytes.length - 1].map((index) => {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
        return changed.toString('base64url')
      }),
      bytes.subarray(0, 16).toString('base64url'),
      '',
      'nonsense',
      Buffer.from('["a"]').toString('base64url'),
      others.serviceKeys.pageInfo.endCursor,
      others.userKey.versions.pageInfo.endCursor,
      await cursorOf(ada),
      await cursorOf(ada, { filter: { status: ['DEACTIVATED'] } }),
      await cursorOf(ada, { filter: { ...filter, namePrefix: '' } }),
      await cursorOf(ada, { filter, orderBy: { field: 'NAME', direction: 'DESC' } }),
      await cursorOf(ada, { filter, orderBy: { field: 'LAST_USE', direction: 'DESC' } }),
      await cursorOf(ada, { filter: { ...filter, search: 'open' } }),
      // The same condition of callers who see other keys whole.
      await cursorOf(olga, { filter }),
      await cursorOf(story.as(bob), { filter }),
    ]
    const refusals = await Promise.all(foreign.map((after) => refusalOf(ada, { filter, after })))
    expect(new Set(refusals).size).toBe(1)
    expect(refusals[0]).toContain('after must be a cursor of this list')
    const before = await Promise.all(foreign.map((cursor) => refusalOf(ada, { filter, before: cursor })))
    expect(new Set(before).size).toBe(1)
  })

  it('are empty for an administrator of another project, whatever is asked', async () => {
    const stranger = story.as({ ...admin, project: 'elsewhere' })
    for (const filter of [{}, { status: ['ACTIVE'] }, { namePrefix: 'a' }, { createdBy: 'user:olga' }]) {
      expect(await list(stranger, { filter })).toEqual({
        nodes: [],
        totalCount: 0,
        pageInfo: { hasNextPage: false, endCursor: null },
      })
    }
    const after = (await list(ada, { first: 1 })).pageInfo.endCursor
    expect(await refusalOf(stranger, { after })).toContain('after must be a cursor of this list')
  })

  it('have for a service only the keys on whose list it is', async () => {
    const agent = story.as({ name: 'Backup', kind: 'SERVICE_AGENT', roles: ['PROJECT_ADMIN'] })
    expect(await list(agent)).toMatchObject({ nodes: [], totalCount: 0 })
    await olga.mutate('createUserKey', {
      name: 'z-backup',
      accessControl: { enabled: true, allowedSubjects: ['service-agent:Backup'] },
    })
    expect(await list(agent, { first: 1 })).toMatchObject({
      nodes: [{ name: 'z-backup', viewerCanAccess: true }],
      totalCount: 1,
      pageInfo: { hasNextPage: false },
    })
  })
})
