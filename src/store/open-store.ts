import { setTimeout as sleep } from 'node:timers/promises'
import { maintainEmbedded } from './embedded/maintenance.ts'
import { isRetryable } from './errors.ts'
import { PrismaClient } from './generated/client.ts'
import type { Queryable } from './sql.ts'
import { connectionWaitMs, type Driver, type Store, type StoreOptions } from './store.ts'

/** Longest transaction, in milliseconds. */
const transactionMs = 15_000
/** Margin for starting a transaction over the wait for a connection, whose error is more specific. */
const startMarginMs = 5000

/** Attempts for work that other transactions abort. */
const transactionTriesMax = 4
/** Longest pause before a retry. It is random, so that two transactions do not collide again. */
const retryPauseMs = 50

/** Each of the two databases has libraries that take a while to load, and a process needs one of them. */
async function openDriver({ databaseUrl, ...options }: StoreOptions): Promise<Driver> {
  if (databaseUrl === null) return (await import('./embedded/embedded.ts')).openEmbedded(options)
  return (await import('./postgres/postgres.ts')).openPostgres(databaseUrl, options)
}

/**
 * Opens the database, applies what migrations are pending, and gives a client of it.
 *
 * @throws StoreError that says what to do, if it cannot be opened
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { onStatement } = options
  const startMs = (options.waitMs ?? connectionWaitMs) + startMarginMs
  const driver = await openDriver(options)
  // Errors are thrown, never printed: their texts can hold values of columns.
  const client = new PrismaClient({
    adapter: driver.adapter,
    errorFormat: 'minimal',
    log: onStatement ? [{ emit: 'event', level: 'query' }] : [],
  })
  if (onStatement) client.$on('query', ({ query }) => onStatement(query))
  return {
    kind: driver.kind,
    db: client,
    executor: driver.executor ?? client,
    async transaction(work, limitMs) {
      for (let tries = 1; ; tries++) {
        try {
          return await runTransaction(client, work, {
            maxWait: startMs,
            timeout: limitMs ?? transactionMs,
            tellsRollback: driver.tellsRollback,
          })
        } catch (error) {
          if (limitMs !== undefined || tries === transactionTriesMax || !isRetryable(error)) throw error
          await sleep(retryPauseMs * Math.random())
        }
      }
    },
    async now() {
      const [row] = await client.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`
      if (row === undefined) throw new TypeError('the database tells no time')
      return row.now
    },
    async maintain(signal) {
      // A PostgreSQL server has its autovacuum.
      if (driver.kind === 'embedded') await maintainEmbedded(client, signal)
    },
    listen: driver.listen,
    async close() {
      await client.$disconnect()
      await driver.close()
    },
  }
}

function runTransaction<T>(
  client: PrismaClient,
  work: (tx: Queryable) => Promise<T>,
  {
    tellsRollback,
    ...limits
  }: { readonly maxWait: number; readonly timeout: number } & Pick<Driver, 'tellsRollback'>,
): Promise<T> {
  return client.$transaction(async (tx) => {
    const result = await work(tx)
    // A statement that failed and was caught has ended the transaction, and PostgreSQL answers a COMMIT of it
    // with a rollback but no error. Any statement brings it to light.
    if (!tellsRollback) await tx.$executeRaw`SELECT 1`
    return result
  }, limits)
}
