import type pg from 'pg'
import { UnfitServerError } from '../errors.ts'
import { createHostChoice, type HostChoice } from './hosts.ts'
import { prepareSession, type SessionState, type Sessions } from './session.ts'
import { type PostgresHost, parsePostgresUrl, type TlsFiles } from './url.ts'
import { WatchedClient } from './watched-client.ts'

/** Makes all connections to a database, whichever of its servers takes changes. */
export interface PostgresClients {
  readonly connectionString: string
  readonly files: TlsFiles
  /** For pools, which make their own. */
  readonly PoolClient: new (
    config?: pg.ClientConfig,
  ) => HostClient
  /** A client that is not connected yet, and whose statements are answered within a time. */
  createClient(config: pg.ClientConfig, answerMs: number): HostClient
  /** Says whose sessions they use, once it is known; until then nothing is set on them. */
  useSessions(sessions: Sessions): void
}

/** State that clients share. */
interface Shared {
  /** Null where there is one server only. */
  readonly choice: HostChoice | null
  readonly clients: Set<HostClient>
  /** Null until it is known. */
  sessions: Sessions | null
}

/** Timeout for a connection, in milliseconds. */
const connectMs = 5000
/** Timeout for asking a server for its state. */
const probeMs = 2000
/**
 * Longer than `statement_timeout`, so that it ends only what the server does not: it is dead, or waits for a standby that
 * is (`synchronous_commit`), and what was to be committed must not be acknowledged.
 */
const answerMs = 20_000

/** A connection to the server that takes changes. */
export class HostClient extends WatchedClient {
  readonly #shared: Shared
  /** Null until it is chosen, and where there is one only. */
  #server: PostgresHost | null = null

  constructor(config: pg.ClientConfig, shared: Shared, limitMs: number) {
    super(config, { answerMs: limitMs, onReadOnly: () => this.#giveUpServer() })
    this.#shared = shared
    this.on('error', () => this.#doubt())
    this.on('end', () => shared.clients.delete(this))
  }

  get server(): PostgresHost | null {
    return this.#server
  }

  // pg has both forms: pools use the one with a callback.
  override connect(): Promise<pg.Client>
  override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void
  override connect(callback?: unknown): Promise<pg.Client> | undefined {
    const connected = this.#open()
    if (typeof callback !== 'function') return connected
    connected.then(
      () => callback(null, this),
      (error: unknown) => callback(error),
    )
    return undefined
  }

  /**
   * Asks the server whether it still takes changes.
   *
   * @throws UnfitServerError if it does not
   */
  async check(): Promise<SessionState> {
    const { choice, sessions } = this.#shared
    const state = await prepareSession(this, { asksTimeline: choice !== null, sessions })
    if (state.isReadOnly) {
      this.#giveUpServer()
      throw new UnfitServerError('it takes no changes')
    }
    choice?.judge(state)
    return state
  }

  async #open(): Promise<pg.Client> {
    const { choice, clients } = this.#shared
    this.#server = (await choice?.choose()) ?? null
    // A pool that has waited too long cuts it off meanwhile.
    if (this.isCut) throw new Error('timeout exceeded when trying to connect')
    if (this.#server !== null) {
      this.host = this.#server.name
      this.port = this.#server.port
    }
    clients.add(this)
    // Also a server that lets in and then is silent.
    const timer = setTimeout(() => this.cut('it took too long'), connectMs)
    try {
      await super.connect()
      await this.check()
      return this
    } catch (error) {
      this.#doubt()
      clients.delete(this)
      this.cut('it cannot be used')
      this.onFailedConnect(error)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Called with the reason that no connection was made, before the caller that waits for it. */
  protected onFailedConnect(_error: unknown): void {}

  #doubt(): void {
    if (this.#server !== null) this.#shared.choice?.doubt(this.#server)
  }

  /** No session may go on to read from a server that takes no changes: what it shows gets old. */
  #giveUpServer(): void {
    this.#doubt()
    for (const client of this.#shared.clients) {
      if (client !== this && client.server === this.#server) client.cut('the server takes no changes')
    }
  }
}

/**
 * Prepares to connect.
 *
 * @throws TypeError that says what is wrong with the address
 */
export function createPostgresClients(databaseUrl: string): PostgresClients {
  const { connectionString, hosts, files } = parsePostgresUrl(databaseUrl)
  const clients = new Set<HostClient>()
  const choice =
    hosts.length === 0
      ? null
      : createHostChoice({
          hosts,
          probe: (host) => probe(connectionString, host),
          onChosen(chosen) {
            for (const client of clients) {
              if (client.server !== chosen) client.cut('another server took over')
            }
          },
        })
  const shared: Shared = { choice, clients, sessions: null }
  return {
    connectionString,
    files,
    PoolClient: class extends HostClient {
      constructor(config: pg.ClientConfig = {}) {
        super(config, shared, answerMs)
      }
    },
    createClient: (config, limitMs) =>
      new HostClient({ ...config, connectionString, connectionTimeoutMillis: connectMs }, shared, limitMs),
    useSessions(sessions) {
      shared.sessions = sessions
    },
  }
}

async function probe(connectionString: string, { name, port }: PostgresHost) {
  const client = new WatchedClient(
    { connectionString, application_name: 'probe of keystead', connectionTimeoutMillis: probeMs },
    { answerMs: probeMs, onReadOnly: () => {} },
  )
  client.host = name
  client.port = port
  try {
    await client.connect()
    return await prepareSession(client, { asksTimeline: true, sessions: null })
  } finally {
    client.cut('it has said what it is')
  }
}
