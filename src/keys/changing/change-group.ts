import type { Moment } from '../../clock.ts'
import { findRecordedStates } from '../../store/audit/audited-key-rows.ts'
import { announce } from '../../store/notify.ts'
import type { Queryable } from '../../store/queryable.ts'
import {
  findKeysInGroup,
  findVersionsInGroup,
  insertVersions,
  updateKeyStates,
  updateVersionStates,
} from '../../store/rows/group-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { type AuditContext, changeEventOf, observationOf } from '../requests/audit-context.ts'
import { applyCommand, isDestructionDue, type KeyState } from '../rules/lifecycle.ts'
import { addedBy, factsOf } from './change-key.ts'
import { type LockedKey, sealChange, stateOf, verifyLockedKey } from './locked-key.ts'
import { makeMaterial, type NewMaterial, settleMaterials } from './new-material.ts'
import { destruction, type SystemAct, type SystemTask, systemContextOf } from './system-task.ts'

/** Outcome of a group, once it is committed. */
export interface GroupOutcome {
  /** IDs of all claimed keys. */
  readonly claimed: readonly string[]
  readonly changed: readonly AuditContext[]
  /** Destructions that were due before the task's own change. */
  readonly settled: readonly AuditContext[]
  /** Keys that failed and stay unchanged. Their failures are not on record yet. */
  readonly failed: readonly { readonly context: AuditContext; readonly error: unknown }[]
}

/** A decided change of one key. */
interface Planned {
  readonly key: LockedKey
  readonly state: KeyState
  readonly context: AuditContext
  readonly material: NewMaterial | null
}

/**
 * Carries out a task on a group of keys in one transaction and a few statements, with an audit event for each key. Keys
 * that fail are found before anything is written, and do not affect the others.
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
      const { intact, failed } = await verify(parts, tx, task, keys)
      const settled = await settle(parts, tx, task, { keys: intact, at })
      const plans = await plan(parts, task, { keys: settled.keys, at })
      const { changed } = await write(parts, tx, { planned: plans.planned, at })
      failed.push(...settled.failed, ...plans.failed)
      return { claimed, changed, settled: settled.changed, failed }
    })
    const done = [...outcome.settled, ...outcome.changed]
    if (done.length > 0) parts.observe(done.map((context) => observationOf(context)))
    return outcome
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may have taken effect.
    for (const { projectId, id } of places) parts.keys.invalidate(projectId, id)
  }
}

type Failed = GroupOutcome['failed'][number]

/** Separates the keys whose rows match the newest change on record from the others. */
async function verify(
  { policyMac }: DomainParts,
  tx: Queryable,
  task: SystemAct,
  keys: readonly LockedKey[],
): Promise<{ intact: readonly LockedKey[]; failed: Failed[] }> {
  const recorded = await findRecordedStates(
    tx,
    keys.map(({ row }) => row.id),
  )
  const failed: Failed[] = []
  const intact = keys.filter((key) => {
    try {
      verifyLockedKey(policyMac, key, recorded.get(key.row.id))
      return true
    } catch (error) {
      failed.push({ context: contextOnKey(task, key), error })
      return false
    }
  })
  return { intact, failed }
}

/** Carries out due destructions before the task's own command. Returns the keys as they are afterwards. */
async function settle(
  parts: DomainParts,
  tx: Queryable,
  task: SystemAct,
  { keys, at }: { keys: readonly LockedKey[]; at: Moment },
): Promise<Pick<Written, 'changed'> & { keys: readonly LockedKey[]; failed: readonly Failed[] }> {
  const isSettling = task.command === destruction.command
  const due = isSettling ? [] : keys.filter(({ versions }) => isDestructionDue(versions, at.certainNow))
  const { planned, failed } = await plan(parts, destruction, { keys: due, at })
  const { after, changed } = await write(parts, tx, { planned, at })
  const failedIds = new Set(failed.map(({ context }) => context.keyId))
  const open = keys.filter(({ row }) => !failedIds.has(row.id))
  return { keys: open.map((key) => after.get(key.row.id) ?? key), changed, failed }
}

function contextOnKey(task: SystemAct, { row }: LockedKey): AuditContext {
  return Object.assign(systemContextOf(task, row), { algorithm: row.algorithm })
}

async function plan(
  parts: DomainParts,
  task: SystemAct,
  { keys, at }: { keys: readonly LockedKey[]; at: Moment },
): Promise<{ planned: readonly Planned[]; failed: readonly Failed[] }> {
  const failed: Failed[] = []
  const planned = await Promise.all(
    keys.map(async (key) => {
      const context = contextOnKey(task, key)
      try {
        return await planOne(parts, task, { key, context, at })
      } catch (error) {
        failed.push({ context, error })
        return null
      }
    }),
  )
  return { planned: planned.filter((each) => each !== null), failed }
}

/** Null if nothing is left to do. */
async function planOne(
  parts: DomainParts,
  { command }: SystemAct,
  { key, context, at }: Pick<Planned, 'key' | 'context'> & { at: Moment },
): Promise<Planned | null> {
  const { settings } = parts
  const before = stateOf(key)
  const { rotationTimeZone: timeZone, revocationDelayMs } = settings
  const state = applyCommand(before, command, { ...at, timeZone, revocationDelayMs })
  if (state.revision === before.revision) return null
  const added = addedBy(before, state)
  const material = added === null ? null : await makeMaterial(parts, key.row, added, context)
  return { key, state, context, material }
}

/** Written keys. */
interface Written {
  /** Keys after the change, by ID. */
  readonly after: ReadonlyMap<string, LockedKey>
  /** Their audit contexts. */
  readonly changed: readonly AuditContext[]
}

async function write(
  parts: DomainParts,
  tx: Queryable,
  { planned, at }: { planned: readonly Planned[]; at: Moment },
): Promise<Written> {
  if (planned.length === 0) return { after: new Map(), changed: [] }
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
  const attempts = planned.map(({ context, key, state }) => ({ ...context, ...factsOf(context, key, state) }))
  await audit.recordIn(
    tx,
    ...attempts.map((context, index) => changeEventOf(context, sealed[index]?.keyState ?? '')),
  )
  return { after: new Map(sealed.map(({ after }) => [after.row.id, after])), changed: attempts }
}
