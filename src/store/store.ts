import { setTimeout as sleep } from 'node:timers/promises'
import { isRetryable } from './errors.ts'
import type { Executor } from './executor.ts'
import { type Prisma, PrismaClient } from './generated/client.ts'
import { maintainEmbedded } from './maintenance.ts'
import type { KeyChangeEvents, KeyChangeListener } from './notify.ts'

/** What rows are read and written through: the database, or one transaction on it. */
export type Queryable = Prisma.TransactionClient

/** An open database. */
export interface Store {
  readonly kind: 'embedded' | 'postgres'
  readonly db: Queryable
  /** Runs statements that give no rows, with less around them. Not for transactions. */
  readonly executor: Executor
  /**
   * Runs work in a transaction (READ COMMITTED) that commits when it resolves. Inside only `tx` may be used: the
   * embedded database has one connection, on which everything else waits. It is undone if it takes longer than the limit.
   * Without a limit of its own the work is done again where the server has ended it because of others (a deadlock).
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, limitMs?: number): Promise<T>
  /** The database's clock. */
  now(): Promise<Date>
  /** Does between requests what the database does not do by itself; see `maintainEmbedded`. */
  maintain(signal: AbortSignal): Promise<void>
  /** Hears of the changes of keys that are committed, by this process and by others. */
  listen(events: KeyChangeEvents): KeyChangeListener
  close(): Promise<void>
}

/** Where the data is and how it is opened. */
export interface StoreOptions {
  /** Null for the embedded database. */
  readonly databaseUrl: string | null
  /** Folder of the embedded database. */
  readonly dataFolder: string
  /** Files that the embedded database keeps open, at most; as PostgreSQL has it if not given. */
  readonly filesMax?: number
  /** Connections to PostgreSQL, at most. */
  readonly poolSize: number
  /** How long somebody waits for one of them, in milliseconds; 15 seconds if not given. */
  readonly waitMs?: number
  /** Whether pending migrations are applied; refused if not. */
  readonly migrate: boolean
  /**
   * Told why, just before the process ends: the folder of the embedded database was removed or replaced while it was
   * open.
   */
  readonly onFolderLost?: (reason: string) => void
  /** Told of each SQL statement that the client sends. */
  readonly onStatement?: (sql: string) => void
  /** Takes warnings for the operator: sentences without a full stop, with nothing secret in them. */
  readonly warn?: (text: string) => void
  /** Told in a sentence what opening is at. */
  readonly onStage?: (stage: string) => void
}

/** How one of the two kinds of database is reached. */
export interface Driver {
  readonly kind: Store['kind']
  readonly adapter: NonNullable<Prisma.PrismaClientOptions['adapter']>
  /** Null where Prisma's client does as well. */
  readonly executor: Executor | null
  listen(events: KeyChangeEvents): KeyChangeListener
  close(): Promise<void>
}

/** How long somebody waits for a connection unless told otherwise, in milliseconds. */
export const connectionWaitMs = 15_000
/** Longest transaction, in milliseconds. */
const transactionMs = 15_000
/** How much longer the start of one may take than a connection is waited for, whose error says more. */
const startMarginMs = 5000

/** How often work is done that other transactions keep from its end. */
const transactionTriesMax = 4
/** Longest pause before it is done again; by chance, so that two do not meet again. */
const retryPauseMs = 50

/** Each of the two databases has libraries that take a while to load, and a process needs one of them. */
async function openDriver({ databaseUrl, ...options }: StoreOptions): Promise<Driver> {
  if (databaseUrl === null) return (await import('./embedded.ts')).openEmbedded(options)
  return (await import('./postgres.ts')).openPostgres(databaseUrl, options)
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
          return await runTransaction(client, work, { maxWait: startMs, timeout: limitMs ?? transactionMs })
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
  limits: { readonly maxWait: number; readonly timeout: number },
): Promise<T> {
  return client.$transaction(async (tx) => {
    const result = await work(tx)
    // A statement that failed and was caught has ended the transaction, and PostgreSQL answers a COMMIT of it
    // with a rollback but no error. Any statement brings it to light.
    await tx.$executeRaw`SELECT 1`
    return result
  }, limits)
}
