import type { PostgresClients } from './postgres/clients.ts'
import { reasonOf } from './postgres/hosts.ts'
import type { Queryable } from './queryable.ts'

/** Names a key as caches do: by project and ID. */
export interface KeyPlace {
  readonly projectId: string
  readonly id: string
}

/** A key that was changed. */
export interface KeyChange extends KeyPlace {
  /** The change is of something that everybody sees who may list the project's keys. */
  readonly isShown: boolean
  /** Subjects that were on the key's access list, or owned it, and do so no longer. */
  readonly lostBy: readonly string[]
}

/** What the listener tells. */
export interface KeyChangeEvents {
  /** A change of this key was committed, by whichever replica. One change may be told of several times. */
  onChange(change: KeyChange): void
  /** From here back changes may have been missed: whatever is remembered of the database has to be forgotten. */
  onGap(): void
  onListening(): void
  /** Told once for each connection that ends, with words that say why, and for the first attempt that fails. */
  onLost(reason: string): void
}

/** Hears of the changes that all replicas make. */
export interface KeyChangeListener {
  close(): Promise<void>
}

/** Where changes of keys are announced. */
export const channel = 'keystead_keys'
/** PostgreSQL takes up to 8,000 bytes in one notification. */
const payloadBytesMax = 7900
/** How often the connection is tried, and how long an answer may take: a broken one is noticed within the sum. */
const keepaliveMs = { interval: 3000, answer: 3000 } as const
/** Waits between attempts to connect: each twice as long as the one before. */
const retryMs = { first: 100, longest: 2000 } as const

/** Announces changes of keys in one statement. The database delivers notifications when the transaction commits. */
export async function announce(tx: Queryable, places: readonly KeyPlace[]): Promise<void> {
  await notify(tx, places.map(formatPlace))
}

/**
 * Announces a change of a key together with what callers may hear of it who do not see the key whole: they must not hear
 * of changes of what is hidden from them.
 */
export async function announceChange(
  tx: Queryable,
  { projectId, id, isShown, lostBy }: KeyChange,
): Promise<void> {
  const payloads = isShown ? [JSON.stringify([projectId, id, []])] : []
  let part: string[] = []
  for (const subject of lostBy) {
    const longer = JSON.stringify([projectId, id, [...part, subject]])
    if (part.length > 0 && Buffer.byteLength(longer) > payloadBytesMax) {
      payloads.push(JSON.stringify([projectId, id, part]))
      part = []
    }
    part.push(subject)
  }
  if (part.length > 0) payloads.push(JSON.stringify([projectId, id, part]))
  await notify(tx, payloads.length === 0 ? [formatPlace({ projectId, id })] : payloads)
}

async function notify(tx: Queryable, payloads: readonly string[]): Promise<void> {
  // As text, because the function's own result has no type that the client reads.
  await tx.$queryRaw`SELECT count(pg_notify(${channel}, payload)::text)::int
    FROM unnest(${[...payloads]}::text[]) AS t(payload)`
}

/** Passes on what was announced. */
export function hearAnnouncement(
  payload: string | undefined,
  events: Pick<KeyChangeEvents, 'onChange' | 'onGap'>,
): void {
  const change = parseChange(payload)
  if (change === null) events.onGap()
  else events.onChange(change)
}

/** Listens on a connection of its own, and makes a new one whenever that breaks. */
export function listenForKeyChanges(clients: PostgresClients, events: KeyChangeEvents): KeyChangeListener {
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
      current = openConnection(clients, events)
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

function openConnection(clients: PostgresClients, events: KeyChangeEvents): Connection {
  const client = clients.createClient({ application_name: 'keystead listener' }, keepaliveMs.answer)
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const drop = (error: unknown) => {
    resolve(reasonOf(error))
    client.cut('it is not heard of')
  }
  let wasListening = false
  let wasSteady = false
  let timer: NodeJS.Timeout | undefined

  function keepAliveLater(): void {
    timer = setTimeout(keepAlive, keepaliveMs.interval).unref()
  }

  async function keepAlive(): Promise<void> {
    try {
      // Not any statement: a server that takes no changes any more announces none.
      await client.check()
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
  client.on('notification', ({ payload }) => hearAnnouncement(payload, events))
  start().catch(drop)
  return {
    ended: ended.then((reason) => {
      clearTimeout(timer)
      return { reason, wasListening, wasSteady }
    }),
    end() {
      // The goodbye is a courtesy: a server that does not take it keeps nobody from stopping.
      client.end().catch(() => {})
      setTimeout(() => client.cut('stopped'), 500).unref()
      resolve('closed')
    },
  }
}

/** The same key gives the same text, which the server delivers once for each transaction. */
function formatPlace({ projectId, id }: KeyPlace): string {
  return JSON.stringify([projectId, id])
}

/** Null for what no replica of this release sends. */
function parseChange(payload: string | undefined): KeyChange | null {
  try {
    const value: unknown = JSON.parse(payload ?? '')
    if (!Array.isArray(value)) return null
    const [projectId, id, lostBy = null, ...rest] = value as unknown[]
    if (typeof projectId !== 'string' || typeof id !== 'string' || rest.length > 0) return null
    if (lostBy === null) return { projectId, id, isShown: false, lostBy: [] }
    if (!Array.isArray(lostBy) || !lostBy.every((each) => typeof each === 'string')) return null
    return { projectId, id, isShown: lostBy.length === 0, lostBy }
  } catch {
    return null
  }
}
