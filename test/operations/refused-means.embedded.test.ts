import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { quickStart } from '../support/command-process.ts'
import { createTestDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { cannotRun } from '../support/skip.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const base = mkdtempSync(join(tmpdir(), 'keystead-means-'))
const passphrase = join(base, 'passphrase')
/** A folder of a server that has run, and a backup of it. */
const [used, backup] = [join(base, 'used'), join(base, 'made.keystead')]

const hasNoMounts =
  spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    'size=1m',
    'tmpfs',
    mkdirSync(join(base, 'm'), { recursive: true }) ?? join(base, 'm'),
  ]).status !== 0 && cannotRun('tests of a full disk', 'Nothing can be mounted here.')
const hasNoLimits =
  spawnSync('prlimit', ['--version']).error !== undefined &&
  cannotRun('tests of a process without file descriptors', 'There is no prlimit.')

beforeAll(async () => {
  if (!hasNoMounts) spawnSync('umount', [join(base, 'm')])
  writeFileSync(passphrase, 'correct horse battery', { mode: 0o600 })
  const { dataFolder, dispose } = await createTestDatabase()
  cpSync(dataFolder, used, { recursive: true })
  await dispose()
  const server = await startServerProcess({ DATA_FOLDER: used, PORT: '0' })
  await server.stop('SIGTERM')
  const made = await run({ DATA_FOLDER: used }, ['backup', '--passphrase-file', passphrase, backup])
  expect(made.code).toBe(0)
}, 300_000)

afterAll(() => rmSync(base, { recursive: true, force: true }))

/** Runs the program to its end; with few descriptors where a limit is given. */
async function run(environment: Record<string, string>, args: string[], descriptors?: number) {
  const command = [process.execPath, ...quickStart, main, ...args]
  const limited = ['prlimit', `--nofile=${descriptors}:${descriptors}`, ...command]
  const [file = '', ...rest] = descriptors === undefined ? command : limited
  const child = spawn(file, rest, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinishedOrSetUp(() => void child.kill('SIGKILL'))
  const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, printed, said }
}

function onTestFinishedOrSetUp(end: () => void): void {
  try {
    onTestFinished(end)
  } catch {
    // While the file is set up there is no test.
  }
}

function copyOfUsed(): string {
  const folder = mkdtempSync(join(base, 'copy-'))
  cpSync(used, folder, { recursive: true })
  return folder
}

/** A disk of so many bytes, for a test. */
function mountDisk(size: string): string {
  const folder = mkdtempSync(join(base, 'disk-'))
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  onTestFinished(() => void spawnSync('umount', [folder]))
  return folder
}

/** One sentence and no place in the code. */
function expectWords({ code, said }: Awaited<ReturnType<typeof run>>, words: RegExp): void {
  expect(said).toMatch(words)
  expect(said).not.toMatch(/^\s+at /m)
  expect(said).not.toMatch(/Prisma|Unexpected error|PGlite/)
  expect(code).toBe(1)
}

describe.skipIf(hasNoMounts)('a full disk', () => {
  it('ends a backup, of which nothing is left', async () => {
    const disk = mountDisk('4k')
    writeFileSync(join(disk, 'other'), Buffer.alloc(4096))
    const done = await run({ DATA_FOLDER: copyOfUsed() }, [
      'backup',
      '--passphrase-file',
      passphrase,
      join(disk, 'b'),
    ])
    expectWords(done, /cannot be written \(ENOSPC\)\. The disk is full/)
    expect(readdirSync(disk)).toEqual(['other'])
  })

  it.each(['1m', '24m'])('of %s ends a restore', async (size) => {
    const DATA_FOLDER = join(mountDisk(size), 'data')
    mkdirSync(DATA_FOLDER, { mode: 0o700 })
    cpSync(join(used, 'root.key'), join(DATA_FOLDER, 'root.key'))
    const done = await run({ DATA_FOLDER }, ['restore', '--passphrase-file', passphrase, backup])
    expectWords(done, /disk is full|could not write to its disk/)
  })

  it('ends a start', async () => {
    const done = await run({ DATA_FOLDER: join(mountDisk('1m'), 'data'), PORT: '0' }, ['serve'])
    expectWords(done, /Keystead has to stop: .*disk is full \(ENOSPC\)/)
  })
})

describe.skipIf(hasNoLimits)('too few file descriptors', () => {
  it.each([['serve'], ['audit', 'verify'], ['backup', '--passphrase-file', passphrase, join(base, 'never')]])(
    'end %s',
    async (...args) => {
      const done = await run({ DATA_FOLDER: copyOfUsed(), PORT: '0' }, args, 45)
      expectWords(done, /EMFILE|No file descriptors/)
    },
  )
})

describe('damaged files of the embedded database', () => {
  it.each([
    ['an empty pg_control', 'global/pg_control', Buffer.alloc(0), /pg_control does not have 8192 bytes/],
    [
      'another pg_control',
      'global/pg_control',
      Buffer.alloc(8192, 'x'),
      /does not open \(.*incompatible.*\)\. .*damaged/,
    ],
  ])('%s ends a start and a command', async (_what, file, content, words) => {
    const DATA_FOLDER = copyOfUsed()
    writeFileSync(join(DATA_FOLDER, 'database', file), content)
    expectWords(await run({ DATA_FOLDER, PORT: '0' }, ['serve']), words)
    expectWords(await run({ DATA_FOLDER }, ['audit', 'verify']), words)
  })
})
