import { Socket } from 'node:net'
import pg from 'pg'
import type { Queryable } from './store.ts'

/** Names a key as caches do: by project and ID. */
export interface KeyPlace {
  readonly projectId: string
  readonly id: string
}

/** What the listener tells. */
export interface KeyChangeEvents {
  /** A change of this key was committed, by whichever replica. */
  onChange(place: KeyPlace): void
  /** From here back changes may have been missed: whatever is remembered of the database has to be forgotten. */
  onGap(): void
  onListening(): void
  /** Told once for each connection that ends, with a code that says why, and for the first attempt that fails. */
  onLost(reason: string): void
}

/** Hears of the changes that all replicas make. */
export interface KeyChangeListener {
  close(): Promise<void>
}

const channel = 'keystead_keys'
/** How often the connection is tried, and how long an answer may take: a broken one is noticed within the sum. */
const keepaliveMs = { interval: 3000, answer: 3000 } as const
/** Waits between attempts to connect: each twice as long as the one before. */
const retryMs = { first: 100, longest: 5000 } as const

/**
 * Locks a key's row until the transaction ends. Every change begins with it, so it is also what tells the replicas of the
 * change: the server delivers the notification when the transaction commits, and never otherwise.
 */
export async function lockAndAnnounce(tx: Queryable, place: KeyPlace): Promise<void> {
  const { projectId, id } = place
  // As text, because the function's own result has no type that the client reads.
  await tx.$queryRaw`SELECT pg_notify(${channel}, ${formatPlace(place)})::text FROM keys
    WHERE id = ${id}::uuid AND project_id = ${projectId} FOR UPDATE`
}

/** Locks a key's row that will not be changed; nobody is told. Whether there is one. */
export async function lockUnannounced(tx: Queryable, { projectId, id }: KeyPlace): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM keys
    WHERE id = ${id}::uuid AND project_id = ${projectId} FOR UPDATE`
  return rows.length > 0
}

/** Tells the replicas of changes of keys that are locked already, in one statement; as above, once it is committed. */
export async function announce(tx: Queryable, places: readonly KeyPlace[]): Promise<void> {
  await tx.$queryRaw`SELECT count(pg_notify(${channel}, place)::text)::int
    FROM unnest(${places.map(formatPlace)}::text[]) AS t(place)`
}

/** Listens on a connection of its own, and makes a new one whenever that breaks. */
export function listenForKeyChanges(databaseUrl: string, events: KeyChangeEvents): KeyChangeListener {
  let closed = false
  let current: Connection | null = null
  let wakeUp = () => {}

  function pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    wakeUp = () => {
      clearTimeout(timer)
      resolve()
    }
    return promise
  }

  async function run(): Promise<void> {
    let waitMs: number = retryMs.first
    let isOut = false
    while (!closed) {
      current = openConnection(databaseUrl, events)
      const { reason, wasSteady, wasListening } = await current.ended
      // What was loaded since the last notification that got through may be out of date.
      if (wasListening) events.onGap()
      if (closed) return
      if (wasListening || !isOut) events.onLost(reason)
      isOut = true
      if (wasSteady) waitMs = retryMs.first
      await pause(waitMs)
      waitMs = Math.min(waitMs * 2, retryMs.longest)
    }
  }

  const running = run()
  return {
    async close() {
      closed = true
      wakeUp()
      current?.end()
      await running
    },
  }
}

interface Connection {
  readonly ended: Promise<{ reason: string; wasListening: boolean; wasSteady: boolean }>
  end(): void
}

function openConnection(databaseUrl: string, events: KeyChangeEvents): Connection {
  // Our own socket, so that a connection whose other end is silent can be dropped without its consent.
  const socket = new Socket()
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'keystead listener',
    connectionTimeoutMillis: 5000,
    query_timeout: keepaliveMs.answer,
    keepAlive: true,
    stream: () => socket,
  })
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const drop = (error: unknown) => {
    // Only codes are told on: texts of errors can hold addresses and names.
    const code = error instanceof Error && 'code' in error ? String(error.code) : null
    resolve(code ?? 'no answer')
    socket.destroy()
  }
  let wasListening = false
  let wasSteady = false
  let timer: NodeJS.Timeout | undefined

  function keepAliveLater(): void {
    timer = setTimeout(keepAlive, keepaliveMs.interval).unref()
  }

  async function keepAlive(): Promise<void> {
    try {
      await client.query('SELECT 1')
      wasSteady = true
      keepAliveLater()
    } catch (error) {
      drop(error)
    }
  }

  async function start(): Promise<void> {
    await client.connect()
    await client.query(`LISTEN ${channel}`)
    wasListening = true
    // Only now: what was loaded before the first notification could come may be out of date.
    events.onGap()
    events.onListening()
    keepAliveLater()
  }

  client.on('error', drop)
  client.on('end', () => resolve('closed'))
  client.on('notification', ({ payload }) => {
    const place = parsePlace(payload)
    if (place === null) events.onGap()
    else events.onChange(place)
  })
  start().catch(drop)
  return {
    ended: ended.then((reason) => {
      clearTimeout(timer)
      return { reason, wasListening, wasSteady }
    }),
    end() {
      // The goodbye is a courtesy: a server that does not take it keeps nobody from stopping.
      client.end().catch(() => {})
      setTimeout(() => socket.destroy(), 500).unref()
      resolve('closed')
    },
  }
}

/** The same key gives the same text, which the server delivers once for each transaction. */
function formatPlace({ projectId, id }: KeyPlace): string {
  return JSON.stringify([projectId, id])
}

/** Null for what no replica of this release sends. */
function parsePlace(payload: string | undefined): KeyPlace | null {
  try {
    const value: unknown = JSON.parse(payload ?? '')
    if (!Array.isArray(value) || value.length !== 2) return null
    const [projectId, id] = value as unknown[]
    return typeof projectId === 'string' && typeof id === 'string' ? { projectId, id } : null
  } catch {
    return null
  }
}
