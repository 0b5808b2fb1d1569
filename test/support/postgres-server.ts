import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createInstance, type PostgresInstance } from './postgres-instance.ts'
import { findProgramFolders } from './postgres-programs.ts'

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  /** Address with a user that may make databases. */
  readonly url: string
  stop(): Promise<void>
}

/** The server that TEST_DATABASE_URL names, or one of our own with these settings in a new folder; else why there is none. */
export async function startPostgres(
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer | { readonly reason: string }> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return { url: given, stop: async () => {} }
  const started = await startInstances(folder, 1, settings)
  if ('reason' in started) {
    return { reason: `${started.reason} Install the package postgresql, or set TEST_DATABASE_URL.` }
  }
  const [instance] = started
  if (instance === undefined) throw new TypeError('one server was asked for')
  return instance
}

/** Starts servers of our own with one password and these settings, in new folders; else the reason why there are none. */
export async function startInstances(
  folder: string,
  count: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresInstance[] | { readonly reason: string }> {
  const password = randomBytes(12).toString('hex')
  const reasons: string[] = []
  for (const programs of await findProgramFolders()) {
    const started: PostgresInstance[] = []
    try {
      for (let number = 0; number < count; number++) {
        const instance = await createInstance(programs, `${folder}-${reasons.length}-${number}`, password)
        await instance.start(settings)
        started.push(instance)
      }
      return started
    } catch (error) {
      for (const instance of started) await instance.stop()
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  const why = reasons.length > 0 ? reasons.join('; ') : 'no programs are installed'
  return { reason: `PostgreSQL does not start (${why}).` }
}

/** Makes a database as a copy of another one on the same server that nobody uses meanwhile. */
export async function createPostgresDatabase(from: {
  url: string
  template: string
}): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `keystead_test_${randomBytes(6).toString('hex')}`
  await onServer(from.url, `CREATE DATABASE ${name} TEMPLATE ${from.template}`)
  const url = new URL(from.url)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onServer(from.url, `DROP DATABASE ${name} WITH (FORCE)`) }
}

async function onServer(databaseUrl: string, sql: string): Promise<void> {
  // Not the database itself, which may be the one to copy or to drop.
  const url = new URL(databaseUrl)
  url.pathname = '/postgres'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
