import { onTestFinished } from 'vitest'
import { openStore } from '../../src/store/open-store.ts'
import type { Store, StoreOptions } from '../../src/store/store.ts'
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from './databases.ts'

/** A new database that is removed after the test. */
export async function withDatabase(): Promise<TestDatabase> {
  return untilTestEnds(await createTestDatabase())
}

/** The same without any migration. */
export async function withEmptyDatabase(): Promise<TestDatabase> {
  return untilTestEnds(await createEmptyDatabase())
}

function untilTestEnds(database: TestDatabase): TestDatabase {
  onTestFinished(() => database.dispose())
  return database
}

/** Opens a database until the test ends. */
export async function openForTest(
  database: TestDatabase,
  options: Partial<StoreOptions> = {},
): Promise<Store> {
  const store = await openStore({ poolSize: 4, migrate: true, ...database, ...options })
  onTestFinished(() => store.close())
  return store
}
