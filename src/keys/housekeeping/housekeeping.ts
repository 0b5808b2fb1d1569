import { algorithms } from '../../crypto/algorithms.ts'
import {
  type AlgorithmFilter,
  claimKeysDueForDestruction,
  claimKeysDueForRotation,
  findKeysDueForDestruction,
  findKeysDueForRotation,
} from '../../store/rows/due-rows.ts'
import { findKeysWithoutNextVersion } from '../../store/rows/key-set-rows.ts'
import { destruction } from '../changing/change-key.ts'
import { sweepImports } from '../changing/import.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { dayAt } from '../rules/lifecycle.ts'
import { runTask, type SystemTask, type Tally } from './run-task.ts'

/** Keys that are changed in one transaction. */
const groupSize = 100

/** Algorithms whose material is random bytes. Material of the others can take seconds to make. */
const symmetricAlgorithms = algorithms.flatMap(({ type, name }) => (type === 'SYMMETRIC' ? [name] : []))

/** Result of a round of housekeeping. */
export interface HousekeepingReport {
  readonly rotatedKeys: number
  /** Keys of which at least one version was destroyed. */
  readonly sweptKeys: number
  /** Keys that failed. The next round tries them again. */
  readonly failedKeys: number
}

/** Report of a round that had nothing to do. */
export const nothingDone: HousekeepingReport = { rotatedKeys: 0, sweptKeys: 0, failedKeys: 0 }

/**
 * Rotates the keys that are due and erases the versions whose waiting period has ended. Replicas that run at the same
 * time share the keys: the first one to lock a key decides on it.
 *
 * @param signal ends the round early, between two groups
 */
export async function runHousekeeping(
  parts: Dependencies,
  signal: AbortSignal = new AbortController().signal,
): Promise<HousekeepingReport> {
  // This cannot be undone, so it must not follow a clock that was set ahead.
  const now = parts.clock.certainNow()
  const tally = (task: SystemTask): Promise<Tally> => runTask(parts, task, signal)
  const quick = await tally(rotationTask(parts, now, { among: symmetricAlgorithms }))
  const prepared = await tally(preparationTask(parts))
  const slow = await tally(rotationTask(parts, now, { except: symmetricAlgorithms }))
  await sweepImports(parts)
  const destroyed = await tally(destructionTask(parts, now))
  return {
    rotatedKeys: quick.changed + slow.changed,
    sweptKeys: destroyed.changed,
    failedKeys: quick.failed + prepared.failed + slow.failed + destroyed.failed,
  }
}

function rotationTask(parts: Dependencies, now: Date, filter: AlgorithmFilter): SystemTask {
  const { db } = parts.store
  const onOrBefore = dayAt(now, parts.settings.rotationTimeZone)
  return {
    action: 'ROTATE_KEY',
    actor: 'rotation',
    command: { type: 'rotateIfDue' },
    findDue: (page) => findKeysDueForRotation(db, { ...page, onOrBefore, algorithms: filter }),
    claim:
      'among' in filter
        ? (tx, ids) => claimKeysDueForRotation(tx, { ids, onOrBefore, max: groupSize })
        : null,
  }
}

/** Makes the next versions of published keys that have none, after a rotation that did not wait or a restore. */
function preparationTask({ store: { db } }: Dependencies): SystemTask {
  return {
    action: 'PREPARE_KEY_VERSION',
    actor: 'rotation',
    command: { type: 'prepareNextVersion' },
    findDue: (page) => findKeysWithoutNextVersion(db, page),
    claim: null,
  }
}

function destructionTask({ store: { db } }: Dependencies, now: Date): SystemTask {
  return {
    ...destruction,
    findDue: (page) => findKeysDueForDestruction(db, { ...page, now }),
    claim: (tx, ids) => claimKeysDueForDestruction(tx, { ids, now, max: groupSize }),
  }
}
