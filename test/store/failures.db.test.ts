import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { failureOf, kindsOf } from '../support/failures.ts'
import { insertInstallation } from '../support/insert-installation.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

describe.skipIf(hasNoDatabase())('a failing statement', () => {
  it('is recognised as a unique violation, and as nothing else', async () => {
    const { db } = await openForTest(await withDatabase())
    await insertInstallation(db, 1)
    const error = await failureOf(insertInstallation(db, 1))
    expect(kindsOf(error)).toEqual({ unique: true, retryable: false, unavailable: false })
  })

  it('fails its transaction even where the work has caught it', async () => {
    const store = await openForTest(await withDatabase())
    await insertInstallation(store.db, 1)
    const transaction = store.transaction(async (tx) => {
      await insertInstallation(tx, 2)
      await insertInstallation(tx, 1).catch(() => {})
    })
    await expect(transaction).rejects.toThrow()
    expect(await store.db.installation.count()).toBe(1)
  })
})
