import { createSlowWork, type SlowWorkScheduler, type TaskLength } from '../../src/crypto/slow-work.ts'

/** Slow work with one slot of each length, whose tasks a test lets go one by one. */
export interface HeldSlowWork extends SlowWorkScheduler {
  /** Tasks that have got a slot since the last look. */
  takeStarted(): TaskLength[]
  /** Lets so many tasks go that have a slot, now or later. */
  letGo(tasks: number): void
}

/** Builds it; tasks pass until `hold` is called. */
export function createHeldSlowWork(): HeldSlowWork & { hold(): void } {
  const scheduler = createSlowWork({ SHORT: 1, LONG: 1 })
  let started: TaskLength[] = []
  let passes = Number.POSITIVE_INFINITY
  const waiting: (() => void)[] = []
  function letSomeGo(): void {
    while (passes > 0 && waiting.length > 0) {
      passes--
      waiting.shift()?.()
    }
  }
  return {
    for: (owner) => {
      const run = scheduler.for(owner)
      return (length, task) =>
        run(length, async () => {
          started.push(length)
          const { promise, resolve } = Promise.withResolvers<void>()
          waiting.push(resolve)
          letSomeGo()
          await promise
          return task()
        })
    },
    load: scheduler.load,
    hold() {
      passes = 0
    },
    letGo(tasks) {
      passes += tasks
      letSomeGo()
    },
    takeStarted() {
      const taken = started
      started = []
      return taken
    },
  }
}
