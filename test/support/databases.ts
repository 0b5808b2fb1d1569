import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'

/** A new, migrated database for one test. */
export interface TestDatabase {
  /** Null on the embedded one. */
  readonly databaseUrl: string | null
  /** Always there: for the root key, and for the embedded database. */
  readonly dataFolder: string
  dispose(): Promise<void>
}

/** Whether the suites on a database have none here; the reason was printed when that was found out. */
export function hasNoDatabase(): boolean {
  return inject('database') === 'postgres' && inject('postgresUrl') === null
}

/** Makes a database of the kind that this run of the suite is for. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  const removeFolder = () => rmSync(dataFolder, { recursive: true, force: true })
  const template = inject('templateFolder')
  const serverUrl = inject('postgresUrl')
  if (template !== null) {
    cpSync(template, dataFolder, { recursive: true })
    return { databaseUrl: null, dataFolder, dispose: async () => removeFolder() }
  }
  if (serverUrl === null) throw new Error('there is no database for this suite')
  const name = `keystead_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `CREATE DATABASE ${name}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    databaseUrl: url.href,
    dataFolder,
    async dispose() {
      await onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`)
      removeFolder()
    },
  }
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
