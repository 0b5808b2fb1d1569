import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** One PostgreSQL server on a data folder and a port of its own, which tests start, break and start again. */
export interface PostgresInstance {
  readonly port: number
  /** Address with a superuser. */
  readonly url: string
  /** Starts it with further settings and waits until it lets in. */
  start(settings?: Readonly<Record<string, string>>): Promise<void>
  /** Ends it in order. */
  stop(): Promise<void>
  /** Ends all of its processes at once, as a power failure does. */
  kill(): Promise<void>
  /** Stops all of its processes from running, until `thaw`: connections stay, and nobody answers. */
  freeze(): void
  thaw(): void
  readonly dataFolder: string
  /** Takes the place of what is in its folder: a copy of another server's, which must not be running, as its standby. */
  becomeStandbyOf(primary: PostgresInstance): void
}

/** User and group that a process runs as; empty for those of this one. */
export type Owner = { uid?: number; gid?: number }

/** Makes a data folder; the server is not started. */
export async function createInstance(
  programs: string,
  folder: string,
  password: string,
): Promise<PostgresInstance> {
  const owner = process.getuid?.() === 0 ? findUnprivilegedUser() : {}
  mkdirSync(folder, { mode: 0o700 })
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (owner.uid !== undefined && owner.gid !== undefined) {
    chmodSync(dirname(folder), 0o755)
    for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid)
  }
  const dataFolder = join(folder, 'data')
  const asOwner = { ...owner, cwd: folder, stdio: 'pipe' } as const
  execFileSync(
    join(programs, 'initdb'),
    [
      '-D',
      dataFolder,
      '-U',
      'keystead',
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '-N',
    ],
    asOwner,
  )
  const port = await findFreePort()
  const url = `postgres://keystead:${password}@127.0.0.1:${port}/postgres`
  let server: ChildProcess | null = null
  let frozen: number[] = []
  // Also where the run ends without stopping it (pg_ctl calls the two signals "immediate" and "fast").
  const stopAtExit = () => {
    thaw()
    server?.kill('SIGQUIT')
  }

  function thaw(): void {
    for (const pid of frozen) sendSignal(pid, 'SIGCONT')
    frozen = []
  }

  function freeze(): void {
    if (server?.pid === undefined) return
    // The one that starts the others first, so that no more come.
    sendSignal(server.pid, 'SIGSTOP')
    frozen = [server.pid, ...childrenOf(server.pid)]
    for (const pid of frozen) sendSignal(pid, 'SIGSTOP')
  }

  async function endWith(end: (running: ChildProcess) => void): Promise<void> {
    if (server === null) return
    const running = server
    process.off('exit', stopAtExit)
    const ended = running.exitCode === null && running.signalCode === null ? once(running, 'exit') : null
    end(running)
    await ended
    server = null
  }

  return {
    port,
    url,
    dataFolder,
    async start(settings = {}) {
      const given = Object.entries({ listen_addresses: '127.0.0.1', ...settings })
      const options = given.flatMap(([name, value]) => ['-c', `${name}=${value}`])
      server = spawn(
        join(programs, 'postgres'),
        ['-D', dataFolder, '-p', String(port), '-k', folder, ...options],
        {
          ...owner,
          cwd: folder,
          stdio: 'ignore',
        },
      )
      process.once('exit', stopAtExit)
      await waitUntilReady(server, url)
    },
    stop: () =>
      endWith((running) => {
        thaw()
        running.kill('SIGINT')
      }),
    kill: () =>
      endWith(() => {
        freeze()
        const doomed = frozen
        frozen = []
        for (const pid of doomed) sendSignal(pid, 'SIGKILL')
      }),
    freeze,
    thaw,
    becomeStandbyOf(primary) {
      rmSync(dataFolder, { recursive: true, force: true })
      execFileSync('cp', ['-a', primary.dataFolder, dataFolder], asOwner)
      const source = `host=127.0.0.1 port=${primary.port} user=keystead password=${password}`
      execFileSync(
        'sh',
        [
          '-c',
          `touch standby.signal && printf '%s\\n' "primary_conninfo = '$1'" > postgresql.auto.conf`,
          'sh',
          source,
        ],
        { ...asOwner, cwd: dataFolder },
      )
    },
  }
}

/** User and group for programs that refuse to run as root. */
export function findUnprivilegedUser(): Owner {
  for (const user of ['postgres', 'nobody']) {
    try {
      const idOf = (flag: string) =>
        Number(execFileSync('id', [flag, user], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: idOf('-u'), gid: idOf('-g') }
    } catch {
      // There is no such user: the next one.
    }
  }
  throw new Error('it does not run as root, and there is no user postgres or nobody')
}

/** Each child is the leader of a group of its own, so that no signal to a group reaches them all. */
function childrenOf(parent: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number))
  return pairs.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : []))
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Waits until a server that was started lets in at an address. */
export async function waitUntilReady(server: ChildProcess, url: string): Promise<void> {
  let failure: Error | undefined
  server.once('error', (error) => {
    failure = error
  })
  for (;;) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      return
    } catch (error) {
      if (failure) throw failure
      if (server.exitCode !== null || server.signalCode !== null) throw error
      await sleep(20)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

/** A port that nobody listens on at this moment. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
