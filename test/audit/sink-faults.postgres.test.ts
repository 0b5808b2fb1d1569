import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { readConfig } from '../../src/config.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { openParts } from '../../src/open-parts.ts'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'
import { base64, clientFor, environmentFor, type Person } from '../support/story.ts'
import { exportedLines, folderForTest, linesIn, untilExported, verifyExport } from './sink-trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

function isMountable(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-mount-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  if (status === 0) spawnSync('umount', [folder])
  rmdirSync(folder)
  return status === 0
}

const hasNoDisk = () => !isMountable() && cannotRun('A disk that is full', 'No file system can be mounted.')

/** Servers on one database, each a process of its own, that export into folders. */
async function withServers(settings: Record<string, string>) {
  const database = await createTestDatabase()
  onTestFinished(() => database.dispose())
  const environment = await environmentFor(database, {
    AUDIT_SINK_BATCH_SECONDS: '1',
    AUDIT_SINK_BATCH_EVENTS: '20',
    LOG_LEVEL: 'info',
    ...settings,
  })
  const config = readConfig(environment)
  const running = new Set<ServerProcess>()
  onTestFinished(async () => {
    for (const server of running) await server.stop('SIGKILL')
  })
  return {
    environment,
    async start(more: Record<string, string> = {}) {
      const server = await startServerProcess({ ...environment, ...more })
      running.add(server)
      return server
    },
    async openParts() {
      const alert = (error: Error) => {
        throw error
      }
      const { parts, close } = await openParts(config, { prepare: false, alert })
      onTestFinished(close)
      return parts
    },
    /** The leases of servers that were killed are over, without waiting for it. */
    async endLeases(parts: Dependencies) {
      await parts.store.db.lease.updateMany({ data: { heldUntil: new Date(0) } })
    },
  }
}

/** Encrypts until it is told to stop or the server is gone; gives the number of successes. */
async function encryptUntil(server: ServerProcess, name: string, isOver: () => boolean): Promise<number> {
  const client = clientFor(mia, { getUrl: () => server.url, clock: systemClock })
  await client.mutate('createUserKey', { name })
  let done = 0
  const lanes = Array.from({ length: 4 }, async () => {
    while (!isOver()) {
      const result = await client.mutate('encrypt', { key: name, plaintext: base64('x') }).catch(() => null)
      if (result === null) return
      done += 1
    }
  })
  await Promise.all(lanes)
  return done
}

describe.skipIf(hasNoDatabase())('sinks of servers that are killed', () => {
  it('have every record after SIGKILLs in the middle of batches, and at most one batch of each chain again', async () => {
    const folder = folderForTest()
    const { start, openParts: open, endLeases } = await withServers({ AUDIT_SINK_FILE_FOLDER: folder })
    const kills = 3
    let acknowledged = 0
    await (await start()).stop('SIGTERM')
    const parts = await open()
    for (let turn = 0; turn < kills; turn++) {
      const server = await start()
      const before = linesIn(folder).length
      let isOver = false
      const load = encryptUntil(server, `key-${turn}`, () => isOver)
      // In the middle of the export, which goes on under load.
      await expect
        .poll(() => linesIn(folder).length, { interval: 5, timeout: 60_000 })
        .toBeGreaterThan(before)
      await server.stop('SIGKILL')
      isOver = true
      acknowledged += await load
      await endLeases(parts)
    }
    const last = await start()
    await untilExported(parts, 'file')
    await last.stop('SIGTERM')
    const [received, exported] = [linesIn(folder), await exportedLines(parts)]
    expect(exported.length).toBeGreaterThan(acknowledged)
    expect(new Set(received)).toEqual(new Set(exported))
    expect(received.length - new Set(received).size).toBeLessThanOrEqual(kills * 20)
    const { code, printed } = await verifyExport(parts.auditKeys, folder)
    expect({ code, first: printed[0] }).toEqual({
      code: 0,
      first: expect.stringContaining('no problems found'),
    })
  })

  it('are served by one of two replicas at a time, by the other one after a crash, and the folders together have it all', async () => {
    const [left, right] = [folderForTest(), folderForTest()]
    const { start, openParts: open, endLeases } = await withServers({})
    const servers = [
      await start({ AUDIT_SINK_FILE_FOLDER: left }),
      await start({ AUDIT_SINK_FILE_FOLDER: right }),
    ] as const
    let isOver = false
    const load = Promise.all(
      servers.map((server, index) => encryptUntil(server, `key-${index}`, () => isOver)),
    )
    const lines = () => [linesIn(left).length, linesIn(right).length] as const
    await expect.poll(() => Math.max(...lines()), { interval: 20, timeout: 60_000 }).toBeGreaterThan(50)
    const first = lines()[0] > 0 ? 0 : 1
    expect(lines()[1 - first]).toBe(0)
    await servers[first].stop('SIGKILL')
    const parts = await open()
    await endLeases(parts)
    await expect.poll(() => lines()[1 - first], { interval: 100, timeout: 90_000 }).toBeGreaterThan(0)
    isOver = true
    await load
    await untilExported(parts, 'file')
    await servers[first === 0 ? 1 : 0].stop('SIGTERM')
    const [received, exported] = [[...linesIn(left), ...linesIn(right)], await exportedLines(parts)]
    expect(new Set(received)).toEqual(new Set(exported))
    expect(received.length - new Set(received).size).toBeLessThanOrEqual(2 * 20)
    expect((await verifyExport(parts.auditKeys, right, left)).code).toBe(0)
  })

  it.skipIf(hasNoDisk())(
    'tell of a full disk, hold up nothing, and go on without a gap once there is room',
    async () => {
      const folder = folderForTest()
      spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160k', 'tmpfs', folder])
      onTestFinished(() => void spawnSync('umount', ['-l', folder]))
      const { start, openParts: open } = await withServers({ AUDIT_SINK_FILE_FOLDER: join(folder, 'audit') })
      const server = await start()
      const isFull = () => server.output.some((line) => line.includes('"code":"ENOSPC"'))
      let done = 0
      const load = encryptUntil(server, 'key', () => isFull() && ++done > 100)
      await expect.poll(isFull, { interval: 50, timeout: 120_000 }).toBe(true)
      expect(await load).toBeGreaterThan(100)
      expect(existsSync(join(folder, 'audit'))).toBe(true)
      spawnSync('mount', ['-o', 'remount,size=64m', folder])
      const parts = await open()
      await untilExported(parts, 'file')
      await server.stop('SIGTERM')
      expect(new Set(linesIn(join(folder, 'audit')))).toEqual(new Set(await exportedLines(parts)))
      expect((await verifyExport(parts.auditKeys, join(folder, 'audit'))).code).toBe(0)
    },
  )

  it('keep a server from starting, with words, where a setting is wrong', async () => {
    const file = join(folderForTest(), 'file')
    writeFileSync(file, '')
    const { start } = await withServers({})
    await expect(start({ AUDIT_SINK_FILE_FOLDER: file })).rejects.toThrow(
      /Keystead has to stop: AUDIT_SINK_FILE_FOLDER=\S+file cannot be written \(\w+\)/,
    )
    await expect(start({ AUDIT_SINK_BATCH_EVENTS: '0' })).rejects.toThrow(
      /AUDIT_SINK_BATCH_EVENTS must be a whole number from 1 to 5000/,
    )
  })
})
