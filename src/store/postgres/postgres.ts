import { readFile } from 'node:fs/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { readSecretFile, SecretFileError } from '../../secret-file.ts'
import { databaseTroubleOf } from '../database-trouble.ts'
import { StoreError } from '../errors.ts'
import { migrate } from '../migrate.ts'
import { preparedName } from '../sql.ts'
import { connectionWaitMs, type Driver, type Executor, type StoreOptions } from '../store.ts'
import { createPostgresClients, type HostClient, type PostgresClients } from './clients.ts'
import { reasonOf } from './hosts.ts'
import { listenForKeyChanges } from './listener.ts'
import { createPool } from './pool.ts'
import { type Addresses, tryOut, tryRowLocks } from './trial.ts'
import type { TlsFiles } from './url.ts'

const oldestMajor = 15

/** Connects to a PostgreSQL server. */
export async function openPostgres(
  databaseUrl: string,
  options: Pick<
    StoreOptions,
    'listenUrl' | 'poolSize' | 'waitMs' | 'migrate' | 'onStatement' | 'onStage' | 'warn'
  >,
): Promise<Driver> {
  const { listenUrl = null, onStage = () => {}, warn = () => {} } = options
  const clients = await readAddress('DATABASE_URL', databaseUrl, warn)
  const listening = listenUrl === null ? clients : await readAddress('DATABASE_LISTEN_URL', listenUrl, warn)
  // The session that listens is its own, wherever it is.
  if (listening !== clients) listening.useSessions('own')
  const pool = createPool(clients, { size: options.poolSize, waitMs: options.waitMs ?? connectionWaitMs })
  onStage('It is connecting to the database.')
  let keepsNames: boolean
  try {
    const client = await reach('DATABASE_URL', () => pool.connect())
    try {
      await requireVersion(client)
      keepsNames = await prepareDatabase(client, { clients, listening }, options)
    } finally {
      client.release()
    }
  } catch (error) {
    await pool.end()
    throw error
  }
  const nameOf = keepsNames ? preparedName : () => ''
  return {
    kind: 'postgres',
    adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => nameOf(sql) }),
    executor: createExecutor(pool, nameOf, options),
    tellsRollback: true,
    listen: (events) => listenForKeyChanges(listening, events),
    close: () => pool.end(),
  }
}

/** Tries out what the database can do, and applies pending migrations. Returns whether prepared statements may have names. */
async function prepareDatabase(
  client: pg.PoolClient,
  addresses: Addresses,
  options: Pick<StoreOptions, 'migrate' | 'onStage' | 'warn'>,
): Promise<boolean> {
  const { warn = () => {} } = options
  const { sessions, keepsNames } = await reach('DATABASE_URL', () => tryOut(client, addresses, warn))
  addresses.clients.useSessions(sessions)
  const { advice } = await reach('DATABASE_URL', () => (client as HostClient & pg.PoolClient).check())
  if (advice !== null)
    warn(`a pooler shares sessions, and outages would take longer than necessary: ${advice}`)
  await migrate(
    {
      query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
      execute: async (sql) => void (await client.query(sql)),
    },
    { ...options, apply: options.migrate },
  )
  await reach('DATABASE_URL', () => tryRowLocks(client, addresses))
  return keepsNames
}

/** @throws StoreError that says why a database cannot be used, and names the setting with its address */
async function reach<T>(setting: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof StoreError) throw error
    const advice = databaseTroubleOf(error)?.text ?? 'Check address, name and password, and that it runs.'
    throw new StoreError(`The database at ${setting} cannot be reached (${reasonOf(error)}). ${advice}`)
  }
}

/** Runs statements on the pool's connections, each in a transaction of its own. */
function createExecutor(
  pool: pg.Pool,
  nameOf: (text: string) => string,
  { onStatement }: Pick<StoreOptions, 'onStatement'>,
): Executor {
  return {
    async $executeRaw({ text, values }) {
      onStatement?.(text)
      const { rowCount } = await pool.query({ name: nameOf(text), text, values: [...values] })
      return rowCount ?? 0
    },
  }
}

async function readAddress(
  setting: string,
  address: string,
  warn: NonNullable<StoreOptions['warn']>,
): Promise<PostgresClients> {
  try {
    const clients = createPostgresClients(address)
    await requireTlsFiles(setting, clients.files, warn)
    return clients
  } catch (error) {
    throw error instanceof TypeError ? new StoreError(`${setting} ${error.message}.`) : error
  }
}

/** The driver reads the files for each connection, and its errors do not say which setting names them. */
async function requireTlsFiles(
  setting: string,
  { authority, certificate, privateKey }: TlsFiles,
  warn: NonNullable<StoreOptions['warn']>,
): Promise<void> {
  for (const [name, path] of [
    ['sslrootcert', authority],
    ['sslcert', certificate],
  ]) {
    if (!path) continue
    await readFile(path).catch(({ code = 'unknown error' }: NodeJS.ErrnoException) => {
      throw new StoreError(`The file ${path}, which ${setting} names as ${name}, cannot be read (${code}).`)
    })
  }
  if (!privateKey) return
  await readSecretFile(privateKey, { what: 'private key file', warn }).catch((error: unknown) => {
    if (!(error instanceof SecretFileError)) throw error
    throw new StoreError(`${setting} names an sslkey that cannot be used: ${error.message}.`)
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
