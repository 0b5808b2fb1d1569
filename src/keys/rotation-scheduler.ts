import type { HousekeepingReport } from './rotation.ts'

/** Wakes up at intervals; what is due is decided elsewhere. */
export interface Housekeeping {
  /** Runs a round now, after the one under way if there is one. */
  runOnce(): Promise<HousekeepingReport>
  /** Stops, after the round under way. */
  stop(): Promise<void>
}

/** Starts at once (to catch up on what fell due while the server was down) and then at intervals. */
export function startHousekeeping(options: {
  run: () => Promise<HousekeepingReport>
  intervalMs: number
  onReport: (report: HousekeepingReport) => void
  onError: (error: unknown) => void
}): Housekeeping {
  const { run, intervalMs, onReport, onError } = options
  let last: Promise<unknown> = Promise.resolve()

  function runOnce(): Promise<HousekeepingReport> {
    const round = last.then(run)
    last = round.catch(() => {})
    return round
  }

  const tick = () => {
    runOnce().then(onReport, onError)
  }
  tick()
  const timer = setInterval(tick, intervalMs)
  timer.unref()
  return {
    runOnce,
    async stop() {
      clearInterval(timer)
      await last
    },
  }
}
