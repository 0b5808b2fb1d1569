import { randomBytes } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { newOpaqueUuid } from '../../src/ids.ts'
import { appendAuditEvents } from '../../src/store/audit/append-rows.ts'
import { databaseTroubleOf } from '../../src/store/database-trouble.ts'
import { isUnavailable, StoreError } from '../../src/store/errors.ts'
import { Prisma } from '../../src/store/generated/client.ts'
import { openStore } from '../../src/store/open-store.ts'
import { findKeyPage } from '../../src/store/rows/key-pages.ts'
import { insertKey } from '../../src/store/rows/key-rows.ts'
import { findKeysInUse } from '../../src/store/rows/key-with-versions.ts'
import { setEncryptionsOfManyAside, type VersionPlace } from '../../src/store/rows/usage-rows.ts'
import { insertVersions } from '../../src/store/rows/version-rows.ts'
import type { Queryable } from '../../src/store/sql.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { failureOf, kindsOf } from '../support/failures.ts'
import { insertInstallation } from '../support/insert-installation.ts'
import { sampleKey, sampleVersion } from '../support/sample-rows.ts'
import { openForTest, withDatabase, withEmptyDatabase } from '../support/test-store.ts'

const end = { sequence: 0, hash: new Uint8Array(32) }
/** Of nothing, to a chain that is not there. */
const append = { chainId: newOpaqueUuid(), after: end, links: [], head: end, headMac: new Uint8Array(32) }

/** A key with one version, which is given. */
async function insertSample(db: Queryable): Promise<VersionPlace> {
  const key = sampleKey({ lastVersionNumber: 1 })
  await insertKey(db, key)
  await insertVersions(db, [
    { version: sampleVersion(key.id), material: { rootKeyId: 'x', wrapped: new Uint8Array(1) } },
  ])
  return { keyId: key.id, versionNumber: 1 }
}

/** Waits until the server runs a statement that sleeps. */
async function isAsleep({ databaseUrl }: { databaseUrl: string | null }): Promise<void> {
  await vi.waitUntil(
    async () => {
      const sleeping = await asOperator(
        databaseUrl,
        `SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event = 'PgSleep'`,
      )
      return sleeping.length > 0
    },
    { timeout: 20_000, interval: 10 },
  )
}

