import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openStore, type Store } from '../../src/store/store.ts'
import { createTestDatabase, hasNoDatabase, type TestDatabase } from '../support/databases.ts'

async function withDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase()
  onTestFinished(() => database.dispose())
  return database
}

async function open(database: TestDatabase, options: { migrate?: boolean } = {}): Promise<Store> {
  const store = await openStore({ poolSize: 4, migrate: true, ...options, ...database })
  onTestFinished(() => store.close())
  return store
}

describe.skipIf(hasNoDatabase())('the store', () => {
  it('runs many transactions and reads at once without one getting into another', async () => {
    const store = await open(await withDatabase())
    const counts = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        store.transaction(async (tx) => {
          await insertInstallation(tx, 2 + index)
          return tx.installation.count({ where: { id: 2 + index } })
        }),
      ).concat(Array.from({ length: 40 }, () => store.db.installation.count({ where: { id: 1 } }))),
    )
    expect(counts.slice(0, 40)).toEqual(Array(40).fill(1))
    expect(counts.slice(40)).toEqual(Array(40).fill(0))
    expect(await store.db.installation.count()).toBe(40)
  })

  it('takes back a transaction that throws', async () => {
    const store = await open(await withDatabase())
    const failing = store.transaction(async (tx) => {
      await insertInstallation(tx, 7)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await store.db.installation.count()).toBe(0)
  })

  it('applies migrations once when several servers start together', async ({ skip }) => {
    const database = await withDatabase()
    skip(database.databaseUrl === null, 'the embedded database serves one process')
    const stores = await Promise.all(Array.from({ length: 4 }, () => open(database)))
    for (const store of stores) expect(await store.db.key.count()).toBe(0)
  })

  it('refuses a database that a newer release has migrated', async () => {
    const database = await withDatabase()
    const store = await openStore({ poolSize: 2, migrate: true, ...database })
    await store.db.$executeRaw`INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
      VALUES ('x', 'x', '99990101000000_future', now())`
    await store.close()
    await expect(openStore({ poolSize: 2, migrate: true, ...database })).rejects.toThrow(
      'newer release of Keystead',
    )
  })

  it('refuses to start with migrations pending where it may not apply them', async () => {
    const database = await withDatabase()
    const store = await openStore({ poolSize: 2, migrate: true, ...database })
    await store.db.$executeRaw`DELETE FROM _prisma_migrations`
    await store.close()
    await expect(openStore({ poolSize: 2, migrate: false, ...database })).rejects.toThrow('MIGRATE_ON_START')
  })

  it('refuses a second process on the same folder, and needs no repair after SIGKILL: nothing acknowledged is lost', async () => {
    const database = await withDatabase()
    const acknowledged: number[] = []
    for (let round = 0; round < 3; round++) {
      const writer = spawn(process.execPath, [join(import.meta.dirname, '../support/store-writer.ts')], {
        env: { ...process.env, TARGET: JSON.stringify(database), FIRST_ID: String(10_000 * (round + 1)) },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let written = 0
      for await (const line of createInterface({ input: writer.stdout })) {
        acknowledged.push(Number(line))
        if (++written === 1 && database.databaseUrl === null) {
          await expect(openStore({ poolSize: 2, migrate: true, ...database })).rejects.toThrow(
            'Another process is using the data folder',
          )
        }
        if (written === 20) writer.kill('SIGKILL')
      }
      if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
    }
    const store = await open(database)
    const rows = await store.db.installation.findMany({ select: { id: true } })
    expect(acknowledged.length).toBeGreaterThanOrEqual(60)
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged))
  })
})

async function insertInstallation(tx: Store['db'], id: number): Promise<void> {
  await tx.installation.create({
    data: { id, rootKeyId: 'x', wrappedSecret: new Uint8Array(4), createdAt: new Date() },
  })
}
