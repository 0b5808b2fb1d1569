import type { Prisma } from './generated/client.ts'
import type { KeyChangeEvents, KeyChangeListener } from './key-changes.ts'
import type { Queryable } from './sql.ts'

/** Runs a statement that returns no rows, and returns how many it wrote. */
export interface Executor {
  $executeRaw(statement: Prisma.Sql): PromiseLike<number>
}

/** An open database. */
export interface Store {
  readonly kind: 'embedded' | 'postgres'
  readonly db: Queryable
  /** For statements outside of transactions that take less time than Prisma takes around them. */
  readonly executor: Executor
  /**
   * Runs work in a transaction (READ COMMITTED) that commits when it resolves. Inside only `tx` may be used: the
   * embedded database has one connection, on which everything else waits. It is undone if it takes longer than the limit.
   * Without a limit of its own the work is done again where the server has ended it because of others (a deadlock).
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, limitMs?: number): Promise<T>
  /** The database's clock. */
  now(): Promise<Date>
  /** Does maintenance that the database does not do by itself; see `maintainEmbedded`. */
  maintain(signal: AbortSignal): Promise<void>
  /** Listens for committed changes of keys, by this process and by others. */
  listen(events: KeyChangeEvents): KeyChangeListener
  close(): Promise<void>
}

/** Options for opening a store. */
export interface StoreOptions {
  /** Null for the embedded database. */
  readonly databaseUrl: string | null
  /** The same database past a pooler, for the session that listens; by default `databaseUrl`. */
  readonly listenUrl?: string | null
  /** Folder of the embedded database. */
  readonly dataFolder: string
  /** Most files that the embedded database keeps open; PostgreSQL's default if not given. */
  readonly filesMax?: number
  /** Connections to PostgreSQL, at most. */
  readonly poolSize: number
  /** Timeout for a free connection in milliseconds; 15 seconds by default. */
  readonly waitMs?: number
  /** True to apply pending migrations; otherwise opening fails if there are any. */
  readonly migrate: boolean
  /**
   * Called with the reason just before the process ends: the folder of the embedded database was removed or replaced while it was
   * open.
   */
  readonly onFolderLost?: (reason: string) => void
  /** Called for each SQL statement that the client sends. */
  readonly onStatement?: (sql: string) => void
  /** Takes warnings for the operator: sentences without a full stop, with nothing secret in them. */
  readonly warn?: (text: string) => void
  /** Called with a sentence for each stage of opening. */
  readonly onStage?: (stage: string) => void
}

/** Access to one of the two kinds of database. */
export interface Driver {
  readonly kind: Store['kind']
  readonly adapter: NonNullable<Prisma.PrismaClientOptions['adapter']>
  /** Null to use Prisma's client. */
  readonly executor: Executor | null
  /** True if a COMMIT that is answered with a rollback is an error. */
  readonly tellsRollback: boolean
  listen(events: KeyChangeEvents): KeyChangeListener
  close(): Promise<void>
}

/** Default timeout for a free connection, in milliseconds. */
export const connectionWaitMs = 15_000