describe.skipIf(hasNoDatabase())('a PostgreSQL server', () => {
  it('is used in UTC, at READ COMMITTED and durably, whatever its defaults are', async () => {
    const database = await withDatabase()
    const name = new URL(database.databaseUrl ?? '').pathname.slice(1)
    await asOperator(
      database.databaseUrl,
      `ALTER DATABASE ${name} SET timezone = 'America/New_York'`,
      `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`,
      `ALTER DATABASE ${name} SET synchronous_commit = off`,
      `ALTER DATABASE ${name} SET datestyle = 'German, DMY'`,
      `ALTER DATABASE ${name} SET intervalstyle = 'sql_standard'`,
      `ALTER DATABASE ${name} SET bytea_output = 'escape'`,
      `ALTER DATABASE ${name} SET extra_float_digits = '-15'`,
    )
    const store = await openForTest(database)
    const createdAt = new Date('2026-03-08T02:30:00.123Z')
    await store.db.installation.create({
      data: { id: 1, rootKeyId: 'x', wrappedSecret: new Uint8Array(1), createdAt },
    })
    expect(await store.db.installation.findMany({ select: { createdAt: true } })).toEqual([{ createdAt }])
    const [clock] = await store.db.$queryRaw<{ seconds: number }[]>`
      SELECT extract(epoch FROM clock_timestamp())::float8 AS seconds`
    expect(Math.abs((await store.now()).getTime() / 1000 - (clock?.seconds ?? 0))).toBeLessThan(60)
    const settings = await store.transaction(
      (tx) => tx.$queryRaw`SELECT current_setting('transaction_isolation') AS isolation,
        current_setting('synchronous_commit') AS durability`,
    )
    expect(settings).toEqual([{ isolation: 'read committed', durability: 'on' }])
  })

  it.each(["''", 'nowhere'])('with search_path %s is refused at the start, in words', async (path) => {
    const database = await withDatabase()
    const name = new URL(database.databaseUrl ?? '').pathname.slice(1)
    await asOperator(database.databaseUrl, `ALTER DATABASE ${name} SET search_path = ${path}`)
    const error = await failureOf(openForTest(database))
    expect(error).toBeInstanceOf(StoreError)
    expect((error as Error).message).toMatch(/search_path names no schema that is there/)
  })

  it('whose search_path changes while it is used is unavailable, not a bug', async () => {
    const database = await withDatabase()
    const name = new URL(database.databaseUrl ?? '').pathname.slice(1)
    const { db } = await openForTest(database)
    await asOperator(
      database.databaseUrl,
      'CREATE SCHEMA elsewhere',
      `ALTER DATABASE ${name} SET search_path = elsewhere`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'keystead' AND datname = current_database()`,
    )
    const asked = () => failureOf(db.$queryRaw`SELECT count(*)::int FROM keys`)
    await expect.poll(async () => databaseTroubleOf(await asked())?.code, { timeout: 20_000 }).toBe('42P01')
    expect(isUnavailable(await asked())).toBe(true)
  })

  it('on which the user may make no tables is refused with the right that is missing', async () => {
    const database = await withDatabase()
    const role = `without_${randomBytes(4).toString('hex')}`
    await asOperator(database.databaseUrl, `CREATE ROLE ${role} LOGIN PASSWORD '${role}'`)
    onTestFinished(
      async () => void (await asOperator(database.databaseUrl, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`)),
    )
    const address = new URL(database.databaseUrl ?? '')
    address.username = role
    address.password = role
    const error = await failureOf(openForTest({ ...database, databaseUrl: address.href }))
    expect(error).toBeInstanceOf(StoreError)
    expect((error as Error).message).toMatch(/\(42501\).*owner of the database/)
  })

  it('reads and plans what is asked often once for each connection, and nothing else', async () => {
    const { db, executor, transaction } = await openForTest(await withDatabase(), { poolSize: 1 })
    const version = await insertSample(db)
    const filter = { projectId: 'shop', kind: 'USER', visibleTo: null } as const
    const place = { createdAt: new Date(), name: 'a' }
    const page = { filter, orderBy: 'NAME', direction: 'asc', after: null, before: null, max: 3 } as const
    for (let times = 0; times < 3; times++) {
      // Changes append through Prisma and operations without it: under one name, the two must send the same text.
      await appendAuditEvents(executor, append)
      await transaction((tx) => appendAuditEvents(tx, append))
      await findKeysInUse(db, [{ projectId: 'shop', id: newOpaqueUuid() }])
      await setEncryptionsOfManyAside(db, [{ ...version, count: 1 }], 9)
      await findKeyPage(db, page)
      await findKeyPage(db, { ...page, max: 200, orderBy: 'CREATED_AT', direction: 'desc', after: place })
      await findKeyPage(db, { ...page, filter: { ...filter, namePrefix: 'a' } })
      await findKeyPage(db, { ...page, filter: { ...filter, status: ['ACTIVE'] }, before: place })
    }
    const prepared = await db.$queryRaw`
      SELECT name, generic_plans + custom_plans AS executed FROM pg_prepared_statements WHERE name <> '' ORDER BY name`
    expect(prepared).toEqual([
      { name: 'append_audit_events', executed: 6n },
      { name: 'find_keys_in_use', executed: 3n },
      { name: 'page_by_created_at_desc_after', executed: 3n },
      { name: 'page_by_name_asc', executed: 3n },
      { name: 'set_encryptions_aside', executed: 3n },
    ])
  })

  it('answers what is prepared after a newer release has added columns', async () => {
    const database = await withDatabase()
    const { db, executor } = await openForTest(database, { poolSize: 1 })
    const version = await insertSample(db)
    const { projectId } = sampleKey()
    const page = {
      filter: { projectId, kind: 'USER', visibleTo: null },
      orderBy: 'NAME',
      direction: 'asc',
      after: null,
      before: null,
      max: 3,
    } as const
    const askAll = async () => [
      await findKeyPage(db, page),
      await findKeysInUse(db, [{ projectId, id: version.keyId }]),
      await appendAuditEvents(executor, append),
      (await setEncryptionsOfManyAside(db, [{ ...version, count: 1 }], 9)).length,
    ]
    const before = await askAll()
    await asOperator(
      database.databaseUrl,
      ...['keys', 'key_versions', 'key_material', 'key_version_usage', 'audit_events', 'audit_chains'].map(
        (table) => `ALTER TABLE ${table} ADD COLUMN later text NOT NULL DEFAULT ''`,
      ),
    )
    expect(await askAll()).toEqual(before)
  })

  it.each([
    ['does it again', undefined, 3],
    ['tells it where it has a limit of its own', 10_000, 2],
  ])('that ends one of two deadlocked transactions %s', async (_what, limitMs, begun) => {
    const store = await openForTest(await withDatabase())
    await insertInstallation(store.db, 1)
    await insertInstallation(store.db, 2)
    let arrived = 0
    let bothArrived = () => {}
    const meeting = new Promise<void>((resolve) => {
      bothArrived = resolve
    })
    const lockBoth = (first: number, second: number) =>
      store.transaction(async (tx) => {
        await tx.installation.update({ where: { id: first }, data: { rootKeyId: 'y' } })
        if (++arrived === 2) bothArrived()
        await meeting
        await tx.installation.update({ where: { id: second }, data: { rootKeyId: 'y' } })
      }, limitMs)
    const errors = await Promise.all([failureOf(lockBoth(1, 2)), failureOf(lockBoth(2, 1))])
    const failed = errors.filter((error) => error !== null)
    expect(arrived).toBe(begun)
    expect(failed.map(kindsOf)).toEqual(
      limitMs === undefined ? [] : [{ unique: false, retryable: true, unavailable: true }],
    )
    expect(failed.map((error) => databaseTroubleOf(error)?.code)).toEqual(
      limitMs === undefined ? [] : ['40P01'],
    )
  })

  it('is recognised as unavailable when it cuts connections off, and used again afterwards', async () => {
    const database = await withDatabase()
    const store = await openForTest(database)
    const cutOff = () =>
      asOperator(
        database.databaseUrl,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'keystead' AND datname = current_database()`,
      )
    const inside = failureOf(
      store.transaction(async (tx) => {
        await tx.installation.count()
        await cutOff()
        await tx.installation.count()
      }),
    )
    expect(kindsOf(await inside)).toEqual({ unique: false, retryable: false, unavailable: true })
    const during = failureOf(store.db.$queryRaw`SELECT pg_sleep(30)::text`)
    await isAsleep(database)
    await cutOff()
    expect(kindsOf(await during)).toEqual({ unique: false, retryable: false, unavailable: true })
    expect(await store.db.installation.count()).toBe(0)
  })

  it('is recognised as unavailable when it lets nobody in any more, with Prisma and without', async () => {
    const database = await withDatabase()
    const role = `shut_out_${randomBytes(4).toString('hex')}`
    await asOperator(database.databaseUrl, `CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${role}'`)
    onTestFinished(async () => {
      await asOperator(database.databaseUrl, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`)
    })
    const address = new URL(database.databaseUrl ?? '')
    address.username = role
    address.password = role
    const { db, executor } = await openForTest({ ...database, databaseUrl: address.href })
    await asOperator(
      database.databaseUrl,
      `ALTER ROLE ${role} NOLOGIN`,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`,
    )
    // The first round may still find the connections that were cut off; the second has to open new ones.
    for (const client of [executor, db, executor, db]) {
      const failing = async () => client.$executeRaw(Prisma.sql`SELECT 1`)
      expect(kindsOf(await failureOf(failing()))).toEqual({
        unique: false,
        retryable: false,
        unavailable: true,
      })
    }
  })

  it('is recognised as unavailable when no connection becomes free', async () => {
    const database = await withDatabase()
    const store = await openForTest(database, { poolSize: 1, waitMs: 500 })
    const busy = failureOf(store.db.$queryRaw`SELECT pg_sleep(2)::text`)
    await isAsleep(database)
    expect(isUnavailable(await failureOf(store.db.installation.count()))).toBe(true)
    expect(await busy).toBeNull()
  })

  it('gets each migration once when several servers start together', async () => {
    const database = await withEmptyDatabase()
    await Promise.all(Array.from({ length: 4 }, () => openForTest(database)))
    const history = await asOperator(database.databaseUrl, 'SELECT migration_name FROM _prisma_migrations')
    const names = history.map((row) => row['migration_name'])
    expect(names.length).toBeGreaterThan(0)
    expect(new Set(names).size).toBe(names.length)
  })

  it('is left as it was by a migration that fails, and the refusal names the migration', async () => {
    const database = await withEmptyDatabase()
    // The first statement of the first migration works, a later one does not.
    await asOperator(database.databaseUrl, 'CREATE TYPE "KeyStatus" AS ENUM (\'OF_ANOTHER_PROGRAM\')')
    await expect(openStore({ poolSize: 2, migrate: true, ...database })).rejects.toThrow(
      /The migration \d+_init cannot be applied \(42710\)/,
    )
    const left = `SELECT to_regtype('"KeyKind"') AS type, to_regclass('_prisma_migrations') AS history`
    expect(await asOperator(database.databaseUrl, left)).toEqual([{ type: null, history: null }])
  })
})
