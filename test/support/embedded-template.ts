import { cpSync, existsSync, mkdtempSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { openStore } from '../../src/store/open-store.ts'

/**
 * Makes a folder with a migrated embedded database to copy, unless it is there: making one takes longer than most tests.
 * Two processes may make it at the same time; one of the folders stays.
 */
export async function makeEmbeddedTemplate(template: string): Promise<void> {
  if (existsSync(template)) return
  const folder = mkdtempSync(join(dirname(template), 'made-'))
  const made = join(folder, 'made')
  await migrateDatabase(null, made)
  // Without the lock file: each copy has its own.
  cpSync(join(made, 'database'), join(folder, 'template', 'database'), { recursive: true })
  await rename(join(folder, 'template'), template).catch((error: unknown) => {
    if (!existsSync(template)) throw error
  })
}

/** Applies all migrations to a database, which is made if it is an embedded one that is not there. */
export async function migrateDatabase(databaseUrl: string | null, dataFolder: string): Promise<void> {
  await (await openStore({ databaseUrl, dataFolder, poolSize: 2, migrate: true })).close()
}
