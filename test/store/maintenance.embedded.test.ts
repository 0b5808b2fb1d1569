import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PGlite } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { describe, expect, it } from 'vitest'
import { maintainEmbedded, maintenanceLimits } from '../../src/store/embedded/maintenance.ts'
import type { Store } from '../../src/store/store.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const never = new AbortController().signal
/** For tests with many statements. */
const slowMs = 180_000
const chainId = '0199a000-0000-7000-8000-000000000001'

async function withStore(): Promise<Store & { dataFolder: string }> {
  const database = await withDatabase()
  const store = await openForTest(database)
  await store.db.$executeRawUnsafe(`
    INSERT INTO audit_chains (id, number, kind, started_at, base_hash, mac, head_sequence, head_hash, head_mac,
      base_sequence)
    VALUES ('${chainId}', 1, 'OPERATIONS', now(), '', '', 0, '', '', 0)`)
  return { ...store, dataFolder: database.dataFolder }
}

/** Adds records to the trail, numbered from one number to another. */
async function addRecords({ db }: Store, first: number, last: number): Promise<void> {
  await db.$executeRawUnsafe(`
    INSERT INTO audit_events (id, project_id, occurred_at, action, outcome, actor, request_id, details, chain_id,
      sequence, hash)
    SELECT gen_random_uuid(), 'p1', now(), 'ENCRYPT', 'SUCCEEDED', 'user:alice', gen_random_uuid()::text, '{}',
      '${chainId}', number, sha256(number::text::bytea)
    FROM generate_series(${first}, ${last}) AS number`)
}

const pruneRecords = ({ db }: Store, last: number) =>
  db.$executeRawUnsafe(`DELETE FROM audit_events WHERE sequence <= ${last}`)

async function numberOf({ db }: Store, sql: string): Promise<number> {
  const [row] = await db.$queryRawUnsafe<{ number: unknown }[]>(sql)
  return Number(row?.number)
}

const sizeOfTrail = (store: Store) =>
  numberOf(store, `SELECT pg_total_relation_size('audit_events_rest') AS number`)
const oldestAge = (store: Store) =>
  numberOf(store, `SELECT max(age(datfrozenxid)) AS number FROM pg_database`)

/** PostgreSQL counts changes of rows with a delay of up to a second. */
async function countChanges({ db }: Store): Promise<void> {
  await db.$executeRawUnsafe('SELECT pg_stat_force_next_flush()')
}

