import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keepPartitions, planPartitions } from '../../src/audit/partitions.ts'
import {
  type AuditPartition,
  announceEnd,
  findPartitions,
  findProvenEnd,
  restName,
} from '../../src/store/audit/partition-rows.ts'
import type { Store } from '../../src/store/store.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const start = new Date('2026-03-08T03:00:00Z')

function later(months: number, from = start): Date {
  return new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, from.getUTCDate()))
}

/** A record of a moment, as whatever clock dates it. */
async function write(store: Store, at: Date): Promise<void> {
  await store.db
    .$executeRaw`INSERT INTO audit_events (id, project_id, occurred_at, action, outcome, actor, request_id, details)
    VALUES (gen_random_uuid(), 'shop', ${at.toISOString()}::timestamptz, 'ENCRYPT', 'SUCCEEDED', 'user:ada', 'r', '{}')`
}

/** Partitions that leave no time out and have none twice. */
function expectWhole(partitions: readonly Omit<AuditPartition, 'name'>[]): void {
  expect(partitions[0]?.from).toBeNull()
  expect(partitions.at(-1)?.to).toBeNull()
  expect(partitions.slice(1).map(({ from }) => from)).toEqual(partitions.slice(0, -1).map(({ to }) => to))
}

async function namesOf(store: Store): Promise<string[]> {
  return (await findPartitions(store.db)).map(({ name }) => name.replace('audit_events_', ''))
}

describe.skipIf(hasNoDatabase())('the partitions of the audit trail', () => {
  it('are made for this month and the next, once, before they are needed', async () => {
    const store = await openForTest(await withDatabase())
    expect(await namesOf(store)).toEqual(['rest'])
    expect(await keepPartitions(store, start)).toBe(true)
    expect(await namesOf(store)).toEqual(['before_2026_03', '2026_03', '2026_04', 'rest'])
    expect(await keepPartitions(store, start)).toBe(false)
    await write(store, later(1))
    expect(await keepPartitions(store, later(1))).toBe(true)
    expect(await namesOf(store)).toEqual(['before_2026_03', '2026_03', '2026_04', '2026_05', 'rest'])
    // Nothing was written for a year.
    expect(await keepPartitions(store, later(13))).toBe(true)
    expect((await namesOf(store)).slice(3)).toEqual([
      '2026_05',
      'before_2027_04',
      '2027_04',
      '2027_05',
      'rest',
    ])
    expectWhole(await findPartitions(store.db))
  })

  it('have a place for a record of any moment, and lose none, whenever they are made', async () => {
    const store = await openForTest(await withDatabase())
    const months = fc.integer({ min: -20, max: 60 })
    const steps = fc.array(fc.record({ passed: fc.integer({ min: 0, max: 4 }), written: fc.array(months) }), {
      minLength: 1,
      maxLength: 6,
    })
    let [now, records] = [start, 0]
    await fc.assert(
      fc.asyncProperty(steps, async (turns) => {
        for (const { passed, written } of turns) {
          now = later(passed, now)
          // Also of clocks that are wrong by years.
          for (const month of written) await write(store, later(month, now))
          records += written.length
          await keepPartitions(store, now)
          expectWhole(await findPartitions(store.db))
          expect(await store.db.auditEvent.count()).toBe(records)
          expect(await keepPartitions(store, now)).toBe(false)
        }
      }),
      { numRuns: 5 },
    )
  })

  it('follow the months also after a clock was ahead for a while', async () => {
    const store = await openForTest(await withDatabase())
    await keepPartitions(store, start)
    await write(store, new Date('2099-07-01T00:00:00Z'))
    expect(await keepPartitions(store, later(1))).toBe(true)
    expect((await namesOf(store)).slice(2)).toEqual(['2026_04', '2026_05', 'rest'])
    expect(await store.db.auditEvent.count()).toBe(1)
  })

  it('end a table of before without a copy, also where it is too large to be read under a lock', async () => {
    const store = await openForTest(await withDatabase())
    await write(store, start)
    const fileOf = async (name: string) => {
      const [row] = await store.db.$queryRawUnsafe<{ file: bigint }[]>(
        `SELECT relfilenode AS file FROM pg_class WHERE relname = '${name}'`,
      )
      return row?.file
    }
    const file = await fileOf(restName)
    expect(await keepPartitions(store, start, { largeBytes: 0 })).toBe(true)
    // A month and more is left for the check.
    expect(await namesOf(store)).toEqual(['before_2026_05', 'rest'])
    expect(await fileOf('audit_events_before_2026_05')).toBe(file)
    expect(await findProvenEnd(store.db)).toBeNull()
    expect(await keepPartitions(store, later(1), { largeBytes: 0 })).toBe(true)
    expect(await namesOf(store)).toEqual(['before_2026_05', '2026_05', 'rest'])
  })

  it('go on where a server was killed between two steps, and give up an end that has come too close', async () => {
    const store = await openForTest(await withDatabase())
    await write(store, start)
    await announceEnd(store, new Date('2026-06-01T00:00:00Z'))
    expect(await findProvenEnd(store.db)).toMatchObject({ isProven: false })
    // What is written meanwhile has its place as before.
    await write(store, later(2))
    expect(await keepPartitions(store, start, { largeBytes: 0 })).toBe(true)
    expect(await namesOf(store)).toEqual(['before_2026_06', 'rest'])

    const other = await openForTest(await withDatabase())
    await write(other, start)
    await announceEnd(other, new Date('2026-04-01T00:00:00Z'))
    expect(await keepPartitions(other, new Date('2026-03-28T00:00:00Z'), { largeBytes: 0 })).toBe(true)
    expect(await namesOf(other)).toEqual(['before_2026_05', 'rest'])
    await write(other, later(30))
    expect(await other.db.auditEvent.count()).toBe(2)
  })

  it('are made by one of several servers at the same time', async () => {
    const database = await withDatabase()
    const store = await openForTest(database)
    await write(store, start)
    const others =
      database.databaseUrl === null ? [] : [await openForTest(database), await openForTest(database)]
    const made = await Promise.allSettled([store, ...others].map((each) => keepPartitions(each, start)))
    expect(made.filter((each) => each.status === 'fulfilled' && each.value)).toHaveLength(1)
    expect(await namesOf(store)).toEqual(['before_2026_04', '2026_04', 'rest'])
  })
})

describe('a plan of partitions', () => {
  it('leaves no time out for any rest, whatever it holds', () => {
    const moment = fc.date({ min: new Date('2020-01-01'), max: new Date('2120-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(moment, fc.tuple(moment, moment), fc.option(moment), (now, [one, other], began) => {
        const from = began && new Date(Date.UTC(began.getUTCFullYear(), began.getUTCMonth()))
        const [oldest, newest] = one < other ? [one, other] : [other, one]
        // Otherwise there is nothing to do.
        if (
          from !== null &&
          (oldest < from || from >= new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 2)))
        )
          return
        const rest = { name: restName, from, to: null }
        const change = planPartitions({ rest, span: { oldest, newest }, now, end: null })
        const { ended, added, restFrom } = change
        if (ended !== null) expect(ended.to && newest < ended.to).toBe(true)
        else expect(oldest >= restFrom).toBe(true)
        const kept = ended === null ? [] : [ended]
        const whole = [...kept, ...added, { from: restFrom, to: null }]
        expect(whole[0]?.from).toEqual(from)
        expect(whole.slice(1).map((each) => each.from)).toEqual(whole.slice(0, -1).map((each) => each.to))
        expect(new Set(added.map(({ name }) => name)).size).toBe(added.length)
      }),
    )
  })
})
