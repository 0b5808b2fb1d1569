import { parseId } from '../../ids.ts'
import {
  addDailyUses,
  addRollUpPlaces,
  type CountedEvents,
  claimRollUpPlace,
  countEvents,
  type DailyUse,
  findEndOfBatch,
  moveRollUpPlace,
} from '../../store/audit/daily-usage-rows.ts'
import type { Store } from '../../store/store.ts'

/** Action that a re-encryption counts as for the version that decrypted its ciphertext. */
export const sourceAction = 'RE_ENCRYPT_FROM'

/**
 * Counts the events that are not counted yet by version, action, actor and day (UTC). Counts and the place in the chain
 * move in one transaction, and a chain is counted by one server at a time: every event counts exactly once.
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
      const { last, count } = await findEndOfBatch(tx, place, batchSize)
      await addDailyUses(tx, dailyUsesOf(await countEvents(tx, place, last)))
      await moveRollUpPlace(tx, { ...place, sequence: last })
      return { ...place, reachedEnd: count < batchSize }
    })
    if (counted === null) return batches
    if (counted.reachedEnd) done.push(counted.chainId)
  }
}

/** One row for each place: sources of re-encryptions are places of their own, and several groups can have the same. */
function dailyUsesOf(groups: readonly CountedEvents[]): DailyUse[] {
  const rows = new Map<string, DailyUse>()
  for (const { source, ...use } of groups) {
    const key = source === null ? null : parseId(source.keyId)
    const uses =
      source === null || key === null
        ? [use]
        : [use, { ...use, keyId: key.uuid, versionNumber: source.version, action: sourceAction }]
    for (const each of uses) {
      const { keyId, versionNumber, action, actor, day } = each
      const name = JSON.stringify([keyId, versionNumber, action, actor, day])
      rows.set(name, sumOf(rows.get(name), each))
    }
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
  return {
    ...one,
    succeeded: one.succeeded + other.succeeded,
    refused: one.refused + other.refused,
    lastAt: last?.lastAt ?? one.lastAt,
  }
}
