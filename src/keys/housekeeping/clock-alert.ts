import type { ClockHold, GuardedClock } from '../../clock.ts'

/** Interval of repeated alerts in milliseconds. */
const repeatMs = 3_600_000
const secondMs = 1000

/** Listener for alerts about the clock. */
export interface ClockListener {
  onHold(hold: ClockHold): void
  onBelieved(): void
}

/** Reports a hold of the clock at once, then hourly, and its end. To be called after each comparison of the clock. */
export function createClockAlert(
  clock: Pick<GuardedClock, 'hold'>,
  listener: ClockListener,
  monotonicMs: () => number = () => performance.now(),
): { look(): void } {
  let toldAtMs: number | null = null
  return {
    look() {
      const hold = clock.hold()
      if (hold === null) {
        if (toldAtMs !== null) listener.onBelieved()
        toldAtMs = null
      } else if (toldAtMs === null || monotonicMs() - toldAtMs >= repeatMs) {
        toldAtMs = monotonicMs()
        listener.onHold(hold)
      }
    },
  }
}

/** Describes a hold of the clock and what to do. */
export function describeHold({ aheadMs, certainNow }: ClockHold): string {
  return `The database's clock is ${describeDuration(aheadMs)} ahead of the time that has certainly passed. Automatic destruction, rotation, expiry and pruning go by ${certainNow.toISOString()} until this is settled. If the clock is right, run keystead clock confirm. If it is wrong, set it back.`
}

function describeDuration(ms: number): string {
  const minutes = Math.floor(ms / (60 * secondMs))
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)]
  return `${days} d ${hours} h ${minutes % 60} min`
}
