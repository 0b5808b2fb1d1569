import pg from 'pg'
import { codesOf } from '../errors.ts'
import type { HostClient, PostgresClients } from './clients.ts'

/** Size of a pool and timeout for a free connection. */
export interface PoolOptions {
  readonly size: number
  readonly waitMs: number
}

/** Codes of refused connections that keep the pool from growing: by the server, or for lack of file descriptors. */
const refusalCodes = ['53300', 'EMFILE', 'ENFILE']
/** Pause before a pool that was refused a connection tries to grow again, in milliseconds. */
const growthPauseMs = 5000

/**
 * A pool that works with the connections it has while the server refuses more: a caller that is refused one waits for
 * another to become free, as in a pool that has reached its own size.
 */
class ElasticPool extends pg.Pool {
  readonly #size: number
  readonly #waitMs: number
  /** Connections that are there, without those that are being made. */
  #connected = 0
  #growsAtMs = 0

  constructor({ connectionString, PoolClient }: PostgresClients, { size, waitMs }: PoolOptions) {
    const onRefused = () => this.#stopGrowing()
    super({
      connectionString,
      max: size,
      // One stays: a server that is full must not keep this one from all others' turns.
      min: 1,
      application_name: 'keystead',
      connectionTimeoutMillis: waitMs,
      // Statements that are not waited for one by one are sent at once (`sentTogether`).
      pipeline: true,
      Client: class extends (PoolClient as new (config?: pg.ClientConfig) => HostClient) {
        // Before the pool hears of it, which would try again at once for the next who waits.
        protected override onFailedConnect(error: unknown): void {
          if (isRefusal(error)) onRefused()
        }
      },
    })
    this.#size = size
    this.#waitMs = waitMs
    this.on('connect', () => this.#connected++)
    this.on('remove', () => this.#connected--)
    // An idle connection that breaks is replaced when it is needed; without a listener it would end the process.
    this.on('error', () => {})
  }

  // pg has both forms, and its `query` uses the one with a callback.
  override connect(): Promise<pg.PoolClient>
  override connect(callback: PoolCallback): void
  override connect(callback?: PoolCallback): Promise<pg.PoolClient> | undefined {
    const taken = this.#take(performance.now() + this.#waitMs)
    if (callback === undefined) return taken
    taken.then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: Error) => callback(error, undefined, () => {}),
    )
    return undefined
  }

  async #take(endsAtMs: number): Promise<pg.PoolClient> {
    if (performance.now() >= this.#growsAtMs) this.options.max = this.#size
    try {
      return await super.connect()
    } catch (error) {
      const mayWait = this.#connected > 0 && performance.now() < endsAtMs
      if (isRefusal(error) && mayWait) return this.#take(endsAtMs)
      throw error
    }
  }

  #stopGrowing(): void {
    this.options.max = Math.max(1, this.#connected)
    this.#growsAtMs = performance.now() + growthPauseMs
  }
}

type PoolCallback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: boolean | Error) => void,
) => void

/** Builds a pool of connections to whichever server takes changes. */
export function createPool(clients: PostgresClients, options: PoolOptions): pg.Pool {
  return new ElasticPool(clients, options)
}

/** True if no connection was made because there are too many. */
export function isRefusal(error: unknown): boolean {
  return codesOf(error).some((code) => refusalCodes.includes(code))
}
