import type { Moment } from '../clock.ts'
import {
  findKeysInGroup,
  findVersionsInGroup,
  insertVersions,
  updateKeyStates,
  updateVersionStates,
} from '../store/group-rows.ts'
import { announce } from '../store/notify.ts'
import type { Queryable } from '../store/store.ts'
import { type Attempt, eventOf, observationOf } from './attempt.ts'
import { addedBy, factsOf } from './change-key.ts'
import type { DomainParts } from './domain-parts.ts'
import { applyCommand, isDestructionDue, type KeyState } from './lifecycle.ts'
import { type LockedKey, sealChange, stateOf, verifyLockedKey } from './locked-key.ts'
import { makeMaterial, type NewMaterial, settleMaterials } from './new-material.ts'
import { attemptOf, destruction, type SystemAct, type SystemTask } from './system-task.ts'

/** What became of the keys of a group, once it is committed. */
export interface GroupOutcome {
  /** All that were claimed, whatever became of them. */
  readonly claimed: readonly string[]
  readonly changed: readonly Attempt[]
  /** Destructions that were due on keys before the task's own change. */
  readonly settled: readonly Attempt[]
  /** Those that were left as they are, each because of itself; not on record yet. */
  readonly failed: readonly { readonly attempt: Attempt; readonly error: unknown }[]
}

/** A key with the state that it goes to. */
interface Planned {
  readonly key: LockedKey
  readonly state: KeyState
  readonly attempt: Attempt
  readonly material: NewMaterial | null
}

/**
 * Carries out a task on a group of keys that the transaction claims, with an audit event for each, in one transaction
 * and a few statements. What is wrong with one key is found out before anything is written, and leaves the others alone.
 */
export async function changeGroup(
  parts: DomainParts,
  task: SystemTask,
  claim: (tx: Queryable) => Promise<string[]>,
): Promise<GroupOutcome> {
  const places: { projectId: string; id: string }[] = []
  try {
    const outcome = await parts.store.transaction(async (tx) => {
      const claimed = await claim(tx)
      if (claimed.length === 0) return { claimed, changed: [], settled: [], failed: [] }
      const rows = await findKeysInGroup(tx, claimed)
      const versions = await findVersionsInGroup(tx, claimed)
      places.push(...rows.map(({ projectId, id }) => ({ projectId, id })))
      const keys = rows.map((row) => ({ row, versions: versions.get(row.id) ?? [] }))
      const at = parts.clock.moment()
      const settled =
        task.command === destruction.command ? nothingSettled : await settle(parts, tx, { keys, at })
      const failedIds = new Set(settled.failed.map(({ attempt }) => attempt.keyId))
      const open = keys.flatMap((key) =>
        failedIds.has(key.row.id) ? [] : [settled.after.get(key.row.id) ?? key],
      )
      const { planned, failed } = await plan(parts, task, { keys: open, at })
      const { changed } = await write(parts, tx, { planned, at })
      return { claimed, changed, settled: settled.changed, failed: [...settled.failed, ...failed] }
    })
    const done = [...outcome.settled, ...outcome.changed]
    if (done.length > 0) parts.observe(done.map((attempt) => observationOf(attempt)))
    return outcome
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may stand.
    for (const { projectId, id } of places) parts.keys.invalidate(projectId, id)
  }
}

const nothingSettled = { after: new Map<string, LockedKey>(), changed: [], failed: [] }

/** Destroys what is due on the keys of a group before the task's own command. */
async function settle(
  parts: DomainParts,
  tx: Queryable,
  { keys, at }: { keys: readonly LockedKey[]; at: Moment },
): Promise<Written & Pick<GroupOutcome, 'failed'>> {
  const due = keys.filter(({ versions }) => isDestructionDue(versions, at.certainNow))
  const { planned, failed } = await plan(parts, destruction, { keys: due, at })
  return { ...(await write(parts, tx, { planned, at })), failed }
}

async function plan(
  parts: DomainParts,
  task: SystemAct,
  { keys, at }: { keys: readonly LockedKey[]; at: Moment },
): Promise<{ planned: readonly Planned[]; failed: GroupOutcome['failed'] }> {
  const failed: GroupOutcome['failed'][number][] = []
  const planned = await Promise.all(
    keys.map(async (key) => {
      const attempt = attemptOf(task, key.row)
      attempt.algorithm = key.row.algorithm
      try {
        return await planOne(parts, task, { key, attempt, at })
      } catch (error) {
        failed.push({ attempt, error })
        return null
      }
    }),
  )
  return { planned: planned.filter((each) => each !== null), failed }
}

/** Null if there is nothing to do after all. */
async function planOne(
  parts: DomainParts,
  { command }: SystemAct,
  { key, attempt, at }: Pick<Planned, 'key' | 'attempt'> & { at: Moment },
): Promise<Planned | null> {
  const { policyMac, settings } = parts
  verifyLockedKey(policyMac, key)
  const before = stateOf(key)
  const { rotationTimeZone: timeZone, revocationDelayMs } = settings
  const state = applyCommand(before, command, { ...at, timeZone, revocationDelayMs })
  if (state.revision === before.revision) return null
  const added = addedBy(before, state)
  const material = added === null ? null : await makeMaterial(parts, key.row, added, attempt)
  return { key, state, attempt, material }
}

/** Keys that were written. */
interface Written {
  /** By ID, as they are now. */
  readonly after: ReadonlyMap<string, LockedKey>
  /** With what is on record of them. */
  readonly changed: readonly Attempt[]
}

async function write(
  parts: DomainParts,
  tx: Queryable,
  { planned, at }: { planned: readonly Planned[]; at: Moment },
): Promise<Written> {
  if (planned.length === 0) return nothingSettled
  const { policyMac, audit } = parts
  const made = planned.flatMap(({ key, material }) =>
    material === null ? [] : [{ owner: key.row, material }],
  )
  const settled = made.length === 0 ? [] : await settleMaterials(parts, tx, made)
  const materials = new Map(made.map(({ owner }, index) => [owner.id, settled[index]]))
  const sealed = planned.map(({ key, state }) =>
    sealChange(policyMac, key, { state, material: materials.get(key.row.id) ?? null, now: at.now }),
  )
  await updateKeyStates(
    tx,
    sealed.map(({ after }) => after.row),
  )
  await insertVersions(
    tx,
    sealed.flatMap(({ added }) => added),
  )
  await updateVersionStates(
    tx,
    sealed.flatMap(({ changed }) => changed),
  )
  await announce(
    tx,
    planned.map(({ key }) => key.row),
  )
  const attempts = planned.map(({ attempt, key, state }) => ({ ...attempt, ...factsOf(attempt, key, state) }))
  await audit.recordIn(tx, ...attempts.map((attempt) => eventOf(attempt)))
  return { after: new Map(sealed.map(({ after }) => [after.row.id, after])), changed: attempts }
}
