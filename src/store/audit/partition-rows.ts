import type { Queryable } from '../sql.ts'
import type { Store } from '../store.ts'

/** A partition of the trail. It has the records from one moment on until before another. */
export interface AuditPartition {
  readonly name: string
  /** Null for no beginning. */
  readonly from: Date | null
  /** Null for no end. */
  readonly to: Date | null
}

/** Moments of the oldest and of the newest record. */
export interface RecordedSpan {
  readonly oldest: Date
  readonly newest: Date
}

/** Name of a partition that has everything of a time up to a month. */
export function nameBefore(month: Date): string {
  return `audit_events_before_${nameOfMonth(month)}`
}

/** Name of a partition of one month. */
export function nameOfPartition(month: Date): string {
  return `audit_events_${nameOfMonth(month)}`
}

function nameOfMonth(month: Date): string {
  return month.toISOString().slice(0, 7).replace('-', '_')
}

/** Partition that takes all records later than the others do. There is one, so that a record always has a place. */
export const restName = 'audit_events_rest'

/** Constraint by which the rest proves where it will end, while it is being checked. */
const endName = 'audit_events_rest_end'

/** Advisory lock of whoever changes partitions. */
const partitionsLock = 5_107_339_003n

/** Longest wait for the lock of the table, in milliseconds. Records that are to be written meanwhile wait behind it. */
const lockMs = 500

/** Time limit of a step that reads a partition, in milliseconds: a day. */
const readMs = 86_400_000

/** All partitions of the trail in the order of time. */
export async function findPartitions(db: Queryable): Promise<AuditPartition[]> {
  // A bound without an end is MINVALUE or MAXVALUE, which has no quotes.
  return db.$queryRaw`
    SELECT c.relname AS name,
      substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM [(]''([^'']+)''')::timestamptz AS "from",
      substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO [(]''([^'']+)''')::timestamptz AS "to"
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_events'::regclass ORDER BY "from" NULLS FIRST`
}

/** The span of the records in the rest, by the index of the projects; null if it has none. */
export async function findSpanOfRest(db: Queryable): Promise<RecordedSpan | null> {
  const rest = 'audit_events_rest'
  const [row] = await db.$queryRawUnsafe<{ oldest: Date | null; newest: Date | null }[]>(`
    WITH RECURSIVE projects(id) AS (
      SELECT min(project_id) FROM ${rest}
      UNION ALL
      SELECT (SELECT min(e.project_id) FROM ${rest} e WHERE e.project_id > p.id) FROM projects p WHERE p.id IS NOT NULL
    )
    SELECT min((SELECT min(e.occurred_at) FROM ${rest} e WHERE e.project_id = p.id)) AS oldest,
      max((SELECT max(e.occurred_at) FROM ${rest} e WHERE e.project_id = p.id)) AS newest
    FROM projects p WHERE p.id IS NOT NULL`)
  if (row === undefined || row.oldest === null || row.newest === null) return null
  return { oldest: row.oldest, newest: row.newest }
}

/** Size of the rest in bytes, without its indexes. */
export async function sizeOfRest(db: Queryable): Promise<number> {
  const [row] = await db.$queryRaw<{ bytes: bigint }[]>`
    SELECT pg_relation_size(${restName}::text::regclass) AS bytes`
  return Number(row?.bytes ?? 0)
}

/** End for which the rest has been checked, or is being checked; null if there is none. */
export async function findProvenEnd(db: Queryable): Promise<{ end: Date; isProven: boolean } | null> {
  const [row] = await db.$queryRaw<{ end: Date; isProven: boolean }[]>`
    SELECT substring(pg_get_constraintdef(oid) FROM '''([^'']+)''')::timestamptz AS "end", convalidated AS "isProven"
    FROM pg_constraint WHERE conrelid = ${restName}::text::regclass AND conname = ${endName}`
  return row ?? null
}

/** Makes the rest take nothing later than `end` from now on. What is there already is checked by `proveEnd`. */
export async function announceEnd(store: Store, end: Date): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = ${lockMs}`)
    await tx.$executeRawUnsafe(`ALTER TABLE ${restName} ADD CONSTRAINT ${endName}
      CHECK (occurred_at < '${end.toISOString()}'::timestamptz) NOT VALID`)
  }, readMs)
}

/** Takes the announced end back. */
export async function withdrawEnd(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = ${lockMs}`)
    await tx.$executeRawUnsafe(`ALTER TABLE ${restName} DROP CONSTRAINT IF EXISTS ${endName}`)
  }, readMs)
}

