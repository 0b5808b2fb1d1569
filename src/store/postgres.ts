import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { StoreError } from './errors.ts'
import { migrate } from './migrate.ts'
import type { Driver } from './store.ts'

const oldestMajor = 15

/** Connects to a PostgreSQL server. */
export async function openPostgres(
  databaseUrl: string,
  options: { readonly poolSize: number; readonly migrate: boolean },
): Promise<Driver> {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.poolSize,
    application_name: 'keystead',
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    onConnect: prepareSession,
  })
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
  pool.on('error', () => {})
  try {
    const client = await pool.connect().catch((error: { code?: string }) => {
      throw new StoreError(
        `The database at DATABASE_URL cannot be reached (${error.code ?? 'no connection'}). Check address, name and password, and that it runs.`,
      )
    })
    try {
      await requireVersion(client)
      await migrate(
        {
          query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
          execute: async (sql) => void (await client.query(sql)),
        },
        { apply: options.migrate },
      )
    } finally {
      client.release()
    }
  } catch (error) {
    await pool.end()
    throw error
  }
  return { kind: 'postgres', adapter: new PrismaPg(pool), close: () => pool.end() }
}

/**
 * What Keystead relies on, whatever the server's defaults are; by statement, because poolers such as PgBouncer refuse
 * unknown startup parameters.
 */
async function prepareSession(client: pg.ClientBase): Promise<void> {
  await client.query(`SELECT
    -- Prisma reads and writes times without their zone, as UTC.
    set_config('TimeZone', 'UTC', false),
    -- Rows are locked and then read: with a stricter level the read would see them as they were before the lock.
    set_config('default_transaction_isolation', 'read committed', false),
    -- A server that no longer answers, or a client that died inside a transaction, must not hold a lock for ever.
    set_config('statement_timeout', '15s', false),
    set_config('idle_in_transaction_session_timeout', '20s', false),
    -- What is acknowledged is on disk; operators may ask for more than that, but not for less.
    CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END`)
}

async function requireVersion(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string }>('SHOW server_version_num')
  const major = Math.floor(Number(rows[0]?.server_version_num) / 10_000)
  if (!(major >= oldestMajor)) {
    throw new StoreError(
      `The database server is PostgreSQL ${major}; Keystead needs ${oldestMajor} or newer.`,
    )
  }
}
