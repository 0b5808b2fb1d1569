import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { makeEmbeddedTemplate } from './embedded-template.ts'
import { createPostgresDatabase } from './postgres-server.ts'

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
  if (inject('database') === 'embedded') return createEmbeddedDatabase(dataFolder)
  const url = inject('postgresUrl')
  if (url === null) throw new Error('there is no database for this suite')
  return onNewDatabase({ url, template: nameOf(url) }, dataFolder)
}

/** Makes an embedded one, in a folder of its own unless one is given: development mode has no other kind. */
export async function createEmbeddedDatabase(
  dataFolder = mkdtempSync(join(tmpdir(), 'keystead-test-')),
): Promise<TestDatabase> {
  const template = inject('templateFolder')
  await makeEmbeddedTemplate(template)
  cpSync(template, dataFolder, { recursive: true })
  return embeddedIn(dataFolder)
}

/** Makes a database of that kind to which no migration was applied. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  const url = inject('postgresUrl')
  return url === null ? embeddedIn(dataFolder) : onNewDatabase({ url, template: 'template1' }, dataFolder)
}

/** Makes another database with everything that is in one which nobody uses meanwhile, and with the same root key. */
export async function copyTestDatabase(original: TestDatabase): Promise<TestDatabase> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  cpSync(original.dataFolder, dataFolder, { recursive: true })
  const serverUrl = inject('postgresUrl')
  if (original.databaseUrl === null || serverUrl === null) return embeddedIn(dataFolder)
  return onNewDatabase({ url: serverUrl, template: nameOf(original.databaseUrl) }, dataFolder)
}

function embeddedIn(dataFolder: string): TestDatabase {
  const dispose = async () => rmSync(dataFolder, { recursive: true, force: true })
  return { databaseUrl: null, dataFolder, dispose }
}

async function onNewDatabase(
  from: { url: string; template: string },
  dataFolder: string,
): Promise<TestDatabase> {
  const { url, drop } = await createPostgresDatabase(from)
  return {
    databaseUrl: url,
    dataFolder,
    async dispose() {
      await drop()
      rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1)
}
