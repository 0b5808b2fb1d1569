import { readFile } from 'node:fs/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { readSecretFile, SecretFileError } from '../../secret-file.ts'
import { databaseTroubleOf } from '../database-trouble.ts'
import { StoreError } from '../errors.ts'
import { migrate } from '../migrate.ts'
import { preparedName } from '../sql.ts'
import { connectionWaitMs, type Driver, type Executor, type StoreOptions } from '../store.ts'
import { createPostgresClients, type PostgresClients } from './clients.ts'
import { reasonOf } from './hosts.ts'
import { listenForKeyChanges } from './listener.ts'
import { createPool } from './pool.ts'
import type { TlsFiles } from './url.ts'

const oldestMajor = 15

/** Connects to a PostgreSQL server. */
export async function openPostgres(
  databaseUrl: string,
  options: Pick<StoreOptions, 'poolSize' | 'waitMs' | 'migrate' | 'onStatement' | 'onStage' | 'warn'>,
): Promise<Driver> {
  const clients = readAddress(databaseUrl)
  await requireTlsFiles(clients.files, options.warn)
  const { onStage = () => {} } = options
  const pool = createPool(clients, { size: options.poolSize, waitMs: options.waitMs ?? connectionWaitMs })
  onStage('It is connecting to the database.')
  try {
    const client = await pool.connect().catch((error: unknown) => {
      const advice = databaseTroubleOf(error)?.text ?? 'Check address, name and password, and that it runs.'
      throw new StoreError(`The database at DATABASE_URL cannot be reached (${reasonOf(error)}). ${advice}`)
    })
    try {
      await requireVersion(client)
      await migrate(
        {
          query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
          execute: async (sql) => void (await client.query(sql)),
        },
        { ...options, apply: options.migrate },
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
    adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => preparedName(sql) }),
    executor: createExecutor(pool, options),
    listen: (events) => listenForKeyChanges(clients, events),
    close: () => pool.end(),
  }
}

/** Runs statements on the pool's connections, each in a transaction of its own. */
function createExecutor(pool: pg.Pool, { onStatement }: Pick<StoreOptions, 'onStatement'>): Executor {
  return {
    async $executeRaw({ text, values }) {
      onStatement?.(text)
      const { rowCount } = await pool.query({ name: preparedName(text), text, values: [...values] })
      return rowCount ?? 0
    },
  }
}

function readAddress(databaseUrl: string): PostgresClients {
  try {
    return createPostgresClients(databaseUrl)
  } catch (error) {
    throw error instanceof TypeError ? new StoreError(`DATABASE_URL ${error.message}.`) : error
  }
}

/** The driver reads the files for each connection, and its errors do not say which setting names them. */
async function requireTlsFiles(
  { authority, certificate, privateKey }: TlsFiles,
  warn: StoreOptions['warn'] = () => {},
): Promise<void> {
  for (const [name, path] of [
    ['sslrootcert', authority],
    ['sslcert', certificate],
  ]) {
    if (!path) continue
    await readFile(path).catch(({ code = 'unknown error' }: NodeJS.ErrnoException) => {
      throw new StoreError(`The file ${path}, which DATABASE_URL names as ${name}, cannot be read (${code}).`)
    })
  }
  if (!privateKey) return
  await readSecretFile(privateKey, { what: 'private key file', warn }).catch((error: unknown) => {
    if (!(error instanceof SecretFileError)) throw error
    throw new StoreError(`DATABASE_URL names an sslkey that cannot be used: ${error.message}.`)
  })
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
