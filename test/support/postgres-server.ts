import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findProgramFolders } from './postgres-programs.ts'

/** A PostgreSQL server for tests. */
export interface PostgresServer {
  /** Address with a user that may make databases. */
  readonly url: string
  stop(): Promise<void>
}

/** User and group that a process runs as; empty for those of this one. */
type Owner = { uid?: number; gid?: number }

/** The server that TEST_DATABASE_URL names, or one of our own in a new folder; else the reason why there is none. */
export async function startPostgres(folder: string): Promise<PostgresServer | { readonly reason: string }> {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return { url: given, stop: async () => {} }
  const reasons: string[] = []
  for (const programs of await findProgramFolders()) {
    try {
      return await startServer(programs, `${folder}-${reasons.length}`)
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
    }
  }
  const why = reasons.length > 0 ? reasons.join('; ') : 'no programs are installed'
  return {
    reason: `PostgreSQL does not start (${why}). Install the package postgresql, or set TEST_DATABASE_URL.`,
  }
}

async function startServer(programs: string, folder: string): Promise<PostgresServer> {
  const owner = process.getuid?.() === 0 ? findUnprivilegedUser() : {}
  mkdirSync(folder, { mode: 0o700 })
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (owner.uid !== undefined && owner.gid !== undefined) {
    chmodSync(dirname(folder), 0o755)
    for (const path of [folder, passwordFile]) chownSync(path, owner.uid, owner.gid)
  }
  const data = join(folder, 'data')
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'keystead', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '-N'],
    { ...owner, cwd: folder, stdio: 'pipe' },
  )
  const port = await findFreePort()
  const server = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'],
    { ...owner, cwd: folder, stdio: 'ignore' },
  )
  // Also where the run ends without stopping it (pg_ctl calls the two signals "immediate" and "fast").
  const stopAtExit = () => server.kill('SIGQUIT')
  process.once('exit', stopAtExit)
  const url = `postgres://keystead:${password}@127.0.0.1:${port}/postgres`
  await waitUntilReady(server, url)
  return {
    url,
    async stop() {
      process.off('exit', stopAtExit)
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
    },
  }
}

/** PostgreSQL refuses to run as root. */
function findUnprivilegedUser(): Owner {
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

async function waitUntilReady(server: ChildProcess, url: string): Promise<void> {
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
      await sleep(50)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
