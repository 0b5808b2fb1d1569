/** The source of "now". Passed in everywhere, so that tests move time and a deployment follows one clock. */
export interface Clock {
  now(): Date
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => new Date() }
