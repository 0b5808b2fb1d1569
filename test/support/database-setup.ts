import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { makeEmbeddedTemplate, migrateDatabase } from './embedded-template.ts'
import { createPostgresDatabase, startPostgres } from './postgres-server.ts'
import { cannotRun } from './skip.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Which database the suite is for. */
    wantedDatabase: 'embedded' | 'postgres' | 'any'
    /** Which database the suite runs on. */
    database: 'embedded' | 'postgres'
    /** Folder with a migrated embedded database, to copy; it may have to be made. */
    templateFolder: string
    /** A migrated database, to copy, on a PostgreSQL server; null if there is none. */
    postgresUrl: string | null
  }
}

/** What the projects of a run share, though each of them loads this file anew. */
const shared = globalThis as { templatesOfThisRun?: string }

/** Prepares once per run what each test then copies: a database with all migrations applied. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const wanted = project.getProvidedContext().wantedDatabase
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  shared.templatesOfThisRun ??= mkdtempSync(join(tmpdir(), 'keystead-templates-'))
  const templates = shared.templatesOfThisRun
  const template = join(templates, 'migrated')
  const removeFolder = () => {
    for (const each of [folder, templates]) rmSync(each, { recursive: true, force: true })
  }
  project.provide('templateFolder', template)
  project.provide('postgresUrl', null)
  project.provide('database', wanted === 'embedded' ? 'embedded' : 'postgres')
  if (wanted !== 'embedded') {
    // Its data need not outlive the machine.
    const unsafe = { fsync: 'off', full_page_writes: 'off' }
    const server = await startPostgres(join(folder, 'postgres'), unsafe)
    if ('url' in server) {
      const migrated = await createPostgresDatabase({ url: server.url, template: 'template1' })
      await migrateDatabase(migrated.url, folder)
      project.provide('postgresUrl', migrated.url)
      return async () => {
        await migrated.drop()
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
  await makeEmbeddedTemplate(template)
  return async () => removeFolder()
}
