/** The source of "now". Passed in everywhere, so that tests move time and a deployment follows one clock. */
export interface Clock {
  now(): Date
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => new Date() }

/** One look at a guarded clock. */
export interface Moment {
  /** What the clock says: for records. */
  readonly now: Date
  /** The latest moment that has certainly come, never after `now`: for what cannot be undone. */
  readonly certainNow: Date
}

/** A clock that is not believed, since it is further ahead than time can have passed. */
export interface ClockHold {
  /** By how much it is ahead. */
  readonly aheadMs: number
  /** The latest moment that has certainly come. */
  readonly certainNow: Date
}

/** A clock that may be set to a wrong time, and that tells how far time has certainly come. */
export interface GuardedClock extends Clock {
  /** See Moment. */
  certainNow(): Date
  moment(): Moment
  /** Null while the clock is believed. */
  hold(): ClockHold | null
  /** Compares with the database and with the time that has passed, since clocks drift and are set. */
  synchronise(): Promise<void>
}

/** A clock that is always believed. */
export function believe(clock: Clock): GuardedClock {
  const now = () => clock.now()
  const moment = () => {
    const at = now()
    return { now: at, certainNow: at }
  }
  return { now, certainNow: now, moment, hold: () => null, synchronise: async () => {} }
}
