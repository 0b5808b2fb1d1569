import { dayMs } from '../clock.ts'
import {
  type AuditPartition,
  analyzeTrail,
  announceEnd,
  changePartitions,
  findPartitions,
  findProvenEnd,
  findSpanOfRest,
  nameBefore,
  nameOfPartition,
  type PartitionChange,
  proveEnd,
  type RecordedSpan,
  restName,
  sizeOfRest,
  withdrawEnd,
} from '../store/audit/partition-rows.ts'
import type { Store } from '../store/store.ts'

/** Whole months after the present one that have a partition. */
const monthsAhead = 1

/** Largest rest, in bytes, that is read while writers wait. A larger one is checked before. */
const unprovenBytesMax = 64 * 1024 ** 2

/**
 * Least time, in days, from when an end of a large rest is announced until that end. A record that is dated later is refused
 * until the check is done, so it must be further ahead than a check takes and than clocks are wrong.
 */
const announcedDays = 31

/** Days before an announced end at which it is taken back, where nobody finished the check. */
const withdrawnDays = 7

/**
 * Adds the partitions of the trail for this month and the next, and ends the partition that has taken all records later than
 * the others. It can be stopped at any moment and goes on the next time. Replicas that run it together do it once.
 *
 * @param now latest time that has certainly passed
 * @returns true if it changed the partitions
 */
export async function keepPartitions(
  store: Store,
  now: Date,
  { largeBytes = unprovenBytesMax } = {},
): Promise<boolean> {
  const partitions = await findPartitions(store.db)
  const rest = partitions.at(-1)
  // An administrator who arranged the table otherwise is left alone.
  if (rest?.name !== restName || rest.to !== null) return false
  if (rest.from !== null && rest.from >= monthAt(now, monthsAhead + 1)) return false
  const span = await findSpanOfRest(store.db)
  const isLarge = (await sizeOfRest(store.db)) > largeBytes
  const end = isLarge && span !== null ? await findLargeEnd(store, now, span) : null
  const change = planPartitions({ rest, span, now, end })
  if (!(await changePartitions(store, partitions, change))) return false
  if (span !== null) await analyzeTrail(store.db)
  return true
}

/** Proves an end of a rest that is too large to be read while writers wait. */
async function findLargeEnd(store: Store, now: Date, { newest }: RecordedSpan): Promise<Date> {
  const known = await findProvenEnd(store.db)
  const isStale = known !== null && known.end.getTime() < now.getTime() + withdrawnDays * dayMs
  if (isStale && !known.isProven) await withdrawEnd(store)
  if (known !== null && (known.isProven || !isStale)) {
    if (!known.isProven) await proveEnd(store)
    return known.end
  }
  const soonest = new Date(Math.max(newest.getTime(), now.getTime() + announcedDays * dayMs))
  const end = monthAt(soonest, 1)
  await announceEnd(store, end)
  await proveEnd(store)
  return end
}

/**
 * Changes that give this month and the next a partition each, and move no record.
 *
 * @param end end that the rest was proven to have; null if it is small enough to be read
 */
export function planPartitions({
  rest,
  span,
  now,
  end,
}: {
  readonly rest: AuditPartition
  readonly span: RecordedSpan | null
  readonly now: Date
  readonly end: Date | null
}): PartitionChange {
  const [present, ahead] = [monthAt(now, 0), monthAt(now, monthsAhead + 1)]
  if (rest.from !== null && (span === null || (end === null && span.oldest >= ahead))) {
    return { ended: null, added: monthsFrom(rest.from, present, ahead), restFrom: ahead }
  }
  const last = end ?? (span === null ? present : monthAt(span.newest, 1))
  const restFrom = last > ahead ? last : ahead
  return {
    ended: { name: nameBefore(last), from: rest.from, to: last },
    added: monthsFrom(last, present, restFrom),
    restFrom,
  }
}

/** Partitions from a moment until a month: one for the time before this month, in which nobody wrote, and one for each month. */
function monthsFrom(from: Date, present: Date, to: Date): PartitionChange['added'] {
  const added: { name: string; from: Date; to: Date }[] = []
  let start = from
  if (start < present) {
    added.push({ name: nameBefore(present), from: start, to: present })
    start = present
  }
  while (start < to) {
    const next = monthAt(start, 1)
    added.push({ name: nameOfPartition(start), from: start, to: next })
    start = next
  }
  return added
}

/** Start of a month (UTC), some months after the one of a moment. */
function monthAt(at: Date, months: number): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + months))
}
