import { Socket } from 'node:net'
import pg from 'pg'
import { tellSent } from '../together.ts'

/** Options of a {@link WatchedClient}. */
export interface WatchOptions {
  /** Milliseconds that a statement may go without an answer before the connection is dropped. */
  readonly answerMs: number
  /** Called when a statement was refused because the server is read-only. */
  onReadOnly(): void
}

/** SQLSTATE of a change that a server refuses because it is a standby, or was made read-only. */
const readOnlyState = '25006'
/** SQLSTATE of statements in a transaction that has failed. */
const failedTransactionState = '25P02'
/** With this a transaction says that it may take as long as it needs. */
const unlimited = 'SET LOCAL statement_timeout = 0'

/**
 * A connection to PostgreSQL that notices when the other end no longer answers. The server's own limits
 * (`statement_timeout`) end nothing when the server itself is silent, and a transaction's connection would go back to
 * the pool with its statement still under way.
 */
export class WatchedClient extends pg.Client {
  readonly #socket: Socket
  readonly #options: WatchOptions
  #timer: NodeJS.Timeout | undefined
  #mayTakeLong = false
  #isUnfit = false

  constructor(config: pg.ClientConfig, options: WatchOptions) {
    // Our own socket, so that it can be dropped without the consent of the other end.
    const socket = new Socket()
    super({ ...config, keepAlive: true, stream: () => socket })
    this.#socket = socket
    this.#options = options
    // Statements tell of it; without listeners a broken connection would end the process.
    socket.on('error', () => {})
    this.on('error', () => {})
    this.on('drain', () => this.#rest())
    this.on('end', () => clearTimeout(this.#timer))
  }

  /** True if the connection was dropped, perhaps before it was made. */
  get isCut(): boolean {
    return this.#socket.destroyed
  }

  /** Drops the connection; whatever is under way on it fails. */
  cut(reason: string): void {
    clearTimeout(this.#timer)
    this.#socket.destroy(new Error(`Connection terminated: ${reason}`))
  }

  /** Like pg's, whose overloads promise more than can be written here. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of all overloads, passed on as they are
  override query(...args: any[]): any {
    const [statement, last] = [args[0], args.at(-1)]
    const text: unknown = typeof statement === 'string' ? statement : statement?.text
    if (typeof text === 'string' && text.includes(unlimited)) this.#mayTakeLong = true
    clearTimeout(this.#timer)
    if (!this.#mayTakeLong) {
      this.#timer = setTimeout(() => this.cut('no answer'), this.#options.answerMs).unref()
    }
    if (typeof last === 'function') {
      args[args.length - 1] = (error: unknown, result: unknown) => {
        this.#look(error)
        last(error, result)
      }
    }
    // biome-ignore lint/suspicious/noExplicitAny: see above
    const result: unknown = (super.query as (...all: any[]) => unknown).apply(this, args)
    // Outside of a transaction, the next statement may go to another connection, and come before this one.
    if (this.getTransactionStatus() !== 'I') tellSent()
    if (!(result instanceof Promise)) return result
    result.catch((error: unknown) => this.#look(error))
    return text === 'COMMIT' ? result.then(requireCommitted) : result
  }

  #look(error: unknown): void {
    const { code } = (error ?? {}) as { code?: unknown }
    if (code !== readOnlyState) return
    this.#isUnfit = true
    this.#options.onReadOnly()
  }

  /** No statement is under way. */
  #rest(): void {
    clearTimeout(this.#timer)
    if (this.getTransactionStatus() !== 'I') return
    this.#mayTakeLong = false
    // Only now: within its transaction the statement's own error is the one to report.
    if (this.#isUnfit) this.cut('the server takes no changes')
  }
}

/** A transaction of which a statement has failed is answered with a rollback, and no error, when it is committed. */
function requireCommitted(result: pg.QueryResult): pg.QueryResult {
  if (result.command !== 'ROLLBACK') return result
  const error = new pg.DatabaseError(
    'the transaction was rolled back: a statement of it has failed',
    0,
    'error',
  )
  error.code = failedTransactionState
  error.severity = 'ERROR'
  throw error
}
