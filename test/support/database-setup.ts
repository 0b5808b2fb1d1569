import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openStore } from '../../src/store/open-store.ts'
import { createPostgresDatabase, startPostgres } from './postgres-server.ts'
import { cannotRun } from './skip.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database the suite is for. */
    wantedDatabase: 'embedded' | 'postgres' | 'any'
    /** Which database the suite runs on. */
    database: 'embedded' | 'postgres'
    /** Folder with a migrated embedded database, to copy. */
    templateFolder: string | null
    /** A migrated database, to copy, on a PostgreSQL server; null if there is none. */
    postgresUrl: string | null
  }
}

/** Prepares once per run what each test then copies: a database with all migrations applied. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const wanted = project.getProvidedContext().wantedDatabase
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  project.provide('templateFolder', null)
  project.provide('postgresUrl', null)
  project.provide('database', wanted === 'embedded' ? 'embedded' : 'postgres')
  if (wanted !== 'embedded') {
    // Its data need not outlive the machine.
    const unsafe = { fsync: 'off', full_page_writes: 'off' }
    const server = await startPostgres(join(folder, 'postgres'), unsafe)
    if ('url' in server) {
      const template = await createPostgresDatabase({ url: server.url, template: 'template1' })
      await migrateDatabase(template.url, folder)
      project.provide('postgresUrl', template.url)
      return async () => {
        await template.drop()
        await server.stop()
        removeFolder()
      }
    }
    if (wanted === 'postgres') {
      cannotRun('the suites on PostgreSQL', server.reason)
      return async () => removeFolder()
    }
  }
  project.provide('database', 'embedded')
  project.provide('templateFolder', await makeTemplate(folder))
  return async () => removeFolder()
}

/** Makes a folder with a migrated embedded database. */
async function makeTemplate(folder: string): Promise<string> {
  const made = join(folder, 'made')
  const template = join(folder, 'template')
  await migrateDatabase(null, made)
  // Without the lock file: each copy has its own.
  cpSync(join(made, 'database'), join(template, 'database'), { recursive: true })
  return template
}

async function migrateDatabase(databaseUrl: string | null, dataFolder: string): Promise<void> {
  await (await openStore({ databaseUrl, dataFolder, poolSize: 2, migrate: true })).close()
}
