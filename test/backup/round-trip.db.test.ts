import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dumpStore } from '../../src/backup/dump.ts'
import { backupTables } from '../../src/store/backup-rows.ts'
import { openStore } from '../../src/store/store.ts'
import { hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { startStoryForTest } from '../support/story.ts'
import { expectEverything, makeEverything } from './everything.ts'
import { newDatabase, newEmbeddedDatabase, newFolder, newRecipient, operate, serve } from './operator.ts'

describe.skipIf(hasNoDatabase())('a backup', () => {
  it('brings back every row of every table, and all that can be done with them', async () => {
    const story = await startStoryForTest()
    const made = await makeEverything(story)
    const { publicKey, privateKey } = newRecipient()
    const file = join(newFolder(), 'backup')
    const backedUp = await operate(story.database, ['backup', '--recipient', publicKey, file])
    expect(backedUp).toMatchObject({ code: 0, printed: expect.stringContaining('The root key is not in it') })
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
    await story.stop()
    const before = await linesOf(story.database)
    // Otherwise the comparison would say nothing of a table.
    expect([...new Set(before.map((line) => line.split('\t')[0]))].sort()).toEqual([...backupTables].sort())

    // To a database of the same kind, and through it to the embedded one, whatever the kind is.
    const same = await newDatabase(story.database)
    const restored = await operate(same, ['restore', '--private-key', privateKey, file])
    expect(restored).toMatchObject({ code: 0, printed: expect.stringContaining('The audit trail verifies') })
    await expectRestored(same, before)

    const second = join(newFolder(), 'backup')
    expect(await operate(same, ['backup', '--recipient', publicKey, second])).toMatchObject({ code: 0 })
    const embedded = newEmbeddedDatabase(story.database)
    expect(await operate(embedded, ['restore', '--private-key', privateKey, second])).toMatchObject({
      code: 0,
    })
    await expectRestored(embedded, await linesOf(same))

    // And back, over a store that is not empty.
    const third = join(newFolder(), 'backup')
    expect(await operate(embedded, ['backup', '--recipient', publicKey, third])).toMatchObject({ code: 0 })
    const last = await linesOf(embedded)
    const refused = await operate(same, ['restore', '--private-key', privateKey, third])
    expect(refused).toMatchObject({ code: 1, printed: '', said: expect.stringContaining('--force') })
    const forced = await operate(same, ['restore', '--private-key', privateKey, '--force', third])
    expect(forced).toMatchObject({ code: 0 })
    await expectRestored(same, last)

    for (const database of [embedded, same]) {
      const server = await serve(database, story.clock)
      await expectEverything(server.as, made)
      await server.close()
      expect(await operate(database, ['audit', 'verify'])).toMatchObject({
        code: 0,
        printed: expect.stringContaining('Nothing was found'),
      })
    }
  }, 180_000)

  it('is opened by its passphrase, from a file, a variable or the terminal', async () => {
    const story = await startStoryForTest()
    const file = join(newFolder(), 'backup')
    const environment = { BACKUP_PASSPHRASE: 'correct horse battery' }
    const variable = ['--passphrase-env', 'BACKUP_PASSPHRASE']
    const asked: string[] = []
    const askSecret = async (question: string) => {
      asked.push(question)
      return 'correct horse battery'
    }
    expect(await operate(story.database, ['backup', file], { askSecret })).toMatchObject({ code: 0 })
    expect(asked).toHaveLength(2)
    expect(readFileSync(file, 'latin1').split('\n', 1)[0]).toContain('"logN":17,"r":8,"p":1')
    const verified = await operate(story.database, ['backup', 'verify', ...variable, file], { environment })
    const passphraseFile = join(newFolder(), 'passphrase')
    writeFileSync(passphraseFile, 'correct horse battery\r\nand a note\n')
    const byFile = await operate(story.database, [
      'backup',
      'verify',
      '--passphrase-file',
      passphraseFile,
      file,
    ])
    expect(byFile).toEqual(verified)
    expect(verified).toMatchObject({ code: 0, printed: expect.stringContaining('complete and unchanged') })
    const wrong = await operate(story.database, ['backup', 'verify', ...variable, file], {
      environment: { BACKUP_PASSPHRASE: 'correct horse batterY' },
    })
    expect(wrong).toMatchObject({
      code: 1,
      printed: '',
      said: expect.stringContaining('the passphrase is another one'),
    })
    const again = await operate(story.database, ['backup', ...variable, file], { environment })
    expect(again).toMatchObject({ code: 1, said: expect.stringContaining('is there already') })
  })
})

/** All records of a store that nobody uses, in no order. */
async function linesOf(database: TestDatabase): Promise<string[]> {
  const store = await openStore({ ...database, poolSize: 1, migrate: false })
  try {
    const lines: string[] = []
    await dumpStore(store, { takeLine: async (line) => void lines.push(line) })
    return lines.slice(1)
  } finally {
    await store.close()
  }
}

/** The rows are those from before, and the only news is the chain with the record of the restore. */
async function expectRestored(database: TestDatabase, before: readonly string[]): Promise<void> {
  const after = await linesOf(database)
  const [known, found] = [new Set(before), new Set(after)]
  expect(before.filter((line) => !found.has(line))).toEqual([])
  const news = after.filter((line) => !known.has(line)).map((line) => line.split('\t'))
  expect(news.map(([table]) => table)).toEqual(['audit_chains', 'audit_events'])
  const event = JSON.parse(news[1]?.[1] ?? '')
  expect(event).toMatchObject({
    action: 'RESTORE_BACKUP',
    actor: 'system:operator',
    details: { backupCreatedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
  })
  expect(await tablesWithoutStatistics(database)).toEqual([])
}

/** Tables of which the planner knows nothing. */
async function tablesWithoutStatistics(database: TestDatabase): Promise<string[]> {
  const store = await openStore({ ...database, poolSize: 1, migrate: false })
  try {
    const rows = await store.db.$queryRawUnsafe<{ name: string }[]>(
      `SELECT relname AS name FROM pg_class WHERE relname IN (${backupTables.map((name) => `'${name}'`).join()})
        AND reltuples < 0`,
    )
    return rows.map(({ name }) => name)
  } finally {
    await store.close()
  }
}
