import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { rollUpUsage } from '../../src/audit/write/roll-up.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { uuidOf } from './traced-requests.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const ben: Person = { name: 'ben', roles: ['KMS_USER'] }

/** A row of the table, or what it must be. */
interface Counted {
  readonly place: string
  readonly succeeded: number
  readonly refused: number
  readonly lastAt: number
}

describe.skipIf(hasNoDatabase())('counting audit events', () => {
  let story: Story
  let store: Store
  let expected: readonly Counted[]

  beforeAll(async () => {
    story = await startStory()
    const [olgas, bens] = [story.as(olga), story.as(ben)]
    const keyIds: string[] = []
    for (const name of ['orders', 'invoices']) {
      keyIds.push((await olgas.mutate('createUserKey', { name }, 'userKey { id }'))['userKey'].id)
    }
    // Two days, several servers one after the other, and successes and failures of the same kind.
    for (let day = 0; day < 2; day++) {
      for (const keyId of keyIds) {
        const { ciphertext } = await olgas.mutate(
          'encrypt',
          { key: keyId, plaintext: base64('x') },
          'ciphertext',
        )
        for (const client of [olgas, bens, bens]) await client.mutate('decrypt', { ciphertext })
        story.clock.advance({ minutes: 1 })
        await bens.mutate('decrypt', { ciphertext: damaged(ciphertext) })
        await olgas.mutate('reEncrypt', { ciphertext, destinationKey: keyIds[0] })
        await bens.mutate('rotateUserKey', { key: keyId }).catch(() => {})
        await olgas.mutate('rotateUserKey', { key: keyId })
      }
      // Shortly before midnight in UTC, and shortly after.
      story.clock.advance({ hours: 11, minutes: 56 })
      await story.restart()
    }
    await bens.mutate('encrypt', { key: keyIds[0], plaintext: base64('x') })
    const events = await story.sql('SELECT * FROM audit_events WHERE chain_id IS NOT NULL')
    expected = countedFrom(events)
    await story.stop()
    store = await openStore({ ...story.database, poolSize: 4, migrate: false })
  })
  afterAll(async () => {
    await store.close()
    await endStory(story)
  })

  beforeEach(async () => {
    await store.db.$executeRawUnsafe('TRUNCATE audit_usage_daily, audit_rollup_progress')
  })

  async function counted(): Promise<Counted[]> {
    const rows = await store.db.auditUsageDaily.findMany()
    return rows
      .map(({ keyId, versionNumber, action, actor, day, succeeded, refused, lastAt }) => ({
        place: placeOf(keyId, versionNumber, action, actor, day.toISOString().slice(0, 10)),
        succeeded: Number(succeeded),
        refused: Number(refused),
        lastAt: lastAt.getTime(),
      }))
      .toSorted(byPlace)
  }

  it('sums them by version, action, actor and day, a re-encryption for both of its versions', async () => {
    await rollUpUsage(store)
    expect(await counted()).toEqual(expected)
    expect(new Set(expected.map(({ place }) => place.slice(-12))).size).toBe(2)
    expect(expected.some(({ place }) => place.includes('RE_ENCRYPT_FROM'))).toBe(true)
    expect(expected.some(({ succeeded, refused }) => succeeded > 1 && refused > 0)).toBe(true)
    expect(expected.some(({ succeeded, refused }) => succeeded === 0 && refused > 0)).toBe(true)
  })

  it.each([1, 2, 3, 7])(
    'comes to the same in batches of %i, and adds nothing when done again',
    async (batchSize) => {
      expect(await rollUpUsage(store, { batchSize })).toBeGreaterThan(5)
      expect(await rollUpUsage(store, { batchSize })).toBe(0)
      expect(await counted()).toEqual(expected)
    },
  )

  it('counts each exactly once when several servers do it at the same time', async () => {
    const batches = await Promise.all([1, 2, 3, 4].map((batchSize) => rollUpUsage(store, { batchSize })))
    expect(batches.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(5)
    // One may stop since the others hold what is left; after another round all is counted.
    await rollUpUsage(store)
    expect(await counted()).toEqual(expected)
  })

  it('counts each exactly once after it failed in the middle of a batch', async () => {
    for (const statement of [
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.sequence >= 5 THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$`,
      'CREATE TRIGGER refuse BEFORE UPDATE ON audit_rollup_progress FOR EACH ROW EXECUTE FUNCTION refuse()',
    ]) {
      await store.db.$executeRawUnsafe(statement)
    }
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        await expect(rollUpUsage(store, { batchSize: 2 })).rejects.toThrow()
      }
      const sum = (await counted()).reduce((total, { succeeded, refused }) => total + succeeded + refused, 0)
      expect(sum).toBeGreaterThan(0)
      expect(sum).toBeLessThan(expected.reduce((total, each) => total + each.succeeded + each.refused, 0))
    } finally {
      await store.db.$executeRawUnsafe('DROP FUNCTION refuse CASCADE')
    }
    await rollUpUsage(store, { batchSize: 2 })
    expect(await counted()).toEqual(expected)
  })
})

function damaged(ciphertext: string): string {
  return ciphertext.replace(/.{8}$/, 'AAAAAAA=')
}

function placeOf(...parts: readonly (string | number)[]): string {
  return JSON.stringify(parts)
}

function byPlace(a: Counted, b: Counted): number {
  return a.place < b.place ? -1 : 1
}

/** The same sums, made of one event after the other. */
function countedFrom(events: readonly Record<string, unknown>[]): Counted[] {
  const places = new Map<string, { success: number[]; refusal: number[] }>()
  const add = (place: string, outcome: unknown, at: Date) => {
    const sums = places.get(place) ?? { success: [], refusal: [] }
    ;(outcome === 'SUCCEEDED' ? sums.success : sums.refusal).push(at.getTime())
    places.set(place, sums)
  }
  for (const event of events) {
    const { key_id: keyId, version_number: number, action, actor, outcome } = event
    if (keyId === null) continue
    const at = event['occurred_at'] as Date
    const day = at.toISOString().slice(0, 10)
    add(placeOf(String(keyId), Number(number ?? 0), String(action), String(actor), day), outcome, at)
    const { sourceKeyId, sourceVersion, sourceOnRecord } = event['details'] as {
      sourceKeyId?: string
      sourceVersion?: number
      sourceOnRecord?: boolean
    }
    // A source with an event of its own counts by that.
    if (sourceKeyId === undefined || sourceVersion === undefined || sourceOnRecord) continue
    add(placeOf(uuidOf(sourceKeyId), sourceVersion, 'RE_ENCRYPT_FROM', String(actor), day), outcome, at)
  }
  return [...places]
    .map(([place, { success, refusal }]) => ({
      place,
      succeeded: success.length,
      refused: refusal.length,
      lastAt: Math.max(...(success.length > 0 ? success : refusal)),
    }))
    .toSorted(byPlace)
}
