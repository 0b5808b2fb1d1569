import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openStore } from '../../src/store/open-store.ts'
import { startPostgres } from './postgres-server.ts'
import { cannotRun } from './skip.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database the suite runs on. */
    database: 'embedded' | 'postgres'
    /** Folder with a migrated embedded database, to copy. */
    templateFolder: string | null
    /** Address of a PostgreSQL server on which databases may be made; null if there is none. */
    postgresUrl: string | null
  }
}

/** Prepares once per run what each test then copies: a database with all migrations applied. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kind = project.getProvidedContext().database
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  project.provide('templateFolder', null)
  project.provide('postgresUrl', null)
  if (kind === 'embedded') {
    const made = join(folder, 'made')
    const options = { databaseUrl: null, dataFolder: made, poolSize: 2, migrate: true }
    await (await openStore(options)).close()
    // Without the lock file: each copy has its own.
    cpSync(join(made, 'database'), join(folder, 'template', 'database'), { recursive: true })
    project.provide('templateFolder', join(folder, 'template'))
    return async () => removeFolder()
  }
  const server = await startPostgres(join(folder, 'postgres'))
  if ('reason' in server) {
    cannotRun('the suites on PostgreSQL', server.reason)
    return async () => removeFolder()
  }
  project.provide('postgresUrl', server.url)
  return async () => {
    await server.stop()
    removeFolder()
  }
}
