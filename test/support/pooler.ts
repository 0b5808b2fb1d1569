import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { findFreePort, findUnprivilegedUser, waitUntilReady } from './postgres-instance.ts'
import { cannotRun } from './skip.ts'

/** Debian keeps it where the path of ordinary users does not lead. */
const PATH = `${process.env['PATH']}:/usr/sbin`

/** Whether there is no PgBouncer; the reason is printed. */
export function hasNoPooler(): boolean {
  const { error } = spawnSync('pgbouncer', ['--version'], { env: { PATH } })
  return error !== undefined && cannotRun('tests behind PgBouncer', 'Install the package pgbouncer.')
}

/** What a connection to the server is lent for. */
export type PoolMode = 'session' | 'transaction' | 'statement'

/** A PgBouncer in front of a database. */
export interface Pooler {
  readonly databaseUrl: string
  /** Ends it at once, and starts another one in its place. */
  restart(): Promise<void>
}

/** Starts one with few connections to the server, until the test ends. */
export async function startPooler(databaseUrl: string, mode: PoolMode): Promise<Pooler> {
  const target = new URL(databaseUrl)
  const folder = mkdtempSync(join(tmpdir(), 'pooler-'))
  const port = await findFreePort()
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(
    settings,
    `[databases]
* = host=${target.hostname} port=${target.port} user=${target.username} password=${target.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 5
max_client_conn = 100
`,
  )
  const owner = process.getuid?.() === 0 ? findUnprivilegedUser() : {}
  if (owner.uid !== undefined && owner.gid !== undefined) {
    for (const path of [folder, settings]) chownSync(path, owner.uid, owner.gid)
  }
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${port}`
  let running: ChildProcess
  async function start(): Promise<void> {
    running = spawn('pgbouncer', ['-q', settings], { ...owner, env: { PATH }, stdio: 'ignore' })
    await waitUntilReady(running, url.href)
  }
  async function kill(): Promise<void> {
    if (running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, 'exit')
    running.kill('SIGKILL')
    await ended
  }
  await start()
  onTestFinished(async () => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    databaseUrl: url.href,
    async restart() {
      await kill()
      await start()
    },
  }
}
