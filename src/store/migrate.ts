import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { newUuid } from '../ids.ts'
import { StoreError } from './errors.ts'

/** A bare connection; statements are the migrations' own. */
export interface MigrationConnection {
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Runs several statements. */
  execute(sql: string): Promise<void>
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
SELECT pg_advisory_xact_lock(${advisoryLock})`

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
export async function migrate(db: MigrationConnection, { apply }: { apply: boolean }): Promise<void> {
  const migrations = readMigrations()
  if ((await pendingOf(db, migrations)).length === 0) return
  if (!apply) {
    throw new StoreError(
      'The database has migrations pending, and MIGRATE_ON_START is false. Start one server with MIGRATE_ON_START=true, which applies them.',
    )
  }
  while (await applyNext(db, migrations));
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
async function applyNext(db: MigrationConnection, migrations: readonly Migration[]): Promise<boolean> {
  await db.execute(begin)
  try {
    await db.execute(historyTable)
    const [migration] = await pendingOf(db, migrations)
    if (migration !== undefined) await applyMigration(db, migration)
    await db.execute('COMMIT')
    return migration !== undefined
  } catch (error) {
    // The first error is the one to report, also where the connection is lost and nothing can be taken back.
    await db.execute('ROLLBACK').catch(() => {})
    throw error
  }
}

async function applyMigration(db: MigrationConnection, { name, sql }: Migration): Promise<void> {
  const checksum = createHash('sha256').update(sql).digest('hex')
  try {
    // Names of folders of this repository: no text from outside gets here.
    await db.execute(`${sql};
INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
VALUES ('${newUuid()}', '${checksum}', now(), '${name}', 1)`)
  } catch (error) {
    const { code } = error as { code?: string }
    throw new StoreError(
      `The migration ${name} cannot be applied (${code ?? 'connection lost'}); the database is as it was. Give Keystead a database of its own, whose user may make tables.`,
    )
  }
}
