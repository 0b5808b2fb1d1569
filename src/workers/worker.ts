import type { Grant, Renewals } from '../auth/renewals.ts'
import { type Channel, openChannel } from './channel.ts'

/** Variable in which a worker finds its part. */
export const partVariable = 'KEYSTEAD_WORKER'

/** The part of one worker in a server. */
export interface WorkerPart {
  /** From 1; the worker that takes the place of another one has its number. */
  readonly number: number
  /** Number of all workers. */
  readonly workers: number
  /** Whether it opens the port before it can serve, since no other worker serves: requests then learn what they wait for. */
  readonly opensEarly: boolean
}

/** Functions of a running worker that the primary process calls. */
export interface WorkerCalls {
  /** Reads certificate and root keys again. */
  reload(): Promise<void>
  /** Begins to do the housekeeping for all workers. */
  keepHouse(): void
  /** Values of all metrics, as JSON. */
  readMetrics(): Promise<unknown>
}

/** A worker's connection to its primary process. */
export interface PrimaryLink {
  readonly part: WorkerPart
  /** Aborted when the primary process stops the worker. */
  readonly stop: AbortSignal
  /** Renewals of logins, shared with the other workers. */
  readonly renewals: Renewals
  /** Tells the primary process that this worker serves, and answers its calls from now on. */
  serve(url: string, calls: WorkerCalls): void
  /** Hands over the last values of the metrics, before the process ends. */
  leave(): Promise<void>
}

/** Joins the primary process that has forked this one; null in any other process. */
export function joinPrimary(environment: Readonly<Record<string, string | undefined>>): PrimaryLink | null {
  const given = environment[partVariable]
  const send = process.send?.bind(process)
  if (given === undefined || send === undefined) return null
  const part = JSON.parse(given) as WorkerPart
  const stop = new AbortController()
  let calls: WorkerCalls | null = null
  const channel = openChannel(
    {
      send: (message, done) => send(message, undefined, undefined, done),
      on: (event, receive) => process.on(event, receive),
    },
    {
      ping: () => true,
      stop: () => stop.abort(),
      reload: () => calls?.reload(),
      keepHouse: () => calls?.keepHouse(),
      readMetrics: () => calls?.readMetrics(),
    },
  )
  // Only the primary process reloads: one worker after the other.
  process.on('SIGHUP', () => {})

  return {
    part,
    stop: stop.signal,
    renewals: renewalsThrough(channel),
    serve(url, given) {
      calls = given
      void channel.ask('serving', url).catch(() => {})
    },
    async leave() {
      const last = await calls?.readMetrics().catch(() => null)
      await channel.ask('leaving', last ?? null).catch(() => {})
    },
  }
}

/** Renewals that all workers share through their primary process: see `createRenewalDesk`. */
export function renewalsThrough(channel: Channel): Renewals {
  return {
    async share(name, renew) {
      const done = (await channel.ask('claim', name)) as Grant | null
      if (done !== null) return done
      let grant: Grant | null = null
      try {
        grant = await renew()
        return grant
      } finally {
        // The grant counts also if the primary process does not learn of it.
        await channel.ask('settle', { name, grant }).catch(() => {})
      }
    },
    find: async (name) => (await channel.ask('find', name)) as Grant | null,
    forget: async (refreshToken) => void (await channel.ask('forget', refreshToken)),
  }
}
