import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StoreError } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open-store.ts'
import { countKeys } from '../../src/store/rows/key-pages.ts'
import { quickStart } from '../support/command-process.ts'
import { startServerProcess } from '../support/server-process.ts'
import { openForTest, withDatabase, withEmptyDatabase } from '../support/test-store.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const options = { databaseUrl: null, poolSize: 2, migrate: true } as const
/** For tests that make several databases. */
const slowMs = 300_000

/** What a database consists of, besides its settings. */
const partsOfADatabase = [
  'PG_VERSION',
  'base',
  'global',
  'pg_commit_ts',
  'pg_dynshmem',
  'pg_logical',
  'pg_multixact',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_tblspc',
  'pg_twophase',
  'pg_wal',
  'pg_xact',
]

/** Every file below a folder with its content, as a digest; empty where there is no folder. */
function filesIn(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {}
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
  return Object.fromEntries(files.sort().map((path) => [path, digest(path)]))
}

describe('the embedded database', () => {
  it(
    'takes lists of enumerations that its own migrations have just made',
    async () => {
      const { db } = await openForTest(await withEmptyDatabase())
      const now = new Date()
      const filter = { projectId: 'project-a', kind: 'USER', visibleTo: null } as const
      const versionStatus = { among: ['DEACTIVATED', 'DESTROYED'], now } as const
      expect(await countKeys(db, { ...filter, versionStatus })).toBe(0)
    },
    slowMs,
  )

  it(
    'is closed to other users of the machine, and leaves the mode of a folder alone that was there',
    async () => {
      const { dataFolder } = await withDatabase()
      chmodSync(dataFolder, 0o755)
      chmodSync(join(dataFolder, 'database'), 0o755)
      const made = join(dataFolder, 'parent', 'made')
      for (const folder of [dataFolder, made])
        await (await openStore({ ...options, dataFolder: folder })).close()
      expect([dataFolder, made].map(modeOf)).toEqual(['755', '700'])
      expect([dataFolder, made].map((folder) => modeOf(join(folder, 'database')))).toEqual(['700', '700'])
      expect([dataFolder, made].map((folder) => modeOf(join(folder, 'lock')))).toEqual(['600', '600'])
    },
    slowMs,
  )

  it('is opened once at a time, also within one process', async () => {
    const { dataFolder } = await withDatabase()
    const store = await openStore({ ...options, dataFolder })
    await expect(openStore({ ...options, dataFolder })).rejects.toThrow(StoreError)
    expect(await store.db.key.count()).toBe(0)
    await store.close()
    await (await openStore({ ...options, dataFolder })).close()
  })

  it('refuses a second process on its folder, until the first one is gone', async () => {
    const database = await withDatabase()
    const writer = spawn(
      process.execPath,
      [...quickStart, join(import.meta.dirname, '../support/store-writer.ts')],
      {
        env: { ...process.env, TARGET: JSON.stringify(database), FIRST_ID: '1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    await once(writer.stdout, 'data')
    await expect(openStore({ ...options, dataFolder: database.dataFolder })).rejects.toThrow(
      `Another process is using the data folder ${database.dataFolder}`,
    )
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    await openForTest(database)
  })

  it('refuses the files of another PostgreSQL, and says of which', async () => {
    const { dataFolder } = await withDatabase()
    const versionFile = join(dataFolder, 'database', 'PG_VERSION')
    const version = readFileSync(versionFile, 'utf8')
    writeFileSync(versionFile, '17\n')
    await expect(openStore({ ...options, dataFolder })).rejects.toThrow('was made by PostgreSQL 17')
    writeFileSync(versionFile, version)
    await (await openStore({ ...options, dataFolder })).close()
  })

  it.each<[what: string, spoil: (folder: string) => void, missing: string]>([
    ...partsOfADatabase.map((name): [string, (folder: string) => void, string] => [
      `a database without ${name}`,
      (folder) => rmSync(join(folder, name), { recursive: true }),
      name,
    ]),
    ['an empty PG_VERSION', (folder) => truncateSync(join(folder, 'PG_VERSION')), 'PG_VERSION is empty'],
    [
      'an empty control file',
      (folder) => truncateSync(join(folder, 'global', 'pg_control')),
      'pg_control does not have 8192 bytes',
    ],
    [
      "somebody else's files",
      (folder) => {
        for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
        writeFileSync(join(folder, 'letter.txt'), 'Dear Alice')
      },
      'is missing',
    ],
  ])(
    'refuses %s, says what is missing and what to do, and changes nothing',
    async (_what, spoil, missing) => {
      const { dataFolder } = await withDatabase()
      const folder = join(dataFolder, 'database')
      spoil(folder)
      const before = filesIn(folder)
      const error = await openStore({ ...options, dataFolder }).then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(StoreError)
      const { message } = error as StoreError
      for (const said of [folder, missing, 'Nothing in it was changed', 'keystead restore', 'DATA_FOLDER']) {
        expect(message).toContain(said)
      }
      expect(filesIn(folder)).toEqual(before)
      expect(readdirSync(dataFolder)).not.toContain('database.new')
    },
  )

  it('names every part that PostgreSQL makes', async () => {
    const { dataFolder } = await withDatabase()
    const isSetting = (name: string) => /\.conf$/.test(name)
    const made = readdirSync(join(dataFolder, 'database')).filter((name) => !isSetting(name))
    expect(made.sort()).toEqual([...partsOfADatabase].sort())
  })

  it(
    'is made in an empty folder, where a symbolic link leads to one, and after a start that was interrupted',
    async () => {
      const { dataFolder } = await withDatabase()
      const inEmpty = join(dataFolder, 'empty')
      mkdirSync(join(inEmpty, 'database'), { recursive: true })
      mkdirSync(join(inEmpty, 'database.new'))
      writeFileSync(join(inEmpty, 'database.new', 'PG_VERSION'), '18\n')
      const linked = join(dataFolder, 'linked')
      mkdirSync(join(linked, 'elsewhere'), { recursive: true })
      symlinkSync(join(linked, 'elsewhere'), join(linked, 'database'))
      for (const folder of [inEmpty, linked]) {
        for (let opened = 0; opened < 2; opened++) {
          const store = await openStore({ ...options, dataFolder: folder })
          expect(await store.db.key.count()).toBe(0)
          await store.close()
        }
        expect(readdirSync(folder)).not.toContain('database.new')
      }
      expect(lstatSync(join(linked, 'database')).isSymbolicLink()).toBe(true)
      expect(readdirSync(join(linked, 'elsewhere'))).toContain('PG_VERSION')
    },
    slowMs,
  )

  it.each<[what: string, change: (dataFolder: string) => void]>([
    ['its data folder is removed', (folder) => rmSync(folder, { recursive: true })],
    ['its data folder is moved away', (folder) => renameSync(folder, `${folder}-moved`)],
    [
      'another folder takes the place of its data folder',
      (folder) => {
        renameSync(folder, `${folder}-moved`)
        cpSync(`${folder}-moved`, folder, { recursive: true })
      },
    ],
    ['the lock is removed', (folder) => rmSync(join(folder, 'lock'))],
    [
      'the lock is replaced',
      (folder) => {
        rmSync(join(folder, 'lock'))
        writeFileSync(join(folder, 'lock'), '')
      },
    ],
    ['the database is removed', (folder) => rmSync(join(folder, 'database'), { recursive: true })],
    [
      'another database takes the place of the one',
      (folder) => {
        const database = join(folder, 'database')
        cpSync(database, `${database}-copy`, { recursive: true })
        rmSync(database, { recursive: true })
        renameSync(`${database}-copy`, database)
      },
    ],
    [
      'a file of the database is put back from a copy',
      (folder) => {
        const control = join(folder, 'database', 'global', 'pg_control')
        cpSync(control, `${control}-copy`)
        renameSync(`${control}-copy`, control)
      },
    ],
  ])(
    'stops the process when %s, says why, and makes nothing anew',
    async (_what, change) => {
      const { dataFolder } = await withDatabase()
      onTestFinished(() => rmSync(`${dataFolder}-moved`, { recursive: true, force: true }))
      const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0' })
      onTestFinished(() => void server.child.kill('SIGKILL'))
      const exited = once(server.child, 'exit')
      change(dataFolder)
      const isGone = !existsSync(dataFolder)
      await exited
      expect(server.child.exitCode).toBe(1)
      const reason = `The data folder ${dataFolder} was removed or replaced while Keystead was using it`
      const lines = server.output.filter((line) => line.includes(reason))
      expect(lines).toHaveLength(2)
      expect(JSON.parse(lines.find((line) => line.startsWith('{')) ?? '{}')).toMatchObject({
        level: 50,
        alert: 'DATA_FOLDER',
      })
      expect(existsSync(dataFolder)).toBe(!isGone)
    },
    slowMs,
  )

  it('refuses what is no folder, or no lock file, and says which', async () => {
    const { dataFolder } = await withDatabase()
    const file = join(dataFolder, 'file')
    writeFileSync(file, '')
    await expect(openStore({ ...options, dataFolder: file })).rejects.toThrow(
      `The data folder ${file} cannot`,
    )
    writeFileSync(
      join(dataFolder, 'lock'),
      'this is no lock file, and long enough to be looked at'.repeat(100),
    )
    await expect(openStore({ ...options, dataFolder })).rejects.toThrow(
      `The lock file ${join(dataFolder, 'lock')} cannot be used`,
    )
  })

  it('stops the process rather than acknowledge what the disk did not take, and says so in one line', async () => {
    const database = await withDatabase()
    const child = spawn(
      process.execPath,
      [...quickStart, join(import.meta.dirname, '../support/failing-disk.ts')],
      {
        env: { ...process.env, TARGET: JSON.stringify(database) },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    expect(output).toBe('1\n')
    expect(errors).toMatch(
      /^The embedded database could not write to its disk and has stopped\. Check the disk, then start again\. \(could not fsync file "\w+": I\/O error\)\n$/,
    )
    expect(child.exitCode).toBe(1)
    const store = await openForTest(database)
    expect(await store.db.installation.findMany({ select: { id: true } })).toContainEqual({ id: 1 })
  })
})
