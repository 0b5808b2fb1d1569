import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { quickStart } from '../support/command-process.ts'
import { createEmptyDatabase, hasNoDatabase } from '../support/databases.ts'
import { cannotRun } from '../support/skip.ts'
import { environmentFor } from '../support/story.ts'

const main = join(import.meta.dirname, '../../src/main.ts')
const hasNoNamespaces =
  spawnSync('unshare', ['--pid', '--fork', 'true']).status !== 0 &&
  cannotRun('tests of a server as process 1', 'Namespaces of processes cannot be made here (unshare --pid).')
/** Of src/store/migrate.ts. */
const migrationLock = 4_605_317_802_291n
const within = { timeout: 50_000, interval: 50 }

interface Start {
  readonly child: ChildProcess
  readonly output: readonly string[]
  /** Sends a signal to the server itself, and gives the exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

/** Starts a program, perhaps as process 1 of a namespace; nobody waits for it. */
function start(environment: Record<string, string>, { isFirst = false, program = [main] } = {}): Start {
  const command = [process.execPath, ...quickStart, ...program]
  const [file = '', ...rest] = isFirst ? ['unshare', '--pid', '--fork', '--kill-child', ...command] : command
  const child = spawn(file, rest, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => void output.push(line))
  }
  return {
    child,
    output,
    async stop(signal) {
      const pid = isFirst ? childOf(child.pid ?? 0) : (child.pid ?? 0)
      process.kill(pid, signal)
      await exited
      return child.exitCode
    },
  }
}

function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}

async function freePort(): Promise<string> {
  const { createServer } = await import('node:net')
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  return String(typeof address === 'object' && address ? address.port : 0)
}

const says = ({ output }: Start, text: string) =>
  vi.waitUntil(() => output.some((line) => line.includes(text)), within)

describe.skipIf(hasNoNamespaces || inject('database') === 'postgres')('process 1', () => {
  it('is ended by SIGTERM while the first start makes its database', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'keystead-first-'))
    onTestFinished(() => rmSync(dataFolder, { recursive: true, force: true }))
    const starting = start({ DATA_FOLDER: dataFolder, PORT: '0' }, { isFirst: true })
    await says(starting, 'Keystead is starting')
    expect(await starting.stop('SIGTERM')).toBe(0)
    expect(starting.output.at(-1)).toBe('Keystead is stopping before it has started.')
  })

  it.each([false, true])(
    'is ended by a signal that nobody listens for, as process 1: %s',
    async (isFirst) => {
      const signals = join(import.meta.dirname, '../../src/cli/stop-signals.ts')
      const script = `import { handleStopSignals } from ${JSON.stringify(signals)}
      handleStopSignals()
      setInterval(() => {}, 1000)
      console.log('working')`
      const command = start({}, { isFirst, program: ['--input-type=module', '--eval', script] })
      await says(command, 'working')
      await command.stop('SIGTERM')
      const { exitCode, signalCode } = command.child
      expect({ exitCode, signalCode }).toEqual(
        isFirst ? { exitCode: 143, signalCode: null } : { exitCode: null, signalCode: 'SIGTERM' },
      )
    },
  )
})

describe.skipIf(hasNoDatabase() || inject('database') === 'embedded')(
  'a start that waits for the lock of migrations',
  () => {
    async function startBehindLock(isFirst = false) {
      const database = await createEmptyDatabase()
      onTestFinished(() => database.dispose())
      const holder = new pg.Client({
        connectionString: database.databaseUrl ?? '',
        application_name: 'old session',
      })
      await holder.connect()
      onTestFinished(() => holder.end())
      await holder.query(`SELECT pg_advisory_lock(${migrationLock})`)
      const port = await freePort()
      const starting = start(await environmentFor(database, { PORT: port }), { isFirst })
      await says(starting, 'waiting for the lock')
      return { starting, holder, url: `http://127.0.0.1:${port}` }
    }

    it('says so at its port and in its log, and goes on when it gets the lock', async () => {
      const { starting, holder, url } = await startBehindLock()
      const ready = await fetch(`${url}/readyz`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toEqual({
        status: 'not ready',
        parts: ['start'],
        reason: 'The server is starting. It is waiting for another server that applies database migrations.',
      })
      expect((await fetch(`${url}/livez`)).status).toBe(200)
      const asked = await fetch(`${url}/graphql`, { method: 'POST', body: '{}' })
      expect([asked.status, asked.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await asked.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAVAILABLE' } }] })
      const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      const warnings = starting.output.filter((line) => line.includes('waiting for the lock'))
      expect(warnings).toHaveLength(1)
      expect(JSON.parse(warnings[0] ?? '')).toMatchObject({
        level: 40,
        msg: expect.stringContaining(
          `process ${rows[0]?.pid} of the database server (application_name "old session")`,
        ),
      })
      await holder.query(`SELECT pg_advisory_unlock(${migrationLock})`)
      await says(starting, 'Keystead listens on')
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
      expect(await starting.stop('SIGTERM')).toBe(0)
    })

    it.skipIf(hasNoNamespaces)('is ended by SIGTERM, also as process 1', async () => {
      const { starting } = await startBehindLock(true)
      expect(await starting.stop('SIGTERM')).toBe(0)
    })
  },
)
