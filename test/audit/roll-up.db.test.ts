import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dropOldHours, hourlyUsageDays, rollUpUsage } from '../../src/audit/write/roll-up.ts'
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
  readonly denied: number
  /** Not known by hour. */
  readonly lastAt?: number
}

/** Both tables. */
interface AllCounted {
  readonly daily: readonly Counted[]
  readonly hourly: readonly Counted[]
}

describe.skipIf(hasNoDatabase())('counting audit events', () => {
  let story: Story
  let store: Store
  let expected: AllCounted

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
    await olgas.mutate('createUserKey', { name: 'closed', accessControl: { enabled: true } })
    await bens.mutate('encrypt', { key: 'closed', plaintext: base64('x') })
    const events = await story.sql('SELECT * FROM audit_events WHERE chain_id IS NOT NULL')
    expected = { daily: countedFrom(events, dayOf), hourly: countedFrom(events, hourOf) }
    await story.stop()
    store = await openStore({ ...story.database, poolSize: 4, migrate: false })
  })
  afterAll(async () => {
    await store.close()
    await endStory(story)
  })

  beforeEach(async () => {
    await store.db.$executeRawUnsafe('TRUNCATE audit_usage_daily, audit_usage_hourly, audit_rollup_progress')
  })

  async function counted(): Promise<AllCounted> {
    const days = await store.db.auditUsageDaily.findMany()
    const hours = await store.db.auditUsageHourly.findMany()
    expect(hours.every(({ projectId }) => projectId === 'shop')).toBe(true)
    const countsOf = (row: { succeeded: bigint; refused: bigint; denied: bigint }) => ({
      succeeded: Number(row.succeeded),
      refused: Number(row.refused),
      denied: Number(row.denied),
    })
    return {
      daily: days
        .map(({ keyId, versionNumber, action, actor, day, lastAt, ...row }) => ({
          place: placeOf(keyId, versionNumber, action, actor, day.toISOString().slice(0, 10)),
          ...countsOf(row),
          lastAt: lastAt.getTime(),
        }))
        .toSorted(byPlace),
      hourly: hours
        .map(({ keyId, versionNumber, action, hour, ...row }) => ({
          place: placeOf(keyId, versionNumber, action, '', hour.toISOString().slice(0, 13)),
          ...countsOf(row),
        }))
        .toSorted(byPlace),
    }
  }

  /** As a release counted that knew days alone. */
  async function forgetDetails(where = 'TRUE'): Promise<void> {
    await store.db.$executeRawUnsafe(`UPDATE audit_rollup_progress SET detailed_sequence = 0 WHERE ${where}`)
  }

  it('sums them by version, action, actor and day, a re-encryption for both of its versions', async () => {
    await rollUpUsage(store)
    expect(await counted()).toEqual(expected)
    const { daily, hourly } = expected
    expect(new Set(daily.map(({ place }) => place.slice(-12))).size).toBe(2)
    expect(new Set(hourly.map(({ place }) => place.slice(-15))).size).toBeGreaterThan(2)
    for (const rows of [daily, hourly]) {
      expect(rows.some(({ place }) => place.includes('RE_ENCRYPT_FROM'))).toBe(true)
      expect(rows.some(({ succeeded, refused }) => succeeded > 1 && refused > 0)).toBe(true)
      expect(rows.some(({ succeeded, refused }) => succeeded === 0 && refused > 0)).toBe(true)
      expect(rows.some(({ denied }) => denied > 0)).toBe(true)
    }
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
      const sumOf = (rows: readonly Counted[]) =>
        rows.reduce((total, { succeeded, refused }) => total + succeeded + refused, 0)
      const { daily, hourly } = await counted()
      expect(sumOf(daily)).toBeGreaterThan(0)
      expect(sumOf(daily)).toBeLessThan(sumOf(expected.daily))
      expect(sumOf(hourly)).toBe(sumOf(daily))
    } finally {
      await store.db.$executeRawUnsafe('DROP FUNCTION refuse CASCADE')
    }
    await rollUpUsage(store, { batchSize: 2 })
    expect(await counted()).toEqual(expected)
  })

  it.each([2, 5000])(
    'counts by hour, after an upgrade, what was counted by day alone, in batches of %i',
    async (batchSize) => {
      await rollUpUsage(store)
      await store.db.$executeRawUnsafe('TRUNCATE audit_usage_hourly')
      await store.db.$executeRawUnsafe('UPDATE audit_usage_daily SET denied = 0')
      await forgetDetails()
      await rollUpUsage(store, { batchSize })
      expect(await counted()).toEqual(expected)
      expect(await rollUpUsage(store, { batchSize })).toBe(0)
    },
  )

  it('counts each exactly once after an upgrade when several servers do it at the same time', async () => {
    await rollUpUsage(store)
    await store.db.$executeRawUnsafe('TRUNCATE audit_usage_hourly')
    await store.db.$executeRawUnsafe('UPDATE audit_usage_daily SET denied = 0')
    await forgetDetails()
    const batches = await Promise.all([1, 2, 3].map((batchSize) => rollUpUsage(store, { batchSize })))
    expect(batches.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(5)
    await rollUpUsage(store)
    expect(await counted()).toEqual(expected)
  })

  it('is behind in nothing where the records are pruned that an earlier release counted', async () => {
    await rollUpUsage(store)
    await forgetDetails()
    const [{ id, events } = { id: '', events: [] }] = await store.db.$queryRaw<
      { id: string; events: string[] }[]
    >`
        SELECT chain_id::text AS id, array_agg(id::text) AS events FROM audit_events
        WHERE chain_id IS NOT NULL GROUP BY 1 ORDER BY count(*) LIMIT 1`
    const undone = new Error('undone')
    await store
      .transaction(async (tx) => {
        await tx.$executeRawUnsafe(`DELETE FROM audit_events WHERE chain_id = '${id}'`)
        expect(events.length).toBeGreaterThan(0)
        await rollUpUsage({ ...store, db: tx, transaction: (work) => work(tx) } as Store)
        const places = await tx.auditRollupProgress.findMany()
        expect(places.filter((place) => place.detailedSequence !== place.sequence)).toEqual([])
        throw undone
      })
      .catch((error: unknown) => {
        if (error !== undone) throw error
      })
  })

  it('keeps hours for 400 days, and days for ever', async () => {
    await rollUpUsage(store)
    const last = new Date(Math.max(...expected.daily.map(({ lastAt = 0 }) => lastAt)))
    const daysLater = (days: number) => new Date(last.getTime() + days * 86_400_000)
    await dropOldHours(store, daysLater(hourlyUsageDays), { batchSize: 3 })
    expect(await counted()).toEqual(expected)
    // A second project, so that both are cleaned.
    await store.db.$executeRawUnsafe(`INSERT INTO audit_usage_hourly SELECT gen_random_uuid(), version_number, hour, action, 'bank'
      FROM audit_usage_hourly LIMIT 5`)
    await dropOldHours(store, daysLater(hourlyUsageDays + 2), { batchSize: 3 })
    expect(await counted()).toEqual({ daily: expected.daily, hourly: [] })
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

const dayOf = { start: (at: Date) => at.toISOString().slice(0, 10), byActor: true }
const hourOf = { start: (at: Date) => at.toISOString().slice(0, 13), byActor: false }

/** The same sums, made of one event after the other. */
function countedFrom(
  events: readonly Record<string, unknown>[],
  { start, byActor }: typeof dayOf,
): Counted[] {
  const places = new Map<string, { success: number[]; refusal: number[]; denied: number }>()
  const add = (place: string, outcome: unknown, at: Date) => {
    const sums = places.get(place) ?? { success: [], refusal: [], denied: 0 }
    ;(outcome === 'SUCCEEDED' ? sums.success : sums.refusal).push(at.getTime())
    if (outcome === 'DENIED') sums.denied++
    places.set(place, sums)
  }
  for (const event of events) {
    const { key_id: keyId, version_number: number, action, outcome } = event
    const actor = byActor ? event['actor'] : ''
    if (keyId === null) continue
    const at = event['occurred_at'] as Date
    const day = start(at)
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
    .map(([place, { success, refusal, denied }]) => ({
      place,
      succeeded: success.length,
      refused: refusal.length,
      denied,
      ...(byActor && { lastAt: Math.max(...(success.length > 0 ? success : refusal)) }),
    }))
    .toSorted(byPlace)
}
