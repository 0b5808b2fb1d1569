import type { HousekeepingReport } from './housekeeping.ts'

/** Runs rounds of housekeeping at intervals. */
export interface Housekeeping {
  /** Runs a round now, after the current one if there is one. */
  runOnce(): Promise<HousekeepingReport>
  /** Runs a round now, and reports it as those at intervals. */
  runSoon(): void
  /** Resolves when no round is under way or waits. */
  whenIdle(): Promise<void>
  /** Stops. The current round ends early; other replicas or the next start do the rest. */
  stop(): Promise<void>
}

/** Largest share of the interval by which a round starts earlier, at random. */
const jitter = 0.2

/**
 * Starts at once, to catch up on what fell due while the server was down, and then at intervals. The intervals vary at
 * random, so that replicas that were started together drift apart.
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
    // The interval counts from the start of this round, unless the round takes longer.
    const waitMs = intervalMs * (1 - jitter * Math.random())
    const endsAtMs = performance.now() + waitMs
    await runOnce().then(onReport, onError)
    if (stopping.signal.aborted) return
    timer = setTimeout(tick, Math.max(0, endsAtMs - performance.now())).unref()
  }
  void tick()
  return {
    runOnce,
    runSoon: () => void runOnce().then(onReport, onError),
    async whenIdle() {
      for (let round = null; round !== last; ) {
        round = last
        await round
      }
    },
    async stop() {
      stopping.abort()
      clearTimeout(timer)
      await last
    },
  }
}
