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
import { applyCommand, type KeyState } from './lifecycle.ts'
import { type LockedKey, sealChange, stateOf, verifyLockedKey } from './locked-key.ts'
import { makeMaterial, type NewMaterial, settleMaterials } from './new-material.ts'
import { attemptOf, type SystemTask } from './system-task.ts'

/** What became of the keys of a group, once it is committed. */
export interface GroupOutcome {
  /** All that were claimed, whatever became of them. */
  readonly claimed: readonly string[]
  readonly changed: readonly Attempt[]
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
      if (claimed.length === 0) return { claimed, changed: [], failed: [] }
      const rows = await findKeysInGroup(tx, claimed)
      const versions = await findVersionsInGroup(tx, claimed)
      places.push(...rows.map(({ projectId, id }) => ({ projectId, id })))
      const keys = rows.map((row) => ({ row, versions: versions.get(row.id) ?? [] }))
      const now = parts.clock.now()
      const { planned, failed } = await plan(parts, task, { keys, now })
      return { claimed, changed: await write(parts, tx, { planned, now }), failed }
    })
    if (outcome.changed.length > 0) parts.observe(outcome.changed.map((attempt) => observationOf(attempt)))
    return outcome
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may stand.
    for (const { projectId, id } of places) parts.keys.invalidate(projectId, id)
  }
}

async function plan(
  parts: DomainParts,
  task: SystemTask,
  { keys, now }: { keys: readonly LockedKey[]; now: Date },
): Promise<{ planned: readonly Planned[]; failed: GroupOutcome['failed'] }> {
  const failed: GroupOutcome['failed'][number][] = []
  const planned = await Promise.all(
    keys.map(async (key) => {
      const attempt = attemptOf(task, key.row)
      attempt.algorithm = key.row.algorithm
      try {
        return await planOne(parts, task, { key, attempt, now })
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
  { command }: SystemTask,
  { key, attempt, now }: Pick<Planned, 'key' | 'attempt'> & { now: Date },
): Promise<Planned | null> {
  const { policyMac, settings } = parts
  verifyLockedKey(policyMac, key)
  const before = stateOf(key)
  const { rotationTimeZone: timeZone, revocationDelayMs } = settings
  const state = applyCommand(before, command, { now, timeZone, revocationDelayMs })
  if (state.revision === before.revision) return null
  const added = addedBy(before, state)
  const material = added === null ? null : await makeMaterial(parts, key.row, added, attempt)
  return { key, state, attempt, material }
}

/** Gives the attempts with what is on record of them. */
async function write(
  parts: DomainParts,
  tx: Queryable,
  { planned, now }: { planned: readonly Planned[]; now: Date },
): Promise<readonly Attempt[]> {
  if (planned.length === 0) return []
  const { policyMac, audit } = parts
  const made = planned.flatMap(({ key, material }) =>
    material === null ? [] : [{ owner: key.row, material }],
  )
  const settled = made.length === 0 ? [] : await settleMaterials(parts, tx, made)
  const materials = new Map(made.map(({ owner }, index) => [owner.id, settled[index]]))
  const sealed = planned.map(({ key, state }) =>
    sealChange(policyMac, key, { state, material: materials.get(key.row.id) ?? null, now }),
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
  return attempts
}
