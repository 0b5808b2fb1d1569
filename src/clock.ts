/** An hour and a day in UTC, in milliseconds. */
export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** Source of the current time. It is always passed in, so that tests control time and all replicas use one clock. */
export interface Clock {
  now(): Date
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => new Date() }

/** A reading of a guarded clock. */
export interface Moment {
  /** Time of the clock, for records. */
  readonly now: Date
  /** Latest time that has certainly passed, never after `now`; for irreversible actions. */
  readonly certainNow: Date
}

/** A clock that is not trusted: it is further ahead than time can have passed. */
export interface ClockHold {
  /** How far it is ahead. */
  readonly aheadMs: number
  /** Latest time that has certainly passed. */
  readonly certainNow: Date
}

/** A clock that may be wrong, with the latest time that has certainly passed. */
export interface GuardedClock extends Clock {
  /** See Moment. */
  certainNow(): Date
  moment(): Moment
  /** Null while the clock is trusted. */
  hold(): ClockHold | null
  /** Compares the clock with the database and with the elapsed time: clocks drift and are set. */
  synchronise(): Promise<void>
}

/** Wraps a clock that is always trusted. */
export function believe(clock: Clock): GuardedClock {
  const now = () => clock.now()
  const moment = () => {
    const at = now()
    return { now: at, certainNow: at }
  }
  return { now, certainNow: now, moment, hold: () => null, synchronise: async () => {} }
}

/**
 * Settles like the promise if that settles within `ms`, else like `onTimeout`. A timeout does not stop what the promise
 * stands for.
 */
export async function within<T, U>(ms: number, promise: Promise<T>, onTimeout: () => U): Promise<T | U> {
  const { promise: timedOut, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  try {
    return await Promise.race([promise, timedOut.then(onTimeout)])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves to true if the promise settles within `ms`; a rejection counts as settled. */
export function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  )
  return within(ms, settled, () => false)
}

/** Longest delay of a timer. */
const timerMsMax = 2_147_483_647

/** Calls back at a time of the monotonic clock, however far off it is. Returns the function that cancels it. */
export function callAt(atMs: number, callback: () => void): () => void {
  const leftMs = () => Math.min(Math.max(0, atMs - performance.now()), timerMsMax)
  let timer = setTimeout(fire, leftMs())
  function fire(): void {
    if (leftMs() > 0) timer = setTimeout(fire, leftMs())
    else callback()
  }
  return () => clearTimeout(timer)
}
