import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { quickStart } from '../support/command-process.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { insertInstallation } from '../support/insert-installation.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

describe.skipIf(hasNoDatabase())('the store', () => {
  it('runs many transactions and reads at once without one getting into another', async () => {
    const store = await openForTest(await withDatabase())
    const counts = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        store.transaction(async (tx) => {
          await insertInstallation(tx, 2 + index)
          return tx.installation.count({ where: { id: 2 + index } })
        }),
      ).concat(Array.from({ length: 50 }, () => store.db.installation.count({ where: { id: 1 } }))),
    )
    expect(counts.slice(0, 50)).toEqual(Array(50).fill(1))
    expect(counts.slice(50)).toEqual(Array(50).fill(0))
    expect(await store.db.installation.count()).toBe(50)
  })

  it('keeps what a transaction writes from everyone else until it commits', async () => {
    const store = await openForTest(await withDatabase())
    let read: Promise<number> | undefined
    const transaction = store.transaction(async (tx) => {
      await insertInstallation(tx, 7)
      // On the embedded database this waits for the end of the transaction, so it is not awaited in here.
      read = store.db.installation.count()
      throw new Error('taken back')
    })
    await expect(transaction).rejects.toThrow('taken back')
    expect(await read).toBe(0)
  })

  it('takes back a transaction that throws', async () => {
    const store = await openForTest(await withDatabase())
    const failing = store.transaction(async (tx) => {
      await insertInstallation(tx, 7)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await store.db.installation.count()).toBe(0)
  })

  it('tells of each SQL statement that it sends', async () => {
    const statements: string[] = []
    const database = await withDatabase()
    const store = await openForTest(database, { onStatement: (sql) => statements.push(sql) })
    statements.length = 0
    await store.db.installation.count()
    await store.db.key.findMany()
    expect(statements.map((sql) => /FROM (?:"public"\.)?"(\w+)"/.exec(sql)?.[1])).toEqual([
      'installation',
      'keys',
    ])
  })

  it('loses nothing acknowledged to SIGKILL, ten times over, and needs no repair', async () => {
    const database = await withDatabase()
    const acknowledged: number[] = []
    for (let round = 1; round <= 10; round++) {
      const writer = spawn(
        process.execPath,
        [...quickStart, join(import.meta.dirname, '../support/store-writer.ts')],
        {
          env: { ...process.env, TARGET: JSON.stringify(database), FIRST_ID: String(10_000 * round) },
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      let written = 0
      for await (const line of createInterface({ input: writer.stdout })) {
        acknowledged.push(Number(line))
        if (++written === 5 * round) writer.kill('SIGKILL')
      }
      if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
      expect(writer.signalCode).toBe('SIGKILL')
    }
    const store = await openForTest(database)
    const rows = await store.db.installation.findMany({ select: { id: true } })
    expect(acknowledged.length).toBeGreaterThanOrEqual(275)
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged))
  })
})
