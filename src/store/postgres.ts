import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { StoreError } from './errors.ts'
import { createExecutor, statementName } from './executor.ts'
import { migrate } from './migrate.ts'
import { listenForKeyChanges } from './notify.ts'
import { connectMs, createPostgresClients, type PostgresClients } from './postgres-clients.ts'
import { reasonOf } from './postgres-hosts.ts'
import type { Driver, StoreOptions } from './store.ts'

const oldestMajor = 15

/** Connects to a PostgreSQL server. */
export async function openPostgres(
  databaseUrl: string,
  options: Pick<StoreOptions, 'poolSize' | 'migrate' | 'onStatement'>,
): Promise<Driver> {
  const clients = readAddress(databaseUrl)
  const pool = new pg.Pool({
    connectionString: clients.connectionString,
    max: options.poolSize,
    application_name: 'keystead',
    connectionTimeoutMillis: connectMs,
    Client: clients.PoolClient,
  })
  // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
  pool.on('error', () => {})
  try {
    const client = await pool.connect().catch((error: unknown) => {
      throw new StoreError(
        `The database at DATABASE_URL cannot be reached (${reasonOf(error)}). Check address, name and password, and that it runs.`,
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
  return {
    kind: 'postgres',
    adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => statementName(sql) }),
    executor: createExecutor(pool, options.onStatement),
    listen: (events) => listenForKeyChanges(clients, events),
    close: () => pool.end(),
  }
}

function readAddress(databaseUrl: string): PostgresClients {
  try {
    return createPostgresClients(databaseUrl)
  } catch (error) {
    throw error instanceof TypeError ? new StoreError(`DATABASE_URL ${error.message}.`) : error
  }
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
