import type { HousekeepingReport } from './housekeeping.ts'

/** Wakes up at intervals; what is due is decided elsewhere. */
export interface Housekeeping {
  /** Runs a round now, after the one under way if there is one. */
  runOnce(): Promise<HousekeepingReport>
  /** Stops; a round under way ends early, what it leaves is done by others or at the next start. */
  stop(): Promise<void>
}

/** Rounds begin up to so much earlier than the interval says, by chance. */
const jitter = 0.2

/**
 * Starts at once (to catch up on what fell due while the server was down) and then at intervals. They vary by chance, so
 * that replicas that were started together do not stay together.
 */
export function startHousekeeping(options: {
  run: (signal: AbortSignal) => Promise<HousekeepingReport>
  intervalMs: number
  onReport: (report: HousekeepingReport) => void
  onError: (error: unknown) => void
}): Housekeeping {
  const { run, intervalMs, onReport, onError } = options
  const stopping = new AbortController()
  let last: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  function runOnce(): Promise<HousekeepingReport> {
    const round = last.then(() => run(stopping.signal))
    last = round.catch(() => {})
    return round
  }

  async function tick(): Promise<void> {
    // The next one is counted from the start of this one, unless that takes longer.
    const waitMs = intervalMs * (1 - jitter * Math.random())
    const endsAtMs = performance.now() + waitMs
    await runOnce().then(onReport, onError)
    if (stopping.signal.aborted) return
    timer = setTimeout(tick, Math.max(0, endsAtMs - performance.now())).unref()
  }
  void tick()
  return {
    runOnce,
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await last
    },
  }
}