/** Checks the records of the rest against its announced end. Others read and write meanwhile. */
export async function proveEnd(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.$executeRawUnsafe('SET LOCAL statement_timeout = 0')
    await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = ${lockMs}`)
    await tx.$executeRawUnsafe(`ALTER TABLE ${restName} VALIDATE CONSTRAINT ${endName}`)
  }, readMs)
}

/** Changes of the partitions, all of them at one moment. */
export interface PartitionChange {
  /** Partition of the present rest, under a name of its own; null if it stays the rest. */
  readonly ended: AuditPartition | null
  /** New partitions. */
  readonly added: readonly { readonly name: string; readonly from: Date; readonly to: Date }[]
  /** From when on the rest has the records. */
  readonly restFrom: Date
}

/**
 * Ends the rest and adds partitions before the new one, in one transaction. Writers wait for its few statements, which read no
 * record unless the rest has some that were not checked before. Resolves to false if another process is at it, or if the
 * partitions are no longer as they were.
 */
export async function changePartitions(
  store: Store,
  before: readonly AuditPartition[],
  { ended, added, restFrom }: PartitionChange,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    if (!(await lockPartitions(tx, before))) return false
    await tx.$executeRawUnsafe(`ALTER TABLE audit_events DETACH PARTITION ${restName}`)
    if (ended !== null) {
      await tx.$executeRawUnsafe(`ALTER TABLE ${restName} RENAME TO ${ended.name}`)
      await attach(tx, ended.name, ended)
      await tx.$executeRawUnsafe(`ALTER TABLE ${ended.name} DROP CONSTRAINT IF EXISTS ${endName}`)
    }
    for (const { name, from, to } of added) await create(tx, name, { from, to })
    if (ended === null) await attach(tx, restName, { from: restFrom, to: null })
    else await create(tx, restName, { from: restFrom, to: null })
    return true
  }, 60_000)
}

/** True if a partition has no record that is part of the trail: none after the beginning of its chain, and none without one. */
export async function isPruned(db: Queryable, { name }: AuditPartition): Promise<boolean> {
  // By the index of places in chains alone, from chain to chain.
  const [row] = await db.$queryRawUnsafe<{ pruned: boolean }[]>(`
    WITH RECURSIVE named(id) AS (
      (SELECT chain_id FROM ${name} WHERE chain_id IS NOT NULL ORDER BY chain_id LIMIT 1)
      UNION ALL
      SELECT (SELECT chain_id FROM ${name} e WHERE e.chain_id > named.id ORDER BY chain_id LIMIT 1)
      FROM named WHERE named.id IS NOT NULL
    )
    SELECT NOT EXISTS (SELECT FROM ${name} WHERE chain_id IS NULL) AND NOT EXISTS (
      SELECT FROM named LEFT JOIN audit_chains c ON c.id = named.id
      WHERE named.id IS NOT NULL AND (c.id IS NULL
        OR EXISTS (SELECT FROM ${name} e WHERE e.chain_id = named.id AND e.sequence > c.base_sequence)
        OR EXISTS (SELECT FROM ${name} e WHERE e.chain_id = named.id AND e.sequence < 1)
        OR EXISTS (SELECT FROM ${name} e WHERE e.chain_id = named.id AND e.sequence IS NULL))
    ) AS pruned`)
  return row?.pruned === true
}

/** True if a partition has no rows at all. */
export async function isEmpty(db: Queryable, { name }: AuditPartition): Promise<boolean> {
  const [row] = await db.$queryRawUnsafe<{ found: boolean }[]>(`SELECT EXISTS (SELECT FROM ${name}) AS found`)
  return row?.found === false
}

/**
 * Drops neighbouring partitions, and puts an empty one in their place, so that each time keeps a place. Resolves to false if
 * another process changed them, or if a record came meanwhile that is part of the trail.
 *
 * @throws what PostgreSQL says if the table is not free within some moments
 */
export async function dropPartitions(
  store: Store,
  before: readonly AuditPartition[],
  dropped: readonly AuditPartition[],
): Promise<boolean> {
  const [from, to] = [dropped[0]?.from ?? null, dropped.at(-1)?.to ?? null]
  if (to === null) throw new TypeError('the last partition stays')
  return store.transaction(async (tx) => {
    if (!(await lockPartitions(tx, before))) return false
    // Nobody writes from here on.
    for (const each of dropped) if (!(await isPruned(tx, each))) return false
    await tx.$executeRawUnsafe(`DROP TABLE ${dropped.map(({ name }) => name).join(', ')}`)
    await create(tx, nameBefore(to), { from, to })
    return true
  }, 60_000)
}

/** What statistics the planner has of the trail as a whole, which no autovacuum collects. */
export async function analyzeTrail(db: Queryable): Promise<void> {
  await db.$executeRawUnsafe('ANALYZE audit_events')
}

/** Keeps everybody else from the trail until the transaction ends; false if its partitions are changed, or about to be. */
async function lockPartitions(tx: Queryable, before: readonly AuditPartition[]): Promise<boolean> {
  const [mine] = await tx.$queryRaw<{ taken: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(${partitionsLock}::bigint) AS taken`
  if (mine?.taken !== true) return false
  await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = ${lockMs}`)
  await tx.$executeRawUnsafe('LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE')
  return JSON.stringify(await findPartitions(tx)) === JSON.stringify(before)
}

async function attach(
  tx: Queryable,
  name: string,
  bounds: { from: Date | null; to: Date | null },
): Promise<void> {
  await tx.$executeRawUnsafe(`ALTER TABLE audit_events ATTACH PARTITION ${name} ${textOf(bounds)}`)
}

async function create(
  tx: Queryable,
  name: string,
  bounds: { from: Date | null; to: Date | null },
): Promise<void> {
  await tx.$executeRawUnsafe(`CREATE TABLE ${name} PARTITION OF audit_events ${textOf(bounds)}`)
  await tx.$executeRawUnsafe(`ALTER TABLE ${name} ADD PRIMARY KEY (id), ADD UNIQUE (chain_id, sequence)`)
}

function textOf({ from, to }: { from: Date | null; to: Date | null }): string {
  const bound = (at: Date | null, open: string) => (at === null ? open : `'${at.toISOString()}'`)
  return `FOR VALUES FROM (${bound(from, 'MINVALUE')}) TO (${bound(to, 'MAXVALUE')})`
}
