import { setTimeout as sleep } from 'node:timers/promises'
import type { Queryable } from '../sql.ts'

/** When a table is due, as PostgreSQL's autovacuum has it by default. */
export interface MaintenanceLimits {
  /** Rows that must have changed, besides a share of the table, before it is vacuumed or analyzed. */
  readonly rowsMin: number
  /** Share of a table's rows that must be dead or new before it is vacuumed. */
  readonly vacuumShare: number
  /** Share of a table's rows that must have changed before it is analyzed. */
  readonly analyzeShare: number
  /** Age in transactions from which rows are frozen. At 2,000 million PostgreSQL stops writing. */
  readonly freezeAge: number
  /** Size in bytes from which a table is vacuumed whose statistics were lost in a crash. */
  readonly unknownBytesMin: number
  /** Write-ahead log since the last checkpoint, in bytes, from which there is another one. */
  readonly logBytesMax: number
}

export const maintenanceLimits: MaintenanceLimits = {
  rowsMin: 50,
  vacuumShare: 0.2,
  analyzeShare: 0.1,
  freezeAge: 200_000_000,
  unknownBytesMin: 1024 ** 2,
  logBytesMax: 64 * 1024 ** 2,
}

/** A table and what is due on it. */
interface DueTable {
  readonly name: string
  readonly freeze: boolean
  readonly vacuum: boolean
  readonly analyze: boolean
}

/**
 * Does what a PostgreSQL server does in the background and PGlite does not: vacuums tables, so that the space of removed
 * rows is used again, freezes old rows, keeps the planner's statistics up to date, and writes checkpoints, so that the
 * write-ahead log does not grow without end. Each step is one statement, during which all requests wait; after it
 * others have as long as it took.
 *
 * @param signal ends it early, between two steps
 * @returns the statements that were run
 */
export async function maintainEmbedded(
  db: Queryable,
  signal: AbortSignal,
  limits = maintenanceLimits,
): Promise<readonly string[]> {
  const done: string[] = []
  async function step(sql: string): Promise<void> {
    if (signal.aborted) return
    const startedAtMs = performance.now()
    await db.$executeRawUnsafe(sql)
    done.push(sql)
    await sleep(performance.now() - startedAtMs)
  }
  for (const { name, freeze, vacuum, analyze } of await findDueTables(db, limits)) {
    if (freeze) await step(`VACUUM (FREEZE) ${name}`)
    else if (vacuum) await step(`VACUUM ${name}`)
    if (analyze) await step(`ANALYZE ${name}`)
  }
  if (await isCheckpointDue(db, limits)) await step('CHECKPOINT')
  return done
}

/** A row's age counts with that of the table that holds its long values. */
async function findDueTables(db: Queryable, limits: MaintenanceLimits): Promise<DueTable[]> {
  return db.$queryRaw`
    SELECT t.name, t.freeze, t.vacuum, t.analyze FROM (
      SELECT c.oid::regclass::text AS name,
        greatest(age(c.relfrozenxid), age(l.relfrozenxid), mxid_age(c.relminmxid), mxid_age(l.relminmxid))
          > ${limits.freezeAge}::int AS freeze,
        s.n_dead_tup > due.vacuum OR s.n_ins_since_vacuum > due.vacuum OR is_unknown.yes AS vacuum,
        s.n_mod_since_analyze > due.analyze OR is_unknown.yes AS analyze
      FROM pg_stat_all_tables s JOIN pg_class c ON c.oid = s.relid LEFT JOIN pg_class l ON l.oid = c.reltoastrelid,
        LATERAL (SELECT ${limits.rowsMin}::int + ${limits.vacuumShare}::float8 * greatest(c.reltuples, 0) AS vacuum,
          ${limits.rowsMin}::int + ${limits.analyzeShare}::float8 * greatest(c.reltuples, 0) AS analyze) AS due,
        LATERAL (SELECT s.last_vacuum IS NULL AND s.last_analyze IS NULL
          AND pg_relation_size(c.oid) >= ${limits.unknownBytesMin}::int AS yes) AS is_unknown
      WHERE c.relkind IN ('r', 'm') AND c.relpersistence = 'p'
    ) t WHERE t.freeze OR t.vacuum OR t.analyze ORDER BY t.name`
}

async function isCheckpointDue(db: Queryable, { logBytesMax }: MaintenanceLimits): Promise<boolean> {
  const [row] = await db.$queryRaw<{ due: boolean }[]>`
    SELECT pg_current_wal_insert_lsn() - redo_lsn > ${logBytesMax}::int AS due FROM pg_control_checkpoint()`
  return row?.due === true
}

/** Brings the planner's statistics of some tables up to date, on either kind of database, in a transaction or not. */
export async function analyzeTables(db: Queryable, tables: readonly string[]): Promise<void> {
  await db.$executeRawUnsafe(`ANALYZE ${tables.map((table) => `"${table}"`).join(', ')}`)
}
