import { readMigrations } from '../migrate.ts'
import type { Queryable } from '../sql.ts'
import type { Store } from '../store.ts'

/** Every table, in an order in which rows can be put back: what is referred to comes first. */
export const backupTables = [
  'installation',
  'keys',
  'key_aliases',
  'key_versions',
  'key_material',
  'key_version_usage',
  'import_parameters',
  'project_roles',
  'deleted_keys',
  'audit_chains',
  'audit_events',
  'audit_pruned_revisions',
  'audit_rollup_progress',
  'audit_sink_positions',
  'audit_usage_daily',
  'audit_usage_hourly',
] as const

/** Tables that triggers write when the rows that they follow from are put back. */
const derivedTables = ['key_search', 'key_last_uses'] as const

/**
 * Tables that are not backed up. A backup knows nothing of the time that passes after it. The next version of a published
 * key may have become a version since, so that a restore has another one made. Leases are those of running servers.
 */
export const tablesLeftOut = ['certain_time', 'leases', 'next_key_material', ...derivedTables] as const

/** A table whose rows are backed up. */
export type BackupTable = (typeof backupTables)[number]

/** Longest that a backup or a restore may take, in milliseconds: a week. */
const limitMs = 7 * 86_400_000
const pageSize = 200

/** Facts about the database for a backup's header. */
export interface BackupFacts {
  readonly now: Date
  readonly migration: string
  readonly rootKeyIds: readonly string[]
}

/**
 * Runs work on one moment's state of the database, which others go on changing; on the embedded database they wait. Ends
 * with an error if the work changes anything.
 */
export function onSnapshot<T>(store: Store, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return store.transaction(async (tx) => {
    await tx.$executeRawUnsafe('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
    // Before the moment is chosen: no partition is dropped any more that had records then.
    await tx.$executeRawUnsafe('LOCK TABLE audit_events IN ACCESS SHARE MODE')
    await tx.$executeRawUnsafe(`SET LOCAL bytea_output = 'hex'`)
    await tx.$executeRawUnsafe(`SET LOCAL idle_in_transaction_session_timeout = '5min'`)
    return work(tx)
  }, limitMs)
}

/** Runs a transaction without timeouts. */
export function inLongTransaction<T>(store: Store, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return store.transaction(async (tx) => {
    await tx.$executeRawUnsafe('SET LOCAL statement_timeout = 0')
    await tx.$executeRawUnsafe('SET LOCAL idle_in_transaction_session_timeout = 0')
    return work(tx)
  }, limitMs)
}

/** The snapshot's moment, the newest migration, and all root keys that something is under. */
export async function readBackupFacts(tx: Queryable): Promise<BackupFacts> {
  const [facts] = await tx.$queryRaw<{ now: Date; migration: string }[]>`
    SELECT now() AS now, (SELECT max(migration_name) FROM _prisma_migrations WHERE finished_at IS NOT NULL) AS migration`
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT root_key_id AS id FROM installation UNION SELECT root_key_id FROM key_material
    UNION SELECT root_key_id FROM import_parameters WHERE wrapped IS NOT NULL ORDER BY id`
  if (facts === undefined) throw new TypeError('the database tells nothing of itself')
  return { ...facts, rootKeyIds: rows.map(({ id }) => id) }
}

/** The rows of a table as JSON texts, in pages. */
export async function* readTable(tx: Queryable, table: BackupTable): AsyncGenerator<readonly string[]> {
  await tx.$executeRawUnsafe(
    `DECLARE backup_rows NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS json FROM "${table}" t`,
  )
  for (;;) {
    const rows = await tx.$queryRawUnsafe<{ json: string }[]>(`FETCH ${pageSize} FROM backup_rows`)
    if (rows.length > 0) yield rows.map(({ json }) => json)
    if (rows.length < pageSize) break
  }
  await tx.$executeRawUnsafe('CLOSE backup_rows')
}

/** Adds rows to a table, each the JSON text that `readTable` gave. */
export async function writeRows(tx: Queryable, table: BackupTable, rows: readonly string[]): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO "${table}" SELECT * FROM json_populate_recordset(NULL::"${table}", $1::text::json)`,
    `[${rows.join(',')}]`,
  )
}

/** Removes everything. The tables are locked against all others until the transaction ends. */
export async function removeEverything(tx: Queryable): Promise<void> {
  await tx.$executeRawUnsafe(
    `TRUNCATE ${[...backupTables, 'leases', 'next_key_material', ...derivedTables].map((table) => `"${table}"`).join(', ')}`,
  )
}

/** True if a restore would destroy anything. A server that was only started has left nothing but chains. */
export async function hasRecords(db: Queryable): Promise<boolean> {
  const [row] = await db.$queryRaw<{ found: boolean }[]>`
    SELECT EXISTS (SELECT FROM keys) OR EXISTS (SELECT FROM deleted_keys) OR EXISTS (SELECT FROM project_roles)
      OR EXISTS (SELECT FROM audit_events) AS found`
  return row?.found === true
}

/** Other connections of Keystead to this PostgreSQL database: those of servers and of commands. */
export async function countOtherSessions(db: Queryable): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'keystead%'`
  return row?.count ?? 0
}

/** The newest migration that this release has. */
export function newestMigration(): string {
  const name = readMigrations().at(-1)?.name
  if (name === undefined) throw new TypeError('there are migrations')
  return name
}
