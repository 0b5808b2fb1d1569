import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import type { TestDatabase } from '../support/databases.ts'
import { type ServerProcess, startServerProcess } from '../support/server-process.ts'
import { type Client, clientFor, environmentFor, type Person } from '../support/story.ts'

/** Who makes, uses and checks everything. */
export const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** The settings of servers that are about to have a hard time: housekeeping looks every second, caches live for 500 ms. */
export function faultEnvironment(
  database: TestDatabase,
  settings: Record<string, string> = {},
): Promise<Record<string, string>> {
  return environmentFor(database, {
    LOG_LEVEL: 'warn',
    HOUSEKEEPING_INTERVAL_SECONDS: '1',
    CACHE_LIFETIME_MS: '500',
    // Together with the lifetime of caches it decides how soon a version is destroyed that need not wait.
    REQUEST_TIMEOUT_MS: '5000',
    RATE_LIMIT_UNITS: '0',
    ...settings,
  })
}

/** A place for a server process, which is killed and started again there. */
export interface ServerPlace {
  readonly client: Client
  /** Starts it; gives the milliseconds until it has answered a request. */
  start(): Promise<number>
  stop(signal: NodeJS.Signals): Promise<void>
}

/** A place for servers with these settings; none is started yet. */
export function createServerPlace(environment: Record<string, string>): ServerPlace {
  let running: ServerProcess | undefined
  const getUrl = () => {
    if (running === undefined) throw new Error('no server was started yet')
    // That of a server that was killed refuses connections until there is another one.
    return running.url
  }
  const client = clientFor(manager, { getUrl, clock: systemClock })
  return {
    client,
    async start() {
      const startedMs = performance.now()
      running = await startServerProcess(environment)
      await waitForAnswer(client)
      return performance.now() - startedMs
    },
    async stop(signal) {
      await running?.stop(signal)
    },
  }
}

/** Waits until a server answers a query of the database. */
export async function waitForAnswer(client: Client): Promise<void> {
  for (;;) {
    const answer = await client.send('{ userKeys(first: 1) { totalCount } }').catch(() => null)
    if (answer?.data?.userKeys) return
    await sleep(5)
  }
}
