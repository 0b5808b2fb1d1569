import { setTimeout as sleep } from 'node:timers/promises'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { hasFailedSince } from '../../store/audit/event-rows.ts'
import { isUnavailable } from '../../store/errors.ts'
import type { DueKey, DuePage } from '../../store/rows/due-rows.ts'
import { lockKey } from '../../store/rows/key-rows.ts'
import { findLockedKeys } from '../../store/rows/key-with-versions.ts'
import type { Queryable } from '../../store/sql.ts'
import {
  changeKey,
  changeKeys,
  deciding,
  generatingMaterial,
  type KeyOutcome,
  type SystemAct,
  systemContextOf,
  withRecordedStates,
} from '../changing/change-key.ts'
import { makeMaterial } from '../changing/new-material.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { type AuditContext, asCallerError, eventOf, observationOf } from '../parts/request.ts'
import { UnavailableError } from '../rules/errors.ts'
import { dayAt, startOfDay } from '../rules/lifecycle.ts'

/** Keys that are listed at a time, to be claimed in groups. */
const pageSize = 1000
/** After so many outages in a row, the rest waits for the next round. */
const outagesMax = 3
/** Share of the time in which the task pauses between groups. */
const restShare = 0.1

/** System act on all keys for which it is due. */
export interface SystemTask extends SystemAct {
  /** Finds the next keys for which it is due. */
  readonly findDue: (page: DuePage) => Promise<readonly DueKey[]>
  /**
   * Locks those of the keys for which it is still due and that no other transaction holds. Null for keys that are
   * changed one by one, because their material takes too long to make under a lock.
   */
  readonly claim: ((tx: Queryable, ids: readonly string[]) => Promise<string[]>) | null
}

/** Count of changed and failed keys. */
export interface Tally {
  changed: number
  failed: number
}

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
export async function runTask(parts: Dependencies, task: SystemTask, signal: AbortSignal): Promise<Tally> {
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
  parts: Dependencies,
  task: SystemTask,
  { keys, progress, mayGoOn }: Work,
): Promise<void> {
  const open = new Map(keys.map((key) => [key.id, key]))
  while (open.size > 0 && mayGoOn()) {
    const startedAtMs = performance.now()
    const claimed: string[] = []
    try {
      const outcomes = await changeKeys(parts, {
        async lock(tx) {
          // The transaction may be retried.
          claimed.length = 0
          claimed.push(...((await task.claim?.(tx, [...open.keys()])) ?? []))
          return withRecordedStates(tx, claimed.length === 0 ? [] : await findLockedKeys(tx, claimed))
        },
        decide: deciding(parts, task.command),
        contextOf: (key) => systemContextOf(task, key),
        materialFor: (row, number, context) => makeMaterial(parts, row, number, context),
      })
      const changed = outcomes.filter((outcome) => hasChanged(task, outcome))
      progress.changed += changed.length
      progress.outages = 0
      const ids = new Set(changed.map(({ key }) => key.row.id))
      for (const id of claimed) if (!ids.has(id)) progress.done.add(id)
      for (const outcome of outcomes) if (outcome.error !== null) await fail(parts, progress, outcome)
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

async function handleEach(parts: Dependencies, task: SystemTask, work: Work): Promise<void> {
  const { keys, progress, mayGoOn } = work
  for (const key of keys) {
    if (!mayGoOn()) return
    progress.done.add(key.id)
    const context = systemContextOf(task, key)
    try {
      const outcome = await changeKey(parts, key, context, {
        decide: deciding(parts, task.command),
        obtainMaterial: generatingMaterial(parts),
      })
      if (outcome !== null && hasChanged(task, outcome)) progress.changed++
      progress.outages = 0
    } catch (error) {
      await fail(parts, progress, { context, error })
    }
  }
}

/** Whether a task has changed a key, apart from destructions that were due before. */
function hasChanged({ action }: SystemTask, { steps }: KeyOutcome): boolean {
  return steps.some(({ context }) => context.action === action)
}

/** Counts and records a failure. The other keys are still handled. */
async function fail(
  parts: Dependencies,
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

/** Keys for which this server has raised an alert today. Kept in memory, because rows of the database can be forged. */
const alarmed = new WeakMap<
  Dependencies['store'],
  { readonly sinceMs: number; readonly keyIds: Set<string> }
>()

/**
 * Records that the system could not change a key, once a day across replicas: each round finds the key again until an
 * operator acts. If rows do not verify, each server also raises an alert once a day.
 */
async function recordDailyFailure(
  parts: Dependencies,
  context: AuditContext,
  thrown: unknown,
): Promise<void> {
  const { store, audit, clock, settings } = parts
  const since = startOfDay(dayAt(clock.now(), settings.rotationTimeZone), settings.rotationTimeZone)
  const isKnown = thrown instanceof IntegrityError && !isFirstAlarm(parts, context.keyId, since)
  const error = isKnown ? thrown : asCallerError(parts, thrown)
  const event = eventOf(context, error)
  const { keyId, action, actor, errorCode } = event
  const isRecorded = await store.transaction(async (tx) => {
    // Under the key's lock, so that two replicas do not both record it.
    if (keyId !== null) await lockKey(tx, { projectId: actor.projectId, id: keyId })
    if (await hasFailedSince(tx, { keyId, action, actor: actor.subject, errorCode, since })) return false
    await audit.recordIn(tx, event)
    return true
  })
  if (isRecorded) parts.observe([observationOf(context, error)])
}

function isFirstAlarm({ store }: Dependencies, keyId: string | null, since: Date): boolean {
  const known = alarmed.get(store)
  const today =
    known?.sinceMs === since.getTime() ? known : { sinceMs: since.getTime(), keyIds: new Set<string>() }
  alarmed.set(store, today)
  if (keyId === null || today.keyIds.has(keyId)) return keyId === null
  today.keyIds.add(keyId)
  return true
}
