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

/** How many keys are listed at a time, to be claimed in groups. */
const pageSize = 1000
/** After so many failures in a row because of the database, what is left waits for the next round. */
const outagesMax = 3
/** Share of the time that is left to others. */
const restShare = 0.1

/** What has to be known from one key to the next. */
interface Progress extends Tally {
  /** Keys that are not tried again in this round. */
  readonly done: Set<string>
  outages: number
}

/**
 * Carries out a task on every key for which it is due, each exactly once, however many replicas do the same at the same
 * time: each claims keys that no other one holds. Keys that others hold are looked at again until there is nothing left
 * to do but for those others.
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

/** Some keys of a task, and until when they are handled. */
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
        // The transaction may be done again.
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
      // Nothing of the group was written, or the answer was lost; each key is decided again by itself.
      if (claimed.length === 0) throw error
      const members = claimed.flatMap((id) => open.get(id) ?? [])
      await handleEach(parts, task, { keys: members, progress, mayGoOn })
    }
    // What is left of the page others hold, or have handled.
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

/** One key that cannot be handled must not keep the others from their turn. */
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
    // What cannot be put on record is counted all the same; the next round tries again.
    isOutage = true
  }
  progress.outages = isOutage ? progress.outages + 1 : 0
}

/** So that replicas that handle the same keys one by one seldom make material for the same one. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}
