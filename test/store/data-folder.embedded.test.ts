import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { StoreError } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/store.ts'
import { openForTest, withDatabase } from '../support/test-store.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const options = { databaseUrl: null, poolSize: 2, migrate: true } as const

describe('the embedded database', () => {
  it('is closed to other users of the machine, and leaves the mode of a folder alone that was there', async () => {
    const { dataFolder } = await withDatabase()
    chmodSync(dataFolder, 0o755)
    chmodSync(join(dataFolder, 'database'), 0o755)
    const made = join(dataFolder, 'parent', 'made')
    for (const folder of [dataFolder, made])
      await (await openStore({ ...options, dataFolder: folder })).close()
    expect([dataFolder, made].map(modeOf)).toEqual(['755', '700'])
    expect([dataFolder, made].map((folder) => modeOf(join(folder, 'database')))).toEqual(['700', '700'])
    expect([dataFolder, made].map((folder) => modeOf(join(folder, 'lock')))).toEqual(['600', '600'])
  })

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
    const writer = spawn(process.execPath, [join(import.meta.dirname, '../support/store-writer.ts')], {
      env: { ...process.env, TARGET: JSON.stringify(database), FIRST_ID: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
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
    const child = spawn(process.execPath, [join(import.meta.dirname, '../support/failing-disk.ts')], {
      env: { ...process.env, TARGET: JSON.stringify(database) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    expect(output).toBe('1\n')
    expect(errors).toBe(
      'The embedded database could not write to its disk and has stopped. Check the disk, then start again.\n',
    )
    expect(child.exitCode).toBe(1)
    const store = await openForTest(database)
    expect(await store.db.installation.findMany({ select: { id: true } })).toContainEqual({ id: 1 })
  })
})
