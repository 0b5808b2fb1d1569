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
  const template = inject('templateFolder')
  const serverUrl = inject('postgresUrl')
  if (template !== null) {
    cpSync(template, dataFolder, { recursive: true })
    return embeddedIn(dataFolder)
  }
  if (serverUrl === null) throw new Error('there is no database for this suite')
  return onNewDatabase(serverUrl, dataFolder)
}

/** Makes another database with everything that is in one which nobody uses meanwhile, and with the same root key. */
export async function copyTestDatabase(original: TestDatabase): Promise<TestDatabase> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  cpSync(original.dataFolder, dataFolder, { recursive: true })
  const serverUrl = inject('postgresUrl')
  if (original.databaseUrl === null || serverUrl === null) return embeddedIn(dataFolder)
  return onNewDatabase(serverUrl, dataFolder, new URL(original.databaseUrl).pathname.slice(1))
}

function embeddedIn(dataFolder: string): TestDatabase {
  const dispose = async () => rmSync(dataFolder, { recursive: true, force: true })
  return { databaseUrl: null, dataFolder, dispose }
}

async function onNewDatabase(
  serverUrl: string,
  dataFolder: string,
  template = 'template1',
): Promise<TestDatabase> {
  const name = `keystead_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    databaseUrl: url.href,
    dataFolder,
    async dispose() {
      await onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`)
      rmSync(dataFolder, { recursive: true, force: true })
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