describe('the maintenance of the embedded database', () => {
  it(
    'gives the space of pruned records to new ones, round after round',
    async () => {
      const store = await withStore()
      const perRound = 3000
      const sizes: number[] = []
      for (let round = 0; round < 6; round++) {
        await addRecords(store, round * perRound + 1, (round + 1) * perRound)
        await countChanges(store)
        await maintainEmbedded(store.db, never)
        // The newest stay, as they do where records go by their age.
        await pruneRecords(store, round * perRound)
        await countChanges(store)
        await maintainEmbedded(store.db, never)
        sizes.push(await sizeOfTrail(store))
      }
      // Two rounds' records is the most that there ever is at a time.
      const [, second = 0, ...later] = sizes
      expect(second).toBeGreaterThan(500_000)
      for (const size of later) expect(size).toBeLessThan(1.3 * second)
    },
    slowMs,
  )

  it('tells the planner about tables that have grown, and leaves alone what has not changed', async () => {
    const store = await withStore()
    await addRecords(store, 1, 2000)
    await countChanges(store)
    const rows = () =>
      numberOf(store, `SELECT reltuples AS number FROM pg_class WHERE oid = 'audit_events_rest'::regclass`)
    expect(await rows()).toBe(-1)
    const statements = await maintainEmbedded(store.db, never)
    expect(statements).toContain('ANALYZE audit_events_rest')
    expect(statements).toContain('VACUUM audit_events_rest')
    expect(await rows()).toBe(2000)
    await countChanges(store)
    expect((await maintainEmbedded(store.db, never)).join()).not.toContain('audit_events')
    // Less than a tenth, and then more.
    await addRecords(store, 2001, 2100)
    await countChanges(store)
    expect((await maintainEmbedded(store.db, never)).join()).not.toContain('audit_events')
    await addRecords(store, 2101, 2400)
    await countChanges(store)
    expect(await maintainEmbedded(store.db, never)).toContain('ANALYZE audit_events_rest')
  })

  it('looks after a table whose statistics were lost in a crash', async () => {
    const store = await withStore()
    await addRecords(store, 1, 5000)
    await store.db.$executeRawUnsafe('SELECT pg_stat_reset()')
    const statements = await maintainEmbedded(store.db, never, {
      ...maintenanceLimits,
      unknownBytesMin: 8192,
    })
    expect(statements).toEqual(
      expect.arrayContaining(['VACUUM audit_events_rest', 'ANALYZE audit_events_rest']),
    )
  })

  it('freezes old rows of all tables, so that transaction numbers never run out', async () => {
    const store = await withStore()
    for (let count = 0; count < 200; count++) await store.db.$executeRawUnsafe('SELECT txid_current()')
    expect(await oldestAge(store)).toBeGreaterThan(200)
    expect((await maintainEmbedded(store.db, never)).join()).not.toContain('FREEZE')
    await maintainEmbedded(store.db, never, { ...maintenanceLimits, freezeAge: 150 })
    // Each of its statements takes a number of its own.
    expect(await oldestAge(store)).toBeLessThan(150)
  })

  it(
    'has no database besides its own that would need the same, also where an older release made it',
    async () => {
      const { dataFolder } = await withDatabase()
      const older = join(dataFolder, 'older')
      mkdirSync(join(older, 'database'), { recursive: true })
      const pglite = await PGlite.create({ fs: new NodeFS(join(older, 'database')) })
      expect((await pglite.query('SELECT FROM pg_database')).rows).toHaveLength(3)
      await pglite.close()
      for (const folder of [dataFolder, older]) {
        const store = await openForTest({ databaseUrl: null, dataFolder: folder, dispose: async () => {} })
        expect(await store.db.$queryRawUnsafe('SELECT datname FROM pg_database')).toEqual([
          { datname: 'postgres' },
        ])
        expect(await store.db.key.count()).toBe(0)
      }
    },
    slowMs,
  )

  it(
    'writes checkpoints, so that the write-ahead log does not grow for ever',
    async () => {
      const store = await withStore()
      const segments = () =>
        readdirSync(join(store.dataFolder, 'database', 'pg_wal')).filter((name) =>
          /^[0-9A-F]{24}$/.test(name),
        ).length
      const counts: number[] = []
      const logBytesMax = 16 * 1024 ** 2
      for (let round = 0; round < 8; round++) {
        for (let part = 0; part < 20; part++) {
          await store.db.$executeRawUnsafe(
            `SELECT pg_logical_emit_message(false, 'test', repeat('x', 1024 * 1024))`,
          )
        }
        const statements = await maintainEmbedded(store.db, never, { ...maintenanceLimits, logBytesMax })
        expect(statements).toContain('CHECKPOINT')
        counts.push(segments())
      }
      expect(counts.slice(4)).toEqual(Array(4).fill(counts[3]))
    },
    slowMs,
  )

  it(
    'lets others have their turn between its statements, and ends between two when it is told to',
    async () => {
      const log: string[] = []
      const store = await openForTest(await withDatabase(), { onStatement: (sql) => log.push(sql) })
      const all = { ...maintenanceLimits, freezeAge: -1 }
      let isOver = false
      const others = (async () => {
        for (; !isOver; await nextTurn()) await store.db.$executeRawUnsafe('SELECT 1')
      })()
      const statements = await maintainEmbedded(store.db, never, all).finally(() => {
        isOver = true
      })
      await others
      expect(statements.length).toBeGreaterThan(20)
      const vacuumed = log.flatMap((sql, index) => (sql.startsWith('VACUUM') ? [index] : []))
      for (const index of vacuumed.slice(1)) expect(log[index - 1]).toBe('SELECT 1')

      const stop = new AbortController()
      const cut = maintainEmbedded(store.db, stop.signal, all)
      stop.abort()
      expect(await cut).toEqual([])
    },
    slowMs,
  )
})
