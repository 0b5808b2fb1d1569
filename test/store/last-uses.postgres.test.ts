import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { insertKey, lockKey, updateKeys } from '../../src/store/rows/key-rows.ts'
import { writeLastUses } from '../../src/store/rows/usage-rows.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { sampleKey } from '../support/sample-rows.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

describe.skipIf(hasNoDatabase())('the writing of last uses', () => {
  it('of an old and a new version waits for a change of their key, and not the change for it', async () => {
    const store = await openForTest(await withDatabase())
    const { db } = store
    const before = sampleKey()
    await insertKey(db, before)
    const useOf = (versionNumber: number, at: string) => ({
      keyId: before.id,
      versionNumber,
      at: new Date(at),
    })
    await writeLastUses(db, [useOf(1, '2026-03-01')])
    let tries = 0
    let writing: Promise<void> | null = null
    await store.transaction(async (tx) => {
      tries++
      await lockKey(tx, before)
      writing ??= writeLastUses(db, [useOf(1, '2026-03-02'), useOf(2, '2026-03-02')])
      for (;;) {
        const [waiting] = await db.$queryRaw<{ count: number }[]>`
          SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`
        if (waiting?.count === 1) break
        await sleep(10)
      }
      await updateKeys(tx, [{ before, after: { ...before, description: 'changed' } }])
    })
    await expect(writing).resolves.toBeUndefined()
    expect(tries).toBe(1)
  })
})
