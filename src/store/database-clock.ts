import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { type Clock, type ClockHold, dayMs, type GuardedClock, hourMs } from '../clock.ts'
import {
  type CertainTimeRow,
  findCertainTime,
  type TimeMark,
  writeCertainTime,
} from './rows/certain-time-rows.ts'
import type { Queryable } from './sql.ts'
import type { Store } from './store.ts'

/** The clock of the database, read without asking it each time. */
interface DatabaseClock extends Clock {
  /** Compares with the database again, since clocks drift and are set. */
  synchronise(): Promise<void>
}

/**
 * One clock for all replicas: that of this machine, corrected by its difference to the database's. A question to the
 * database takes some time; its answer counts for the middle of it.
 */
export async function createDatabaseClock(store: Pick<Store, 'now'>, machine: Clock): Promise<DatabaseClock> {
  let differenceMs = 0
  async function synchronise(): Promise<void> {
    const askedMs = machine.now().getTime()
    const toldMs = (await store.now()).getTime()
    const answeredMs = machine.now().getTime()
    differenceMs = toldMs - Math.round((askedMs + answeredMs) / 2)
  }
  await synchronise()
  return { now: () => new Date(machine.now().getTime() + differenceMs), synchronise }
}

/** Tolerated lead of a clock over the elapsed time: clocks are set and drift. */
export const toleratedMs = hourMs
/** Tolerated length of a stop that nothing on this machine can confirm. */
export const toleratedStopMs = dayMs
/**
 * How long a clock is not believed, at most: the longest waiting period. Whatever was scheduled before the clock was set
 * has then waited as long as it was asked to.
 */
export const holdMaxMs = 30 * dayMs
/** Tolerated rate of the clock against this machine's: two good clocks differ by far less. */
const rateMax = 1.01

/** Time elapsed on this machine, independent of its wall clock. */
export interface ElapsedTime {
  /** Milliseconds since an arbitrary moment, by a clock that cannot be set. Cheap. */
  monotonicMs(): number
  /** The same since the machine was started, including the time for which it was suspended. */
  uptimeMs(): number
  /** Identifies one start of the machine; null if unknown. */
  readonly bootId: string | null
}

/** Elapsed time of this machine. Only Linux identifies its boots and counts the time of suspensions. */
function systemElapsedTime(): ElapsedTime {
  const monotonicMs = () => performance.now()
  const bootId = readBootId()
  return { monotonicMs, uptimeMs: bootId === null ? monotonicMs : () => uptime() * 1000, bootId }
}

function readBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return null
  }
}

/**
 * Guards the database's clock: how far time has certainly come is kept in the database, and moves on no faster than time
 * passes on this machine. A clock that is set ahead of it is not believed, until it is set back, an operator confirms it,
 * or time has really passed. Replicas share the row: the later moment counts.
 *
 * @param keep whether what is found is written: servers do, commands that only look need not be able to
 */
export async function guardClock(
  { db }: { readonly db: Queryable },
  clock: DatabaseClock,
  { elapsed = systemElapsedTime(), keep }: { readonly elapsed?: ElapsedTime; readonly keep: boolean },
): Promise<GuardedClock> {
  let mark: TimeMark | null = null
  let markedAt = { uptimeMs: 0, monotonicMs: 0 }

  async function synchronise(): Promise<void> {
    await clock.synchronise()
    const row = await findCertainTime(db)
    const now = clock.now().getTime()
    const at = { uptimeMs: elapsed.uptimeMs(), monotonicMs: elapsed.monotonicMs() }
    const passedMs = mark === null ? null : at.uptimeMs - markedAt.uptimeMs
    const own = mark !== null && passedMs !== null ? { mark, passedMs } : null
    mark = nextMark({ own, row, rowPassedMs: passedSince(row, at.uptimeMs), now })
    markedAt = at
    if (keep) await writeCertainTime(db, { ...mark, bootId: elapsed.bootId, uptimeMs: at.uptimeMs }, now)
  }

  /** Milliseconds since the row was written; null if this machine cannot tell. */
  function passedSince(row: CertainTimeRow | null, uptimeMs: number): number | null {
    if (row === null || row.bootId === null || row.bootId !== elapsed.bootId) return null
    return uptimeMs < row.uptimeMs ? null : uptimeMs - row.uptimeMs
  }

  await synchronise()
  function certainMs(nowMs: number): number {
    if (mark === null) return nowMs
    const reachedMs = mark.reachedMs + elapsed.monotonicMs() - markedAt.monotonicMs
    return Math.min(nowMs, mark.heldSinceMs === null ? reachedMs + toleratedMs : reachedMs)
  }
  return {
    now: () => clock.now(),
    certainNow: () => new Date(certainMs(clock.now().getTime())),
    moment() {
      const now = clock.now()
      return { now, certainNow: new Date(certainMs(now.getTime())) }
    },
    hold(): ClockHold | null {
      if (mark === null || mark.heldSinceMs === null) return null
      const nowMs = clock.now().getTime()
      const certain = certainMs(nowMs)
      return { aheadMs: nowMs - certain, certainNow: new Date(certain) }
    },
    synchronise,
  }
}

/** Input of {@link nextMark}. */
interface Known {
  /** Mark of this process and the milliseconds since then. */
  readonly own: { readonly mark: TimeMark; readonly passedMs: number } | null
  readonly row: TimeMark | null
  /** Milliseconds since the row was written; null if unknown. */
  readonly rowPassedMs: number | null
  /** Time by the clock, in milliseconds. */
  readonly now: number
}

/** Computes how far time has certainly come, and whether the clock is trusted. */
export function nextMark({ own, row, rowPassedMs, now }: Known): TimeMark {
  const moments = [
    ...(own === null ? [] : [own.mark.reachedMs + own.passedMs * rateMax]),
    ...(row === null ? [] : [row.reachedMs + (rowPassedMs ?? 0) * rateMax]),
  ]
  // Nothing is known yet, so that there is nothing to doubt.
  if (moments.length === 0) return believed(now)
  const reachedMs = Math.min(now, Math.round(Math.max(...moments)))
  const aheadMs = now - reachedMs
  const isStartWithoutProof = own === null && rowPassedMs === null
  if (isStartWithoutProof && row?.heldSinceMs === null && aheadMs <= toleratedStopMs) return believed(now)
  if (aheadMs <= toleratedMs) return { reachedMs, aheadMs: 0, heldSinceMs: null }
  // Another replica may have noticed it first.
  const before = [own?.mark, row].find((each) => typeof each?.heldSinceMs === 'number') ?? null
  const isFurther = before === null || aheadMs > before.aheadMs + toleratedMs
  const heldSinceMs = isFurther ? reachedMs : (before?.heldSinceMs ?? reachedMs)
  if (reachedMs - heldSinceMs >= holdMaxMs) return believed(now)
  // Kept as it was noticed: small steps after it must not add up unnoticed.
  return {
    reachedMs,
    aheadMs: isFurther ? aheadMs : Math.min(before?.aheadMs ?? aheadMs, aheadMs),
    heldSinceMs,
  }
}

const believed = (now: number): TimeMark => ({ reachedMs: now, aheadMs: 0, heldSinceMs: null })
