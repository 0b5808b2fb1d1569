import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { firstHash, hashOf } from '../../src/audit/chain.ts'
import { formatId, newOpaqueUuid, newUuid, parseId } from '../../src/ids.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'
import { lockInstallation, updateInstallation } from '../../src/store/rows/installation-row.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'
import { openTrail, verifyStory } from './opened-trail.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const patience = { timeout: 240_000 }

/** A server with some history, of which a key's ID is given. */
async function startWithHistory(): Promise<{ story: Story; client: Client; keyId: string }> {
  const story = await startStoryForTest()
  const client = story.as(olga)
  const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  for (let count = 0; count < 3; count++) {
    await client.mutate('encrypt', { key: userKey.id, plaintext: base64('x') })
  }
  return { story, client, keyId: userKey.id }
}

/** Does something on the database of a story, as somebody would who can write to it and has no key. */
async function tamper(story: Story, work: (parts: Dependencies) => Promise<void>): Promise<void> {
  await story.stop()
  const { parts, close } = await openTrail(story)
  await work(parts)
  await close()
  await story.restart()
}

/** Everything that callers are told of the history, by every way to it. */
async function readHistory(client: Client, keyId: string) {
  const events = 'totalCount nodes { id action actor { id } occurredAt }'
  const { auditEvents, userKey } = await client.ask<{
    auditEvents: { totalCount: number; nodes: { id: string }[] }
    userKey: { auditEvents: unknown; version: { id: string; usageByCaller: unknown } }
  }>(`{ auditEvents(first: 100) { ${events} } userKey(key: "${keyId}") {
    auditEvents(first: 100) { ${events} } version(number: 1) { id usageByCaller { caller { id } operations } } } }`)
  const { destroyImpact } = await client.ask<{ destroyImpact: object }>(
    `{ destroyImpact(version: { id: "${userKey.version.id}" }) { operations failedOperations callers { operations } } }`,
  )
  return { auditEvents, userKey, destroyImpact }
}

const forgery = (keyId: string): AuditEventRow => ({
  id: newUuid(),
  projectId: 'shop',
  occurredAt: new Date('2026-03-01T11:00:00.000Z'),
  action: 'DECRYPT',
  outcome: 'SUCCEEDED',
  errorCode: null,
  actor: 'user:framed',
  tokenId: null,
  clientAddress: null,
  requestId: 'forged',
  keyId: parseId(keyId)?.uuid ?? null,
  keyRevision: null,
  versionNumber: 1,
  details: {},
})

const asStored = (event: AuditEventRow) => ({ ...event, details: { ...event.details } })

/** Ways to put an event into the trail without any key; each gives its ID. */
const forgeries: readonly (readonly [string, (parts: Dependencies, keyId: string) => Promise<string>])[] = [
  [
    'in no chain, of a time before the first',
    async ({ store }, keyId) => {
      const event = forgery(keyId)
      await store.db.auditEvent.create({ data: asStored(event) })
      return event.id
    },
  ],
  [
    'in no chain, of now',
    async ({ store, clock }, keyId) => {
      const event = { ...forgery(keyId), occurredAt: clock.now() }
      await store.db.auditEvent.create({ data: asStored(event) })
      return event.id
    },
  ],
  [
    'in a chain that is not there',
    async ({ store }, keyId) => {
      const event = forgery(keyId)
      const place = { chainId: newOpaqueUuid(), sequence: 1n, hash: randomBytes(32) }
      await store.db.auditEvent.create({ data: { ...asStored(event), ...place } })
      return event.id
    },
  ],
  [
    'behind the end of a chain',
    async ({ store }, keyId) => {
      const event = forgery(keyId)
      const chain = await store.db.auditChain.findFirstOrThrow({ where: { kind: 'OPERATIONS' } })
      const hash = new Uint8Array(hashOf(chain.headHash, event))
      const place = { chainId: chain.id, sequence: chain.headSequence + 1n, hash }
      await store.db.auditEvent.create({ data: { ...asStored(event), ...place } })
      return event.id
    },
  ],
  [
    'in a chain of its own',
    async ({ store, clock }, keyId) => {
      const event = forgery(keyId)
      const id = newOpaqueUuid()
      const hash = new Uint8Array(hashOf(firstHash(id), event))
      await store.db.auditChain.create({
        data: {
          id,
          number: 100,
          kind: 'OPERATIONS',
          startedAt: clock.now(),
          baseSequence: 0n,
          baseHash: new Uint8Array(firstHash(id)),
          mac: randomBytes(32),
          headSequence: 1n,
          headHash: hash,
          headMac: randomBytes(32),
        },
      })
      await store.db.auditEvent.create({ data: { ...asStored(event), chainId: id, sequence: 1n, hash } })
      return event.id
    },
  ],
  [
    'in the place of another, with the hash of that',
    async ({ store }, keyId) => {
      const chain = await store.db.auditChain.findFirstOrThrow({ where: { kind: 'OPERATIONS' } })
      const { id: _id, ...rest } = forgery(keyId)
      const where = { chainId: chain.id, sequence: 2n }
      const { id: replaced } = await store.db.auditEvent.findFirstOrThrow({ where })
      await store.db.auditEvent.update({ where: { id: replaced }, data: { ...rest, details: {} } })
      return replaced
    },
  ],
]

