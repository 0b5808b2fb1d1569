import { chmodSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/databases.ts'
import { runDoctorHere, runHere } from '../support/run-here.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'

let database: TestDatabase
let server: ServerProcess
let settings: Record<string, string>

beforeAll(async () => {
  database = await createTestDatabase()
  settings = { DATA_FOLDER: database.dataFolder, PORT: '0' }
  server = await startServerProcess(settings)
  settings = { ...settings, PORT: new URL(server.url).port }
})

afterAll(async () => {
  if (server.child.exitCode === null) await server.stop('SIGKILL')
  await database.dispose()
})

describe('keystead doctor on the embedded database', () => {
  it('lets the running server check the data, which goes on and keeps its folder', async () => {
    const { code, result, checks } = await runDoctorHere(settings)
    expect({ code, result }).toEqual({ code: 0, result: 'ok' })
    expect(checks['database']?.finding).toContain('A running server has the embedded database open')
    expect(checks['server']).toMatchObject({ result: 'ok', finding: expect.stringContaining('is ready') })
    for (const name of ['clock', 'root-key', 'audit-trail']) expect(checks[name]?.result, name).toBe('ok')
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(server.output.join('\n')).toContain('"command":"doctor","exit":0')
  })

  it('opens the database itself once the server has stopped', async () => {
    expect(await server.stop('SIGTERM')).toBe(0)
    const { code, checks } = await runDoctorHere(settings)
    expect(code).toBe(0)
    expect(checks['database']?.finding).toContain('No server is using it')
    expect(checks['server']?.result).toBe('skipped')
    expect(checks['audit-trail']?.finding).toContain('verified')
  })

  it('reports a root key file that others can read, and leaves its mode to its owner', async () => {
    const file = join(database.dataFolder, 'root.key')
    chmodSync(file, 0o644)
    const { code, checks } = await runDoctorHere(settings)
    expect(code).toBe(1)
    expect(checks['files']).toMatchObject({
      result: 'error',
      advice: expect.stringMatching(`^Run chmod 6[04]0 ${file}`),
    })
    expect(checks['root-key']?.result).toBe('skipped')
    expect((statSync(file).mode & 0o777).toString(8)).toBe('644')
    chmodSync(file, 0o600)
  })

  it('names the root key that is needed where the settings have another one', async () => {
    const other = join(database.dataFolder, 'other.key')
    writeFileSync(other, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 })
    const { code, checks } = await runDoctorHere({ ...settings, ROOT_KEY_FILE: other })
    expect(code).toBe(1)
    expect(checks['root-key']).toMatchObject({
      result: 'error',
      finding: expect.stringMatching(/was wrapped by root key \S+, but the configured root key is \S+/),
    })
    expect(checks['audit-trail']?.result).toBe('skipped')
  })

  it('creates nothing where there is no database, and says so in lines for people, too', async () => {
    const none = { DATA_FOLDER: join(database.dataFolder, 'none'), PORT: '0' }
    const { code, printed } = await runHere(none, 'doctor')
    expect(code).toBe(0)
    expect(printed).toMatch(
      /^warning {2}database +There is no database in the folder .+\n +What to do: The first start/m,
    )
    expect(printed).toMatch(/^14 checks: 0 errors, 1 warning, 6 skipped\.$/m)
    expect(readdirSync(database.dataFolder)).not.toContain('none')
  })

  it.each([
    ['root-key', 'root.key', 'root key file .+ is missing'],
    ['database', 'database/pg_wal', 'is not a whole database: the folder pg_wal is missing'],
  ])('reports by the check "%s" that %s is missing', async (name, path, text) => {
    const place = join(database.dataFolder, path)
    renameSync(place, `${place}.away`)
    const { code, checks } = await runDoctorHere(settings)
    renameSync(`${place}.away`, place)
    expect(code).toBe(1)
    expect(checks[name]).toMatchObject({ result: 'error', finding: expect.stringMatching(text) })
  })
})

describe('keystead doctor with settings that cannot be used', () => {
  it('reports each of them, and makes no other check', async () => {
    const { code, result, checks } = await runDoctorHere({
      PORT: 'x',
      DATA_FOLDER: database.dataFolder,
      RATE_LIMIT_UNITS: '-1',
    })
    expect({ code, result }).toEqual({ code: 1, result: 'error' })
    expect(checks['configuration']?.finding).toMatch(/PORT must be .+\. RATE_LIMIT_UNITS must be /)
    const others = Object.values(checks).filter(({ name }) => name !== 'configuration')
    expect(new Set(others.map((check) => check.result))).toEqual(new Set(['skipped']))
  })
})
