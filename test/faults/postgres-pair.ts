import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { asOperator } from '../support/as-operator.ts'
import type { TestDatabase } from '../support/databases.ts'
import type { PostgresInstance } from '../support/postgres-instance.ts'
import { startInstances } from '../support/postgres-server.ts'

/** A primary and its standby. */
export interface PostgresPair {
  /** With an address that names both. */
  readonly database: TestDatabase
  readonly primary: PostgresInstance
  readonly standby: PostgresInstance
  /** Makes the standby the primary. The other one is left alone. */
  promote(): Promise<void>
  /** Stops what runs, and starts both again: the one that was not the primary, whatever it holds, as its standby. */
  replicateAgain(): Promise<void>
}

/** Starts a pair that ends with the test; each commit waits for the standby, or for none. */
export async function startPair({ isSynchronous = true } = {}): Promise<PostgresPair> {
  const folder = mkdtempSync(join(tmpdir(), 'keystead-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const started = await startInstances(join(folder, 'postgres'), 2)
  if ('reason' in started) throw new Error(started.reason)
  const [one, two] = started
  if (one === undefined || two === undefined) throw new TypeError('two servers were asked for')
  onTestFinished(async () => void (await Promise.all(started.map((instance) => instance.stop()))))
  const address = new URL(one.url)
  // Not with URL, which knows one host only.
  const databaseUrl = `postgresql://${address.username}:${address.password}@127.0.0.1:${one.port},127.0.0.1:${two.port}/postgres?target_session_attrs=read-write`
  let [primary, standby] = [one, two]

  const settings = { synchronous_commit: isSynchronous ? 'remote_apply' : 'on' }

  async function replicateAgain(): Promise<void> {
    await Promise.all([primary.stop(), standby.stop()])
    standby.becomeStandbyOf(primary)
    await primary.start(isSynchronous ? { ...settings, synchronous_standby_names: '*' } : settings)
    await standby.start(settings)
  }

  await replicateAgain()
  return {
    database: { databaseUrl, dataFolder: folder, dispose: async () => {} },
    get primary() {
      return primary
    },
    get standby() {
      return standby
    },
    async promote() {
      await asOperator(standby.url, 'SELECT pg_promote()')
      ;[primary, standby] = [standby, primary]
    },
    replicateAgain,
  }
}

/** How many connections of servers, with those that listen, a PostgreSQL server has. */
export async function countSessions(instance: PostgresInstance): Promise<number> {
  const rows = await asOperator(
    instance.url,
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name LIKE 'keystead%'`,
  )
  return Number(rows[0]?.['count'])
}
