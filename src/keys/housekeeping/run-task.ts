import { setTimeout as sleep } from 'node:timers/promises'
import { isUnavailable } from '../../store/errors.ts'
import type { DueKey } from '../../store/rows/due-rows.ts'
import { changeGroup } from '../changing/change-group.ts'
import { changeKey, deciding, generatingMaterial, settleDue } from '../changing/change-key.ts'
import { destruction, type SystemTask, systemContextOf, type Tally } from '../changing/system-task.ts'
import type { DomainParts } from '../parts/parts.ts'
import type { AuditContext } from '../requests/audit-context.ts'
import { UnavailableError } from '../rules/errors.ts'
import { recordDailyFailure } from './daily-failure.ts'

/** Keys that are listed at a time, to be claimed in groups. */
const pageSize = 1000
/** After so many outages in a row, the rest waits for the next round. */
const outagesMax = 3
/** Share of the time in which the task pauses between groups. */
const restShare = 0.1

/** Progress of a round. */
interface Progress extends Tally {
  /** Keys that are not tried again in this round. */
  readonly done: Set<string>
  outages: number
}

/**
 * Carries out a task on each key for which it is due, exactly once across replicas: each replica claims keys that no
 * other one holds. Keys that others hold are checked again until only those are left.
 */
export async function runTask(parts: DomainParts, task: SystemTask, signal: AbortSignal): Promise<Tally> {
  const progress: Progress = { changed: 0, failed: 0, done: new Set(), outages: 0 }
  const mayGoOn = () => !signal.aborted && progress.outages < outagesMax
  for (;;) {
    const changedBefore = progress.changed
    let after: DueKey | null = null
    while (mayGoOn()) {
      const page: readonly DueKey[] = await task.findDue({ after, max: pageSize })
      after = page.at(-1) ?? null
      if (after === null) break
      const open = page.filter(({ id }) => !progress.done.has(id))
      if (task.claim === null) await handleEach(parts, task, { keys: shuffled(open), progress, mayGoOn })
      else await handleInGroups(parts, task, { keys: open, progress, mayGoOn })
    }
    if (progress.changed === changedBefore || !mayGoOn()) return progress
  }
}

/** Some keys of a task, with the progress of the round. */
interface Work {
  readonly keys: readonly DueKey[]
  readonly progress: Progress
  readonly mayGoOn: () => boolean
}

async function handleInGroups(
  parts: DomainParts,
  task: SystemTask,
  { keys, progress, mayGoOn }: Work,
): Promise<void> {
  const open = new Map(keys.map((key) => [key.id, key]))
  while (open.size > 0 && mayGoOn()) {
    const startedAtMs = performance.now()
    const claimed: string[] = []
    try {
      const outcome = await changeGroup(parts, task, async (tx) => {
        // The transaction may be retried.
        claimed.length = 0
        claimed.push(...((await task.claim?.(tx, [...open.keys()])) ?? []))
        return claimed
      })
      progress.changed += outcome.changed.length
      progress.outages = 0
      const changed = new Set(outcome.changed.map(({ keyId }) => keyId))
      for (const id of claimed) if (!changed.has(id)) progress.done.add(id)
      for (const { context, error } of outcome.failed) await fail(parts, progress, { context, error })
    } catch (error) {
      // The group was rolled back, or the answer to COMMIT was lost. Each key is decided again on its own.
      if (claimed.length === 0) throw error
      const members = claimed.flatMap((id) => open.get(id) ?? [])
      await handleEach(parts, task, { keys: members, progress, mayGoOn })
    }
    // Other replicas hold the rest of the page, or have changed it.
    if (claimed.length === 0) return
    for (const id of claimed) open.delete(id)
    await sleep((performance.now() - startedAtMs) * restShare)
  }
}

async function handleEach(parts: DomainParts, task: SystemTask, work: Work): Promise<void> {
  const { keys, progress, mayGoOn } = work
  for (const key of keys) {
    if (!mayGoOn()) return
    progress.done.add(key.id)
    const context = systemContextOf(task, key)
    try {
      if (task.command === destruction.command) await settleDue(parts, key, context)
      else
        await changeKey(parts, key, context, {
          decide: deciding(parts, task.command),
          obtainMaterial: generatingMaterial(parts),
        })
      if (context.keyRevision !== null) progress.changed++
      progress.outages = 0
    } catch (error) {
      await fail(parts, progress, { context, error })
    }
  }
}

/** Counts and records a failure. The other keys are still handled. */
async function fail(
  parts: DomainParts,
  progress: Progress,
  { context, error }: { context: AuditContext; error: unknown },
): Promise<void> {
  progress.failed++
  let isOutage = error instanceof UnavailableError || isUnavailable(error)
  try {
    await recordDailyFailure(parts, context, error)
  } catch {
    // Counted even if it cannot be recorded. The next round tries again.
    isOutage = true
  }
  progress.outages = isOutage ? progress.outages + 1 : 0
}

/** Random order, so that replicas seldom make material for the same key at the same time. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
