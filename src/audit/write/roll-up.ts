import { dayMs } from '../../clock.ts'
import { parseId } from '../../ids.ts'
import {
  addDailyUses,
  addHourlyUses,
  addRollUpPlaces,
  type CountedEvents,
  claimRollUpPlace,
  countEvents,
  type DailyUse,
  deleteHourlyUses,
  findEndOfBatch,
  type HourlyUse,
  moveRollUpPlace,
  type RollUpPlace,
} from '../../store/audit/usage-rows.ts'
import type { Store } from '../../store/store.ts'

/** Action that a re-encryption counts as for the version that decrypted its ciphertext. */
export const sourceAction = 'RE_ENCRYPT_FROM'

/** Days that counts by hour are kept. Counts by day are kept for ever. */
export const hourlyUsageDays = 400

/**
 * Counts the events that are not counted yet, by day (UTC) and actor and by hour. Counts and the place in the chain move
 * in one transaction, and a chain is counted by one server at a time: every event counts exactly once in each.
 *
 * @returns how many batches there were
 */
export async function rollUpUsage(store: Store, { batchSize = 5000 } = {}): Promise<number> {
  await addRollUpPlaces(store.db)
  // A chain is left once its end was reached: one that grows all the time must not keep the round from ending.
  const done: string[] = []
  for (let batches = 0; ; batches++) {
    const counted = await store.transaction(async (tx) => {
      const place = await claimRollUpPlace(tx, done)
      if (place === null) return null
      const batch = batchAt(place)
      const found = await findEndOfBatch(tx, batch, batchSize)
      const last =
        found.count > 0 ? Math.min(found.last, batch.upTo ?? found.last) : (batch.upTo ?? found.last)
      const events = withSources(await countEvents(tx, { ...batch, upTo: last }))
      await addDailyUses(tx, dailyUsesOf(events, batch))
      if (batch.detailed) await addHourlyUses(tx, hourlyUsesOf(events))
      await moveRollUpPlace(tx, {
        chainId: place.chainId,
        sequence: batch.daily ? last : place.sequence,
        detailedSequence: batch.detailed ? last : place.detailedSequence,
      })
      return { ...place, reachedEnd: last === found.last && found.count < batchSize }
    })
    if (counted === null) return batches
    if (counted.reachedEnd) done.push(counted.chainId)
  }
}

/** Removes counts by hour that are older than they are kept. */
export async function dropOldHours(store: Store, now: Date, { batchSize = 5000 } = {}): Promise<void> {
  // A day more than is promised: a series that begins in the first hour may be asked for until its end.
  const before = new Date(now.getTime() - (hourlyUsageDays + 1) * dayMs)
  let removed = batchSize
  while (removed === batchSize) removed = await deleteHourlyUses(store.db, { before, max: batchSize })
}

/** Which of the counts a batch adds to. */
interface CountedBatch {
  readonly chainId: string
  readonly after: number
  /** Null for no end. */
  readonly upTo: number | null
  readonly daily: boolean
  readonly detailed: boolean
}

/**
 * The batch after a place. Where one of the counts is behind, as counts by hour are after the upgrade that brought them,
 * it alone is added to until it has reached the other.
 */
function batchAt({ chainId, sequence, detailedSequence }: RollUpPlace): CountedBatch {
  const after = Math.min(sequence, detailedSequence)
  return {
    chainId,
    after,
    upTo: sequence === detailedSequence ? null : Math.max(sequence, detailedSequence),
    daily: sequence === after,
    detailed: detailedSequence === after,
  }
}

type Use = DailyUse & HourlyUse

/** Sources of re-encryptions are places of their own. */
function withSources(groups: readonly CountedEvents[]): Use[] {
  return groups.flatMap(({ source, ...use }) => {
    const key = source === null ? null : parseId(source.keyId)
    if (source === null || key === null) return [use]
    return [use, { ...use, keyId: key.uuid, versionNumber: source.version, action: sourceAction }]
  })
}

/** One row for each place: several groups can have the same. */
function dailyUsesOf(uses: readonly Use[], { daily, detailed }: CountedBatch): DailyUse[] {
  const rows = new Map<string, DailyUse>()
  for (const use of uses) {
    if (!daily && use.denied === 0) continue
    const { keyId, versionNumber, action, actor, day } = use
    const name = JSON.stringify([keyId, versionNumber, action, actor, day])
    const added = {
      ...use,
      ...(daily ? {} : { succeeded: 0, refused: 0 }),
      ...(detailed ? {} : { denied: 0 }),
    }
    rows.set(name, sumOf(rows.get(name), added))
  }
  return [...rows.values()]
}

function hourlyUsesOf(uses: readonly Use[]): HourlyUse[] {
  const rows = new Map<string, HourlyUse>()
  for (const use of uses) {
    const { keyId, versionNumber, hour, action } = use
    const name = JSON.stringify([keyId, versionNumber, hour, action])
    const before = rows.get(name)
    rows.set(name, before === undefined ? use : { ...before, ...countsOf(before, use) })
  }
  return [...rows.values()]
}

function sumOf(one: DailyUse | undefined, other: DailyUse): DailyUse {
  if (one === undefined) return other
  // A success is later than any refusal: see DailyUse.lastAt.
  const last = [one, other]
    .toSorted(
      (a, b) => Number(a.succeeded > 0) - Number(b.succeeded > 0) || a.lastAt.getTime() - b.lastAt.getTime(),
    )
    .at(-1)
  return { ...one, ...countsOf(one, other), lastAt: last?.lastAt ?? one.lastAt }
}

type Counts = Pick<Use, 'succeeded' | 'refused' | 'denied'>

function countsOf(one: Counts, other: Counts): Counts {
  return {
    succeeded: one.succeeded + other.succeeded,
    refused: one.refused + other.refused,
    denied: one.denied + other.denied,
  }
}
