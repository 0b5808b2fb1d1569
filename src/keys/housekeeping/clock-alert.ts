import type { ClockHold, GuardedClock } from '../../clock.ts'

/** How often an operator is told again, in milliseconds. */
const repeatMs = 3_600_000
const secondMs = 1000

/** Who is told of a clock that is not believed, and when it is believed again. */
export interface ClockListener {
  onHold(hold: ClockHold): void
  onBelieved(): void
}

/** Looks at the clock after each time that it was compared: tells of a hold at once, then hourly, and of its end. */
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

/** A clock that is not believed in words, with what to do. */
export function describeHold({ aheadMs, certainNow }: ClockHold): string {
  return `The database's clock is ${describeDuration(aheadMs)} ahead of the time that has certainly passed. Automatic destruction, rotation, expiry and pruning go by ${certainNow.toISOString()} until this is settled. If the clock is right, run keystead clock confirm. If it is wrong, set it back.`
}

function describeDuration(ms: number): string {
  const minutes = Math.floor(ms / (60 * secondMs))
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)]
  return `${days} d ${hours} h ${minutes % 60} min`
}
