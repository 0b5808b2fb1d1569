import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newUuid } from '../ids.ts'
import { databaseTroubleOf } from './database-trouble.ts'
import { StoreError } from './errors.ts'

/** A bare connection; statements are the migrations' own. */
export interface MigrationConnection {
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Runs several statements. */
  execute(sql: string): Promise<void>
}

/** Options of a migration. */
export interface MigrateOptions {
  /** Refused if not, where some are pending. */
  readonly apply: boolean
  readonly warn?: (text: string) => void
  readonly onStage?: (stage: string) => void
}

/** One folder of prisma/migrations. */
interface Migration {
  readonly name: string
  readonly sql: string
}

const folder = join(import.meta.dirname, '../../prisma/migrations')

/** Any number that is the same in all replicas and unlike other programs' locks. */
const advisoryLock = 4_605_317_802_291n

/**
 * A transaction that waits for the other replicas' migrations, and may take as long as it needs. The lock ends with
 * it, so that a lost connection or a pooler leaves none behind; the level lets it see what was committed meanwhile.
 */
const begin = `BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0`
const lock = `pg_advisory_xact_lock(${advisoryLock})`
const tryLock = `pg_try_advisory_xact_lock(${advisoryLock})`

/** Holder of the lock, which the server lists in two halves. */
const holders = `SELECT l.pid, coalesce(a.application_name, '') AS application FROM pg_locks l
  LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.classid::bigint = ${advisoryLock >> 32n} AND l.objid::bigint = ${advisoryLock & 0xffff_ffffn}`
/** Interval of the warnings while the lock is waited for, in milliseconds. */
const reminderMs = 60_000

/** The table of Prisma Migrate, so that its command line reads the same history. */
const historyTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/**
 * Brings a database to the state that this release expects. Each migration and its record are one transaction; of
 * several replicas that start together one works and the others wait.
 *
 * @throws StoreError if the database is of a newer release, or migrations are pending that may not be applied
 */
export async function migrate(db: MigrationConnection, options: MigrateOptions): Promise<void> {
  const migrations = readMigrations()
  try {
    await applyAll(db, migrations, options)
  } catch (error) {
    if (error instanceof StoreError) throw error
    const { code, text } = databaseTroubleOf(error) ?? { code: 'connection lost', text: 'Start again.' }
    throw new StoreError(`The migrations of the database cannot be applied (${code}). ${text}`)
  }
}

async function applyAll(
  db: MigrationConnection,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<void> {
  if ((await pendingOf(db, migrations)).length === 0) return
  if (!options.apply) {
    throw new StoreError(
      'The database has migrations pending, which commands and servers with MIGRATE_ON_START=false do not apply. Start one server of this release with MIGRATE_ON_START=true.',
    )
  }
  while (await applyNext(db, migrations, options));
}

/** The migrations of this release, oldest first. */
export function readMigrations(): Migration[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function pendingOf(db: MigrationConnection, migrations: readonly Migration[]): Promise<Migration[]> {
  const [table] = await db.query(`SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present`)
  if (table?.['present'] !== true) return [...migrations]
  const rows = await db.query('SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL')
  const applied = new Set(rows.map((row) => String(row['migration_name'])))
  const unknown = [...applied].find((name) => !migrations.some((migration) => migration.name === name))
  if (unknown !== undefined) {
    throw new StoreError(
      `The database was used by a newer release of Keystead (it has the migration ${unknown}). Start that release or a later one.`,
    )
  }
  return migrations.filter(({ name }) => !applied.has(name))
}

/** Applies the oldest pending migration, in a transaction with its record; false if none is pending. */
async function applyNext(
  db: MigrationConnection,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<boolean> {
  await db.execute(begin)
  try {
    await takeLock(db, options)
    await db.execute(historyTable)
    const [migration] = await pendingOf(db, migrations)
    if (migration !== undefined) {
      options.onStage?.(`It is applying the database migration ${migration.name}.`)
      await applyMigration(db, migration)
    }
    await db.execute('COMMIT')
    return migration !== undefined
  } catch (error) {
    // The first error is the one to report, also where the connection is lost and nothing can be taken back.
    await db.execute('ROLLBACK').catch(() => {})
    throw error
  }
}

/** Takes the lock that one server at a time holds while it migrates, and warns while it waits. */
async function takeLock(
  db: MigrationConnection,
  { warn = () => {}, onStage = () => {} }: MigrateOptions,
): Promise<void> {
  const [first] = await db.query(`SELECT ${tryLock} AS taken`)
  if (first?.['taken'] === true) return
  const [holder] = await db.query(holders)
  const who =
    holder === undefined
      ? 'another connection'
      : `process ${holder['pid']} of the database server (application_name "${printable(holder['application'])}")`
  const startedAtMs = performance.now()
  const tell = () => {
    const seconds = Math.round((performance.now() - startedAtMs) / 1000)
    warn(
      `waiting for the lock of the database migrations, which ${who} holds, for ${seconds} seconds now: another server applies them, or a session was left open`,
    )
  }
  onStage('It is waiting for another server that applies database migrations.')
  tell()
  const reminder = setInterval(tell, reminderMs)
  try {
    await db.query(`SELECT ${lock}`)
  } finally {
    clearInterval(reminder)
  }
}

/** Makes a foreign name safe for a line of the log. */
function printable(name: unknown): string {
  return String(name)
    .replaceAll(/[^ -~]/g, '?')
    .slice(0, 64)
}

async function applyMigration(db: MigrationConnection, { name, sql }: Migration): Promise<void> {
  const checksum = createHash('sha256').update(sql).digest('hex')
  try {
    // Names of folders of this repository: no text from outside gets here.
    await db.execute(`${sql};
INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
VALUES ('${newUuid()}', '${checksum}', now(), '${name}', 1)`)
  } catch (error) {
    const trouble = databaseTroubleOf(error)
    const advice = trouble?.isKnown
      ? trouble.text
      : 'Give Keystead a database of its own, whose user may make tables.'
    throw new StoreError(
      `The migration ${name} cannot be applied (${trouble?.code ?? 'connection lost'}); the database is as it was. ${advice}`,
    )
  }
}
