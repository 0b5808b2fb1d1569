import { setTimeout as sleep } from 'node:timers/promises'

/** Range of a pause, in milliseconds. */
const pauseMs = { min: 100, max: 400 } as const
/** Refusals that are paused at once. Their connections are busy, and a server has few hundreds at least. */
const pausedMax = 64

/**
 * Pauses before refusals that cost the event loop nearly as much as an answer, so that a client that keeps sending such
 * requests sends few of them.
 */
export interface RefusalPauses {
  /**
   * Resolves after a pause, or at once while there are as many pauses as there may be. Call it without a slot. Pauses
   * differ, so that clients do not come back at the same moment.
   */
  wait(): Promise<void>
}

/** Builds the pauses of a server. */
export function createRefusalPauses(): RefusalPauses {
  let paused = 0
  return {
    async wait() {
      if (paused >= pausedMax) return
      paused++
      await sleep(pauseMs.min + Math.random() * (pauseMs.max - pauseMs.min))
      paused--
    },
  }
}