describe.skipIf(hasNoDatabase())(
  'an event that was forged by somebody who has only the database',
  patience,
  () => {
    it.each(forgeries)('%s is found, and shown to nobody', async (where, forge) => {
      const { story, client, keyId } = await startWithHistory()
      const before = await readHistory(client, keyId)
      let forged = ''
      await tamper(story, async (parts) => {
        forged = await forge(parts, keyId)
      })
      const id = formatId('auditEvent', forged)
      const after = await readHistory(client, keyId)
      const real = before.auditEvents.nodes.filter((node) => node.id !== id)
      expect(after.auditEvents.nodes).toEqual(real)
      expect(JSON.stringify([after.auditEvents, after.userKey.auditEvents])).not.toContain('framed')
      expect(await client.ask(`{ node(id: "${id}") { id } }`)).toEqual({ node: null })
      // Statistics of use have no MAC: they count what stands in a chain, also where its MACs are wrong.
      if (!where.includes('chain of its own') && !where.includes('place of another')) {
        expect(after.auditEvents.totalCount).toBe(before.auditEvents.totalCount)
        expect(after.userKey.version).toEqual(before.userKey.version)
        expect(after.destroyImpact).toEqual(before.destroyImpact)
      }
      await story.stop()
      const { findings } = await verifyStory(story)
      expect(findings.length).toBeGreaterThan(0)
    })

    it('in no chain is neither counted nor found by a filter', async () => {
      const { story, client, keyId } = await startWithHistory()
      const count = async (filter: string) =>
        (
          await client.ask<{ auditEvents: { totalCount: number } }>(
            `{ auditEvents(filter: { ${filter} }) { totalCount } }`,
          )
        ).auditEvents.totalCount
      const before = await count('action: [ENCRYPT, DECRYPT]')
      await tamper(story, async ({ store }) => {
        await store.db.auditEvent.create({ data: asStored(forgery(keyId)) })
      })
      expect(await count('action: [ENCRYPT, DECRYPT]')).toBe(before)
      expect(await count('actor: "user:framed"')).toBe(0)
    })
  },
)

/** Makes an installation one that was made when there were no chains, with an event of that time. */
async function makeOlder({ store, rootKeys }: Dependencies, event: AuditEventRow | null): Promise<void> {
  await store.transaction(async (tx) => {
    const { rootKeyId, wrappedSecret: wrapped } = await lockInstallation(tx)
    const rootKey = await rootKeys.find(rootKeyId)
    const secret = await rootKey.unwrap(
      { rootKeyId, wrapped },
      Buffer.from('keystead installation secret v2'),
    )
    const older = await rootKey.wrap(secret, Buffer.from('keystead installation secret v1'))
    await updateInstallation(tx, { rootKeyId, wrappedSecret: older.wrapped })
    if (event !== null) await tx.auditEvent.create({ data: asStored(event) })
  })
}

describe.skipIf(hasNoDatabase())('an installation from before there were chains', patience, () => {
  it('goes on showing its events of that time, and no others without a chain', async () => {
    const { story, client, keyId } = await startWithHistory()
    const before = await readHistory(client, keyId)
    const early = { ...forgery(keyId), actor: 'user:early' }
    await tamper(story, async (parts) => {
      await makeOlder(parts, early)
      const late = { ...forgery(keyId), occurredAt: parts.clock.now() }
      await parts.store.db.auditEvent.create({ data: asStored(late) })
    })
    for (const round of ['after its first start', 'after another one']) {
      const after = await readHistory(client, keyId)
      expect(after.auditEvents.totalCount, round).toBe(before.auditEvents.totalCount + 1)
      expect(after.auditEvents.nodes.map(({ id }) => id)).toContain(formatId('auditEvent', early.id))
      expect(JSON.stringify(after)).toContain('user:early')
      expect(JSON.stringify(after)).not.toContain('framed')
      await story.restart()
    }
    await story.stop()
    const { parts, close } = await openTrail(story)
    expect(parts.auditKeys.predatesChains).toBe(true)
    await close()
  })

  it('counts as one with chains from the beginning once it has no such events', async () => {
    const { story, client, keyId } = await startWithHistory()
    await tamper(story, (parts) => makeOlder(parts, null))
    await tamper(story, async (parts) => {
      expect(parts.auditKeys.predatesChains).toBe(false)
      await parts.store.db.auditEvent.create({ data: asStored(forgery(keyId)) })
    })
    expect(JSON.stringify(await readHistory(client, keyId))).not.toContain('framed')
    expect(
      await client.mutate('encrypt', { key: keyId, plaintext: base64('x') }, 'versionNumber'),
    ).toMatchObject({
      versionNumber: 1,
    })
  })
})
