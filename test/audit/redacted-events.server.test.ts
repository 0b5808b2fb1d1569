import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { page, type ReadEvent, readTrail, walkTrail } from './audit-trail.ts'
import { uuidOf } from './traced-requests.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const bob: Person = { name: 'bob', roles: ['KMS_MANAGER'] }
const carl: Person = { name: 'carl', roles: ['PROJECT_ADMIN'], groups: ['payments'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['PROJECT_ADMIN'] }

describe.skipIf(hasNoDatabase())('audit events of a redacted key', () => {
  let story: Story
  let all: readonly ReadEvent[]
  const ids = { open: '', secret: '', masked: '', gone: '', shredded: '' }

  async function createKey(client: Client, name: string, list?: readonly string[]): Promise<string> {
    const accessControl = list && { enabled: true, allowedSubjects: list }
    return (await client.mutate('createUserKey', { name, accessControl }, 'userKey { id }'))['userKey'].id
  }

  async function encrypt(client: Client, keyId: string): Promise<string> {
    return (await client.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'ciphertext'))[
      'ciphertext'
    ]
  }

  async function deleteKey(client: Client, keyId: string, confirmName: string): Promise<void> {
    await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    // Not before every server has heard of the deactivation.
    story.clock.advance({ hours: 1 })
    await client.mutate('destroyKeyVersion', { version: { key: keyId, number: 1 }, waitingPeriodDays: 0 })
    const { __typename } = await client.mutate('deleteUserKey', { key: keyId, confirmName })
    expect(__typename).toBe('DeleteUserKeyPayload')
  }

  beforeAll(async () => {
    story = await startStory()
    const olgas = story.as(olga)
    ids.open = await createKey(olgas, 'open')
    ids.secret = await createKey(olgas, 'secret', ['user:bob', 'group:payments'])
    ids.gone = await createKey(olgas, 'gone', ['user:bob', 'group:payments'])
    ids.shredded = await createKey(olgas, 'shredded')
    const seen = await story.as(ada).ask<{ userKey: { id: string } }>('{ userKey(key: "secret") { id } }')
    ids.masked = seen.userKey.id
    // The clock stands still: events of the same millisecond are told apart by their IDs alone.
    for (let round = 0; round < 4; round++) {
      await encrypt(olgas, ids.open)
      await encrypt(olgas, ids.secret)
    }
    const [fromOpen, fromSecret] = [await encrypt(olgas, ids.open), await encrypt(olgas, ids.secret)]
    await olgas.mutate('reEncrypt', { ciphertext: fromSecret, destinationKey: ids.open })
    await olgas.mutate('reEncrypt', { ciphertext: fromOpen, destinationKey: ids.secret })
    await story.as(ada).send('mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }', {
      input: { key: ids.secret, plaintext: base64('x') },
    })
    story.clock.advance({ hours: 1 })
    await deleteKey(olgas, ids.gone, 'gone')
    await deleteKey(olgas, ids.shredded, 'shredded')
    // The round of housekeeping at the start has its own statements.
    await story.app.housekeeping.runOnce()
    all = (await readTrail(story.as(olga), { first: 200 })).nodes
  })
  afterAll(() => endStory(story))

  const hiddenKeys = () => [ids.secret, ids.gone]
  const isHidden = ({ keyId }: ReadEvent) => keyId !== null && hiddenKeys().includes(keyId)
  const idsOf = (events: readonly ReadEvent[]) => events.map(({ id }) => id)

  it('are there for its owner and for the subjects on its list', async () => {
    expect(all.filter(isHidden).length).toBeGreaterThan(10)
    for (const person of [bob, carl]) {
      const { nodes, totalCount } = await readTrail(story.as(person), { first: 200 })
      expect(idsOf(nodes)).toEqual(idsOf(all))
      expect(totalCount).toBe(all.length)
    }
  })

  it.each([1, 2, 3, 5, 200])('are missing in pages of %i, which are full all the same', async (size) => {
    expect(idsOf(await walkTrail(story.as(ada), size))).toEqual(
      idsOf(all.filter((event) => !isHidden(event))),
    )
  })

  it('are not counted, and leave no trace in what is shown', async () => {
    const answer = await story.as(ada).send(`{ auditEvents(first: 200) ${page} }`)
    expect(answer.data.auditEvents.totalCount).toBe(all.filter((event) => !isHidden(event)).length)
    for (const id of hiddenKeys()) {
      expect(answer.text).not.toContain(id)
      expect(answer.text).not.toContain(id.slice(5))
    }
    const ownAttempts = answer.data.auditEvents.nodes.filter(
      (event: ReadEvent) => event.actor.id === 'user:ada',
    )
    expect(ownAttempts).toEqual([])
    expect(all.filter((event) => event.actor.id === 'user:ada')).toMatchObject([
      { action: 'ENCRYPT', outcome: 'DENIED', keyId: ids.secret },
    ])
  })

  it.each([
    ['its ID', () => ({ key: ids.secret }), 0],
    ['its stand-in ID', () => ({ key: ids.masked }), 0],
    ['its name', () => ({ key: 'secret' }), 0],
    ['the ID of a deleted one', () => ({ key: ids.gone }), 0],
    ['its ID and an actor', () => ({ key: ids.secret, actor: 'user:olga' }), 0],
  ] as [string, () => object, number][])('are not found by %s', async (_what, filterOf, count) => {
    const filter = filterOf()
    expect(await readTrail(story.as(ada), { filter })).toMatchObject({ nodes: [], totalCount: count })
    expect((await readTrail(story.as(olga), { filter })).totalCount).toBeGreaterThan(0)
  })

  it('are not found by their actor', async () => {
    const { totalCount } = await readTrail(story.as(ada), { filter: { actor: 'user:olga' } })
    expect(totalCount).toBe(all.filter((each) => !isHidden(each) && each.actor.id === 'user:olga').length)
  })

  it('cannot be told from events and keys that never were', async () => {
    const client = story.as(ada)
    const observe = async (document: string, variables: object) => {
      story.takeStatements()
      const { status, text } = await client.send(document, variables)
      return { status, text, statements: story.takeStatements() }
    }
    const node = `query($id: ID!) { node(id: $id) { id } }`
    const list = `query($id: KeyRef!) { auditEvents(filter: { key: $id }) { nodes { id } } }`
    for (const event of all.filter(isHidden)) {
      const hidden = await observe(node, { id: event.id })
      expect(hidden).toEqual(await observe(node, { id: formatId('auditEvent', newUuid()) }))
      expect(hidden.text).toBe('{"data":{"node":null}}')
    }
    for (const id of [ids.secret, ids.gone]) {
      expect(await observe(list, { id })).toEqual(await observe(list, { id: formatId('userKey', newUuid()) }))
    }
    expect(await observe(list, { id: ids.masked })).toEqual(
      await observe(list, { id: formatId('redactedKey', newUuid()) }),
    )
  })

  it('are null on the key itself', async () => {
    const document = `{ userKey(key: "secret") { auditEvents ${page} } }`
    expect(await story.as(ada).ask(document)).toEqual({ userKey: { auditEvents: null } })
    const { userKey } = await story
      .as(olga)
      .ask<{ userKey: { auditEvents: { nodes: ReadEvent[] } } }>(document)
    expect(idsOf(userKey.auditEvents.nodes)).toEqual(
      idsOf(all.filter(({ keyId }) => keyId === ids.secret).slice(0, 20)),
    )
  })

  it('hide what a re-encryption read from it, but not the re-encryption', async () => {
    const ofOpen = { filter: { key: ids.open, action: ['RE_ENCRYPT'] } }
    const [whole] = (await readTrail(story.as(olga), ofOpen)).nodes
    expect(whole?.details).toEqual({ sourceKeyId: ids.secret, sourceVersion: 1 })
    expect((await readTrail(story.as(ada), ofOpen)).nodes).toEqual([{ ...whole, details: {} }])
  })

  it('of a deleted key follow its last access list', async () => {
    for (const person of [olga, bob, carl]) {
      const { nodes } = await readTrail(story.as(person), { filter: { key: ids.gone } })
      expect(nodes.map(({ action }) => action)).toContain('DELETE_USER_KEY')
      for (const event of nodes)
        expect(event).toMatchObject({ keyId: ids.gone, keyName: 'gone', liveKey: null })
    }
    const { nodes } = await readTrail(story.as(ada), { filter: { key: ids.shredded } })
    expect(nodes).toHaveLength(4)
    expect(await story.as(ada).ask(`{ node(id: "${nodes[0]?.id}") { id } }`)).toEqual({
      node: { id: nodes[0]?.id },
    })
  })

  it('are to a service agent also those of every key without its name on the list', async () => {
    const { nodes, totalCount } = await readTrail(story.as(agent), { first: 200 })
    expect(nodes).toEqual([])
    expect(totalCount).toBe(0)
  })

  it('stay hidden when somebody opens the rows of keys in the database', async () => {
    const before = (await readTrail(story.as(olga), { first: 200 })).nodes
    await story.sql(
      `UPDATE deleted_keys SET access_control_enabled = false WHERE id = '${uuidOf(ids.gone)}'`,
      `UPDATE keys SET allowed_subjects = ARRAY['user:ada'] WHERE id = '${uuidOf(ids.secret)}'`,
    )
    const { nodes } = await readTrail(story.as(ada), { first: 200 })
    expect(nodes.filter(isHidden)).toEqual([])
    expect(nodes.length).toBeGreaterThan(0)
    const alerts = story.logged.filter((line) => line.includes('INTEGRITY'))
    expect(alerts.join()).toContain(`deleted key ${uuidOf(ids.gone)}`)
    expect(alerts.join()).toContain(`key ${uuidOf(ids.secret)}`)
    await story.sql(
      `UPDATE deleted_keys SET access_control_enabled = true WHERE id = '${uuidOf(ids.gone)}'`,
      `UPDATE keys SET allowed_subjects = ARRAY['group:payments', 'user:bob'] WHERE id = '${uuidOf(ids.secret)}'`,
    )
    expect(idsOf((await readTrail(story.as(olga), { first: 200 })).nodes)).toEqual(idsOf(before))
  })

  it('come and go with access to the key, also between two pages', async () => {
    const [client, olgas] = [story.as(ada), story.as(olga)]
    const first = await readTrail(client, { first: 2 })
    await olgas.mutate('disableAccessControl', { key: ids.secret })
    const after = first.pageInfo.endCursor
    const rest = await readTrail(client, { first: 200, after })
    expect(rest.nodes.filter(({ keyId }) => keyId === ids.secret).length).toBeGreaterThan(5)
    await olgas.mutate('enableAccessControl', { key: ids.secret, subjects: ['user:bob'] })
    const later = await readTrail(client, { first: 200, after })
    expect(later.nodes.filter(isHidden)).toEqual([])
  })
})
