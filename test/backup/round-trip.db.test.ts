import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dumpStore } from '../../src/backup/write-backup.ts'
import { skippedNumbers } from '../../src/keys/changing/set-back.ts'
import { openStore } from '../../src/store/open-store.ts'
import { backupTables } from '../../src/store/rows/backup-rows.ts'
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
    expect(backedUp).toMatchObject({
      code: 0,
      printed: expect.stringContaining('does not contain the root key'),
    })
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
        printed: expect.stringContaining('no problems found'),
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
    writeFileSync(passphraseFile, 'correct horse battery\r\nand a note\n', { mode: 0o600 })
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
    expect(again).toMatchObject({ code: 1, said: expect.stringContaining('already exists') })
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

/** What a restore changes in every key, and what follows from it. */
const restoredColumns = ['skipped_versions', 'restored_at', 'key_set', 'revision', 'updated_at', 'mac']

/**
 * The rows are those from before, but for what a restore changes in each key and counts as used. The only news are the
 * chain with the records of the restore: one of each key, and one of the whole.
 */
async function expectRestored(database: TestDatabase, before: readonly string[]): Promise<void> {
  expect(await tablesWithoutStatistics(database)).toEqual([])
  const [old, now] = [rowsByTable(before), rowsByTable(await linesOf(database))]
  expect([...now.keys()].sort()).toEqual([...old.keys()].sort())
  const keys = now.get('keys') ?? []
  for (const [table, rows] of old) {
    const found = now.get(table) ?? []
    if (table === 'key_version_usage') continue
    const isKept = table === 'keys' ? withoutColumns(restoredColumns) : JSON.stringify
    const texts = new Set(found.map((row) => isKept(row)))
    expect([table, rows.filter((row) => !texts.has(isKept(row)))]).toEqual([table, []])
    const expected = { keys: 0, audit_chains: 1, audit_events: keys.length + 1 }[table] ?? 0
    expect([table, found.length - rows.length]).toEqual([table, expected])
  }
  for (const row of old.get('keys') ?? []) {
    const { id, revision, last_version_number } = row
    const after = keys.find((each) => each['id'] === id)
    expect(after).toMatchObject({ revision: Number(revision) + 1 })
    if (after === undefined) throw new Error('the key was restored')
    const { key_set } = row as { key_set: object | null }
    expect(after['key_set']).toEqual(key_set && { ...key_set, next: null })
    const [first, last] = (after['skipped_versions'] as number[]).slice(-2)
    expect(first).toBe(Number(last_version_number) + 1)
    expect(last).toBeGreaterThanOrEqual(Number(last_version_number) + skippedNumbers.min)
  }
  const used = (rows: readonly Row[]) =>
    new Map(rows.map((row) => [`${row['key_id']} ${row['version_number']}`, Number(row['encryptions'])]))
  const after = used(now.get('key_version_usage') ?? [])
  for (const [version, encryptions] of used(old.get('key_version_usage') ?? [])) {
    expect(after.get(version)).toBeGreaterThanOrEqual(encryptions)
  }
  const known = new Set((old.get('audit_events') ?? []).map(({ id }) => id))
  const events = (now.get('audit_events') ?? []).filter(({ id }) => !known.has(id))
  for (const event of events) {
    expect(event).toMatchObject({
      action: 'RESTORE_BACKUP',
      actor: 'system:operator',
      details: { backupCreatedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    })
  }
  const named = events.flatMap(({ key_id }) => (key_id === null ? [] : [key_id]))
  expect(named.sort()).toEqual(keys.map(({ id }) => id).sort())
}

type Row = Readonly<Record<string, unknown>>

function rowsByTable(lines: readonly string[]): ReadonlyMap<string, readonly Row[]> {
  const rows = lines.map((line) => line.split('\t'))
  const groups = Map.groupBy(rows, ([table = '']) => table)
  return new Map([...groups].map(([table, group]) => [table, group.map(([, json = '']) => JSON.parse(json))]))
}

const withoutColumns = (columns: readonly string[]) => (row: Row) =>
  JSON.stringify(Object.entries(row).filter(([name]) => !columns.includes(name)))

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
