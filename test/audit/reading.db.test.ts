import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { type EventPage, page, readTrail, walkTrail } from './audit-trail.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const max: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const service: Person = { name: 'Backup', kind: 'SERVICE_AGENT' }

describe.skipIf(hasNoDatabase())('the audit trail, read through GraphQL', () => {
  let story: Story
  let keyId: string
  let serviceKeyId: string

  beforeAll(async () => {
    story = await startStory()
    const maxs = story.as(max)
    keyId = (await maxs.mutate('createUserKey', { name: 'orders' }, 'userKey { id }'))['userKey'].id
    story.clock.advance({ minutes: 1 })
    const { ciphertext } = await maxs.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'ciphertext')
    story.clock.advance({ minutes: 1 })
    await maxs.mutate('decrypt', { ciphertext })
    await story
      .as({ name: 'vic', roles: ['KMS_VIEWER'] })
      .send('mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }', {
        input: { key: keyId, plaintext: base64('x') },
      })
    await maxs.mutate('decrypt', { ciphertext: base64('garbage') })
    story.clock.advance({ minutes: 1 })
    const made = await story.as(service).mutate('encryptWithServiceKey', { plaintext: base64('x') }, 'keyId')
    serviceKeyId = made['keyId']
    // The round of housekeeping at the start has its own statements.
    await story.app.housekeeping.runOnce()
  })
  afterAll(() => endStory(story))

  it.each(roles.map((role) => [role]))(
    'is open to %s only if that is an administrator, a manager or an auditor',
    async (role) => {
      const client = story.as({ name: 'someone', roles: [role] })
      const { data, errors } = await client.send('{ auditEvents { totalCount nodes { id } } }')
      const seen = await client.ask<{ userKey: { auditEvents: EventPage | null } }>(
        `{ userKey(key: "orders") { auditEvents ${page} } }`,
      )
      const [event] = (await readTrail(story.as(ada))).nodes
      const { node } = await client.ask<{ node: object | null }>(`{ node(id: "${event?.id}") { id } }`)
      if (['PROJECT_ADMIN', 'KMS_MANAGER', 'KMS_AUDITOR'].includes(role)) {
        expect(data.auditEvents.totalCount).toBe(7)
        expect(data.auditEvents.nodes).toHaveLength(7)
        expect(seen.userKey.auditEvents?.nodes.map(({ action }) => action)).toEqual([
          'DECRYPT',
          'ENCRYPT',
          'CREATE_USER_KEY',
        ])
        expect(seen.userKey.auditEvents?.totalCount).toBe(3)
        expect(node).toEqual({ id: event?.id })
      } else {
        expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
        expect(seen.userKey.auditEvents).toBeNull()
        expect(node).toBeNull()
      }
    },
  )

  it.each(roles.map((role) => [role]))('is open to the owner of a key with %s, of that key', async (role) => {
    const owner = story.as({ ...max, roles: [role] })
    const ofOrders = await readTrail(owner, { filter: { key: keyId } })
    expect(ofOrders.nodes.map(({ action }) => action)).toEqual(['DECRYPT', 'ENCRYPT', 'CREATE_USER_KEY'])
    expect(ofOrders.totalCount).toBe(3)
    const [event] = ofOrders.nodes
    expect(await owner.ask(`{ node(id: "${event?.id}") { id } }`)).toEqual({ node: { id: event?.id } })
    const readsAll = ['PROJECT_ADMIN', 'KMS_MANAGER', 'KMS_AUDITOR'].includes(role)
    const all = (await readTrail(story.as(ada))).nodes
    for (const { id, keyId: about } of all) {
      const { node } = await owner.ask<{ node: object | null }>(`{ node(id: "${id}") { id } }`)
      expect([about, node !== null]).toEqual([about, readsAll || about === keyId])
    }
    // Neither without the key nor with another one.
    for (const filter of [{}, { key: serviceKeyId }, { key: 'ukey_01h455vb4pex5vsknk084sn02q' }]) {
      const { errors } = await owner.send(
        'query($filter: AuditEventFilter) { auditEvents(filter: $filter) { totalCount } }',
        { filter },
      )
      const codes = errors.map(({ extensions }) => extensions.code)
      expect(codes, JSON.stringify(filter)).toEqual(readsAll ? [] : ['FORBIDDEN'])
    }
  })

  it('tells everything of an event', async () => {
    const { auditEvents } = await story.as(mia).ask<{ auditEvents: { nodes: object[] } }>(`{
      auditEvents(filter: { action: [ENCRYPT], outcome: [SUCCEEDED] }) { nodes {
        __typename id occurredAt action outcome errorCode actor { id kind } tokenId clientAddress requestId
        keyId keyName liveKey { id name } keyRevision versionNumber details } } }`)
    expect(auditEvents.nodes).toEqual([
      {
        __typename: 'AuditEvent',
        id: expect.stringMatching(/^audt_\w{26}$/),
        occurredAt: '2026-03-01T12:01:00.000Z',
        action: 'ENCRYPT',
        outcome: 'SUCCEEDED',
        errorCode: null,
        actor: { id: 'user:max', kind: 'USER' },
        tokenId: expect.any(String),
        clientAddress: expect.stringMatching(/127\.0\.0\.1|::1/),
        requestId: expect.any(String),
        keyId,
        keyName: 'orders',
        liveKey: { id: keyId, name: 'orders' },
        keyRevision: null,
        versionNumber: 1,
        details: {},
      },
    ])
  })

  it('shows what is about no key, and what is about a service key', async () => {
    const { nodes } = await readTrail(story.as(ada))
    const shown = nodes.map(({ action, outcome, keyId: id }) => [action, outcome, id])
    expect(shown.slice(0, 2).toSorted()).toEqual([
      ['CREATE_SERVICE_KEY', 'SUCCEEDED', serviceKeyId],
      ['SERVICE_ENCRYPT', 'SUCCEEDED', serviceKeyId],
    ])
    expect(shown).toContainEqual(['DECRYPT', 'FAILED', null])
    expect(shown).toContainEqual(['ENCRYPT', 'DENIED', null])
  })

  it.each([
    ['a key', () => ({ key: keyId }), 3],
    ['a service key', () => ({ key: serviceKeyId }), 2],
    ['a user key by the ID of a service key', () => ({ key: serviceKeyId.replace('skey', 'ukey') }), 0],
    ['a key that never was', () => ({ key: formatId('userKey', newUuid()) }), 0],
    ['a key by its name', () => ({ key: 'orders' }), 3],
    ['a service key by its name', () => ({ key: 'Backup' }), 2],
    ['a name that no key has', () => ({ key: 'Orders' }), 0],
    ['what is neither an ID nor a name', () => ({ key: 'no key!' }), 0],
    ['actions', () => ({ action: ['ENCRYPT', 'DECRYPT'] }), 4],
    ['no action', () => ({ action: [] }), 0],
    ['outcomes', () => ({ outcome: ['FAILED', 'DENIED'] }), 2],
    ['an actor', () => ({ actor: 'user:max' }), 4],
    ['an actor and an outcome', () => ({ actor: 'user:max', outcome: ['FAILED'] }), 1],
    ['a moment on', () => ({ from: '2026-03-01T12:01:00Z' }), 6],
    ['a moment before which nothing counts', () => ({ to: '2026-03-01T12:01:00Z' }), 1],
    ['half-open times', () => ({ from: '2026-03-01T12:01:00Z', to: '2026-03-01T12:02:00Z' }), 1],
    ['times of no clock', () => ({ from: '0000-01-01T00:00:00Z', to: '9999-12-31T23:59:59-23:59' }), 7],
    ['times the wrong way round', () => ({ from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' }), 0],
  ] as [string, () => object, number][])('is filtered by %s', async (_what, filterOf, count) => {
    const { nodes, totalCount } = await readTrail(story.as(ada), { filter: filterOf() })
    expect([nodes.length, totalCount]).toEqual([count, count])
  })

  it('refuses an actor that is no subject', async () => {
    for (const actor of ['max', 'user:', 'user:a\u0000b']) {
      const { errors } = await story
        .as(ada)
        .send('query($f: AuditEventFilter) { auditEvents(filter: $f) { totalCount } }', { f: { actor } })
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INPUT_VALIDATION'])
    }
  })

  it.each([1, 2, 3, 200])(
    'comes in pages of %i, in both directions, without gap and repetition',
    async (size) => {
      const client = story.as(ada)
      const all = (await readTrail(client)).nodes.map(({ id }) => id)
      expect((await walkTrail(client, size)).map(({ id }) => id)).toEqual(all)
      const backwards: string[] = []
      let before: string | null = null
      for (;;) {
        const { nodes, pageInfo } = await readTrail(client, { last: size, before })
        backwards.unshift(...nodes.map(({ id }) => id))
        if (!pageInfo.hasPreviousPage) break
        before = pageInfo.startCursor
      }
      expect(backwards).toEqual(all)
    },
  )

  it('takes no cursor of another list or project', async () => {
    const client = story.as(ada)
    const { pageInfo } = await readTrail(client, { first: 2 })
    const read = (person: Person, variables: object) =>
      story
        .as(person)
        .send(
          'query($a: String, $f: AuditEventFilter) { auditEvents(after: $a, filter: $f) { totalCount } }',
          variables,
        )
    const own = await read(ada, { a: pageInfo.endCursor })
    expect(own.errors).toEqual([])
    for (const [person, variables] of [
      [{ ...ada, project: 'elsewhere' }, { a: pageInfo.endCursor }],
      [ada, { a: pageInfo.endCursor, f: { actor: 'user:max' } }],
      [ada, { a: pageInfo.endCursor?.replace(/.$/, 'A') }],
    ] as const) {
      const { errors } = await read(person, variables)
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INPUT_VALIDATION'])
    }
  })

  it('costs the same number of SQL statements whatever the size of the page', async () => {
    const client = story.as(ada)
    const counts: number[] = []
    for (const first of [1, 7]) {
      story.takeStatements()
      await readTrail(client, { first })
      counts.push(story.takeStatements().length)
    }
    expect(counts[0]).toBe(counts[1])
    expect(counts[0]).toBeLessThan(10)
  })

  it('of another project does not exist', async () => {
    const stranger = story.as({ ...ada, project: 'elsewhere' })
    const [event] = (await readTrail(story.as(ada))).nodes
    expect(await readTrail(stranger)).toMatchObject({ nodes: [], totalCount: 0 })
    expect(await readTrail(stranger, { filter: { key: keyId } })).toMatchObject({ nodes: [], totalCount: 0 })
    expect(await stranger.ask(`{ node(id: "${event?.id}") { id } }`)).toEqual({ node: null })
  })
})
