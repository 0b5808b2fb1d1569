import { createHash, createSecretKey, randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createChainMac, linkEvents } from '../../src/audit/chain.ts'
import { keepPartitions } from '../../src/audit/partitions.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import { newUuid } from '../../src/ids.ts'
import { appendAuditEvents } from '../../src/store/audit/append-rows.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'
import { findPartitions } from '../../src/store/audit/partition-rows.ts'
import { readMigrations } from '../../src/store/migrate.ts'
import type { Executor } from '../../src/store/store.ts'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { openForTest, withEmptyDatabase } from '../support/test-store.ts'

const partitioning = '_audit_partitions'

/** A database of the release before the trail had partitions. */
async function databaseBefore(): Promise<TestDatabase & { databaseUrl: string }> {
  const database = await withEmptyDatabase()
  if (database.databaseUrl === null) throw new TypeError('the suite is on PostgreSQL')
  const client = new pg.Client(database.databaseUrl)
  await client.connect()
  await client.query(`CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`)
  for (const { name, sql } of readMigrations()) {
    if (name.endsWith(partitioning)) break
    await client.query(sql)
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ($1, $2, $3, now())`,
      [randomUUID(), createHash('sha256').update(sql).digest('hex'), name],
    )
  }
  await client.end()
  return { ...database, databaseUrl: database.databaseUrl }
}

/** A replica of that release: one connection that keeps its statement prepared, and a chain. */
async function startOldReplica(databaseUrl: string, chainMac: ReturnType<typeof createChainMac>) {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  const executor: Executor = {
    async $executeRaw({ text, values }) {
      return (await client.query({ name: 'append_audit_events', text, values: [...values] })).rowCount ?? 0
    },
  }
  const id = randomUUID()
  const base = { sequence: 0, hash: randomBytes(32) }
  const chain = {
    id,
    number: 1,
    kind: 'OPERATIONS' as const,
    startedAt: new Date('2026-03-01T00:00:00Z'),
    base,
  }
  await client.query(`INSERT INTO audit_chains VALUES ($1, 1, 'OPERATIONS', $2, 0, $3, $4, 0, $3, $5)`, [
    id,
    chain.startedAt,
    base.hash,
    chainMac.chainMac(chain),
    chainMac.headMac(id, base),
  ])
  let head: { sequence: number; hash: Uint8Array } = base
  let isStopped = false
  async function writeGroup(): Promise<void> {
    const { links, head: next } = linkEvents(head, Array.from({ length: 20 }, newEvent))
    const append = { chainId: id, after: head, links, head: next, headMac: chainMac.headMac(id, next) }
    expect(await appendAuditEvents(executor, append)).toBe(true)
    head = next
  }
  await writeGroup()
  const written = (async () => {
    while (!isStopped) await writeGroup()
  })()
  return {
    async stop(): Promise<number> {
      isStopped = true
      await written
      await client.end()
      return head.sequence
    },
    count: () => head.sequence,
  }
}

function newEvent(): AuditEventRow {
  return {
    id: newUuid(),
    projectId: 'shop',
    occurredAt: new Date('2026-03-08T03:00:00Z'),
    action: 'ENCRYPT',
    outcome: 'SUCCEEDED',
    errorCode: null,
    actor: 'user:ada',
    tokenId: null,
    clientAddress: null,
    requestId: 'r',
    keyId: null,
    keyRevision: null,
    versionNumber: null,
    details: {},
  }
}

describe.skipIf(hasNoDatabase())('a trail of the release before it had partitions', () => {
  it('gets them while a replica of that release goes on writing, without a copy of a record', async () => {
    const database = await databaseBefore()
    const chainMac = createChainMac(createSecretKey(randomBytes(32)))
    const replica = await startOldReplica(database.databaseUrl, chainMac)
    const client = new pg.Client(database.databaseUrl)
    await client.connect()
    onTestFinished(() => client.end())
    const fileOf = async (name: string) =>
      (await client.query('SELECT pg_relation_filenode($1::regclass) AS file', [name])).rows[0].file
    const before = await fileOf('audit_events')

    const store = await openForTest(database)
    const migrated = replica.count()
    await expect.poll(() => replica.count()).toBeGreaterThan(migrated + 100)
    expect(await keepPartitions(store, new Date('2026-03-08T04:00:00Z'), { largeBytes: 0 })).toBe(true)
    const kept = replica.count()
    await expect.poll(() => replica.count()).toBeGreaterThan(kept + 100)
    const records = await replica.stop()

    expect((await findPartitions(store.db)).map(({ name }) => name)).toEqual([
      'audit_events_before_2026_05',
      'audit_events_rest',
    ])
    expect(await fileOf('audit_events_before_2026_05')).toBe(before)
    const report = await verifyAudit({ db: store.db, chainMac })
    expect(report).toMatchObject({ findings: [], records })
    const { rows } = await client.query(
      'SELECT count(*)::int AS count FROM audit_events_before_2026_05 WHERE chain_id IS NOT NULL',
    )
    expect(rows[0].count).toBe(records)
  })
})
