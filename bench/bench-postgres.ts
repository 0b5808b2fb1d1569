import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type PostgresServer, startPostgres } from '../test/support/postgres-server.ts'

/** The PostgreSQL server of a run. */
export interface BenchPostgres {
  /** Address of a new, empty database. */
  createDatabase(name: string): Promise<string>
  /** What it is, and whether what it has committed is on disk; null if nobody has needed it. */
  describe(): Promise<string | null>
  stop(): Promise<void>
}

/** The server of DATABASE_URL, or one of its own as soon as it is needed. */
export function openBenchPostgres(): BenchPostgres {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-bench-postgres-'))
  let server: Promise<PostgresServer> | null = null
  let databases = 0

  async function start(): Promise<PostgresServer> {
    const url = process.env['DATABASE_URL']
    if (url) return { url, stop: async () => {} }
    const started = await startPostgres(join(folder, 'postgres'))
    if ('reason' in started) throw new Error(started.reason)
    return started
  }

  async function ask(sql: string): Promise<Record<string, unknown> | undefined> {
    server ??= start()
    const client = new pg.Client((await server).url)
    await client.connect()
    try {
      return (await client.query(sql)).rows[0]
    } finally {
      await client.end()
    }
  }

  return {
    async createDatabase(name) {
      const unique = `bench_${name}_${Date.now()}_${++databases}`
      await ask(`CREATE DATABASE ${unique}`)
      const url = new URL((await server)?.url ?? '')
      url.pathname = `/${unique}`
      return url.href
    },
    async describe() {
      if (server === null) return null
      const row = await ask(`SELECT current_setting('server_version') AS version,
        current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`)
      return `PostgreSQL ${row?.['version']} (fsync ${row?.['fsync']}, synchronous_commit ${row?.['commit']}) on the same machine`
    },
    async stop() {
      await (await server?.catch(() => null))?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
