import { channel, type KeyChangeEvents, type KeyChangeListener, receiveAnnouncement } from '../key-changes.ts'
import type { PostgresClients } from './clients.ts'
import { reasonOf } from './hosts.ts'

/** How often the connection is checked, and how long an answer may take. A broken one is noticed within the sum. */
const keepaliveMs = { interval: 3000, answer: 3000 } as const
/** Waits between attempts to connect: each twice as long as the one before. */
const retryMs = { first: 100, longest: 2000 } as const

/** Listens on a connection of its own and reconnects whenever it breaks. */
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
      // Keys loaded since the last notification that got through may be out of date.
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
  client.on('notification', ({ payload }) => receiveAnnouncement(payload, events))
  start().catch(drop)
  return {
    ended: ended.then((reason) => {
      clearTimeout(timer)
      return { reason, wasListening, wasSteady }
    }),
    end() {
      // Ending the session is a courtesy: a silent server must not delay the stop.
      client.end().catch(() => {})
      setTimeout(() => client.cut('stopped'), 500).unref()
      resolve('closed')
    },
  }
}
