import { isUniqueViolation } from '../../store/errors.ts'
import { announceChanges, everyone, type KeyChange } from '../../store/key-changes.ts'
import { claimName, insertKey, type KeyRow, moveToDeleted, updateKeys } from '../../store/rows/key-rows.ts'
import { eraseNextMaterial, type NextMaterialRow, putNextMaterial } from '../../store/rows/key-set-rows.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import { insertVersions, type NewVersion, updateVersions } from '../../store/rows/version-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { type AuditContext, changeEventOf } from '../parts/request.ts'
import { entriesOf } from '../rules/access-list.ts'
import { canonicalSubject } from '../rules/caller.ts'
import { NameTakenError } from '../rules/errors.ts'
import { inForce } from '../rules/input.ts'
import type { KeyState } from '../rules/lifecycle.ts'
import { type KeyColumns, type SealedChange, sealChange, sealRemoval } from './locked-key.ts'
import { bindingOf, type NewMaterial } from './new-material.ts'

/** Decision about a key. */
export interface Decision {
  readonly state: KeyState
  readonly columns?: KeyColumns
  /** Deletes the key. Only the row that its history needs is kept. */
  readonly remove?: boolean
  /** Writes further rows in the same transaction, after the key. */
  readonly alsoWrite?: (tx: Queryable) => Promise<void>
}

/** A decided change of one key: its rows with fresh MACs, and the facts for its record. */
export interface Step {
  readonly context: AuditContext
  readonly decision: Decision
  readonly before: KeyRow
  readonly sealed: SealedChange
  /** They hold only once the change is committed. */
  readonly facts: Pick<
    AuditContext,
    'keyId' | 'keyRevision' | 'versionNumber' | 'details' | 'destroyedVersions'
  >
}

/** The step that a decision leads to. Writes nothing. */
export function stepOf(
  { policyMac }: Pick<Dependencies, 'policyMac'>,
  context: AuditContext,
  change: {
    readonly before: WholeKey
    readonly decision: Decision
    /** Material of the versions that the state adds or makes ahead. */
    readonly material: readonly NewMaterial[]
    readonly now: Date
  },
): Step {
  const { before, decision, material, now } = change
  const { state, columns, remove = false } = decision
  const sealed = remove
    ? sealRemoval(policyMac, before, { state, now })
    : sealChange(policyMac, before, { state, ...(columns && { columns }), material, now })
  const destroyed = destroyedBy(before, state)
  const [onlyOne = null] = destroyed.length === 1 ? destroyed : []
  const { versionNumber, details } = context
  const facts = {
    keyId: before.row.id,
    keyRevision: state.revision,
    versionNumber: versionNumber ?? addedBy(before.row, state) ?? onlyOne,
    details: destroyed.length === 0 ? details : { ...details, destroyedVersions: destroyed.join(' ') },
    destroyedVersions: destroyed.length,
  }
  return { context, decision, before: before.row, sealed, facts }
}

/** Writes steps of as many keys, in a few statements. */
export async function writeSteps(parts: Dependencies, tx: Queryable, steps: readonly Step[]): Promise<void> {
  if (steps.length === 0) return
  for (const { sealed } of steps) if (sealed.tombstone !== null) await moveToDeleted(tx, sealed.tombstone)
  const kept = steps.filter(({ sealed }) => sealed.tombstone === null)
  const rows = kept.map(({ before, sealed }) => ({ before, after: sealed.after.row }))
  await updateKeys(tx, rows).catch((error: unknown) => {
    // Of two concurrent renames, the unique index refuses the second.
    const renamed = rows.find(({ before, after }) => before.name !== after.name)
    throw isUniqueViolation(error) && renamed !== undefined ? new NameTakenError(renamed.after.name) : error
  })
  const changes = steps.map(({ before, sealed }) => shownChange(before, sealed.after.row, parts.clock.now()))
  await writeRest(parts, tx, steps, changes)
}

/** Writes and announces the first step of a new key; false if its name is taken. */
export async function writeNewKey(parts: Dependencies, tx: Queryable, step: Step): Promise<boolean> {
  const { row } = step.sealed.after
  if (row.kind === 'USER' && !(await claimName(tx, row))) return false
  if (!(await insertKey(tx, row))) return false
  await writeRest(parts, tx, [step], [{ projectId: row.projectId, id: row.id, isShown: true, lostBy: [] }])
  return true
}

/** Writes everything of steps but the rows of their keys. */
async function writeRest(
  parts: Dependencies,
  tx: Queryable,
  steps: readonly Step[],
  changes: readonly KeyChange[],
): Promise<void> {
  await insertVersions(tx, await addedVersions(parts, tx, steps))
  await writeNextVersions(parts, tx, steps)
  await updateVersions(
    tx,
    steps.flatMap(({ sealed }) => sealed.changed),
  )
  await announceChanges(tx, changes)
  for (const { decision } of steps) await decision.alsoWrite?.(tx)
  const events = steps.map(({ context, facts, sealed }) =>
    changeEventOf({ ...context, ...facts }, sealed.keyState),
  )
  await parts.audit.recordIn(tx, ...events)
}

/** Added versions, with their material rewrapped if the root key was rotated since it was made. */
async function addedVersions(
  { envelope }: Dependencies,
  tx: Queryable,
  steps: readonly Step[],
): Promise<readonly NewVersion[]> {
  const added = steps.flatMap(({ before, sealed }) =>
    sealed.added.map((each) => ({ ...each, binding: bindingOf(before, each.version.number) })),
  )
  if (added.length === 0) return []
  const settled = await envelope.settle(
    tx,
    added.map(({ material, binding }) => ({ wrapped: material, binding })),
  )
  return added.map(({ version, material }, index) => ({ version, material: settled[index] ?? material }))
}

/** Stores the material of versions that are made ahead, and erases that of versions which are no longer to come. */
async function writeNextVersions(
  { envelope }: Dependencies,
  tx: Queryable,
  steps: readonly Step[],
): Promise<void> {
  const isOver = ({ before, sealed: { after, tombstone } }: Step) =>
    before.keySet !== null && tombstone === null && before.keySet.next?.id !== after.row.keySet?.next?.id
  await eraseNextMaterial(
    tx,
    steps.filter(isOver).map(({ before }) => before.id),
  )
  const made = steps.flatMap(({ before, sealed: { next } }) => (next === null ? [] : [{ before, next }]))
  if (made.length === 0) return
  const settled = await envelope.settle(
    tx,
    made.map(({ before, next }) => ({ wrapped: next, binding: bindingOf(before, next.number) })),
  )
  const rows = made.map(({ next }, index): NextMaterialRow => ({ ...next, ...settled[index] }))
  await putNextMaterial(tx, rows)
}

/** Number of the version that a change adds, or null. */
export function addedBy(before: Pick<KeyState, 'lastVersionNumber'>, after: KeyState): number | null {
  return after.lastVersionNumber > before.lastVersionNumber ? after.lastVersionNumber : null
}

/** Numbers of the versions that a change destroys. */
function destroyedBy(before: WholeKey, after: KeyState): readonly number[] {
  const standing = new Set(
    before.versions.flatMap(({ status, number }) => (status === 'DESTROYED' ? [] : [number])),
  )
  return after.versions.flatMap(({ status, number }) =>
    status === 'DESTROYED' && standing.has(number) ? [number] : [],
  )
}

/** The part of a change that callers without full access afterwards may hear of. */
export function shownChange(before: KeyRow, after: KeyRow, now: Date): KeyChange {
  const stillNamed = new Set(namedBy(after, now))
  return {
    projectId: after.projectId,
    id: after.id,
    isShown:
      before.name !== after.name ||
      before.description !== after.description ||
      before.accessControlEnabled !== after.accessControlEnabled,
    lostBy: [
      ...(!before.accessControlEnabled && after.accessControlEnabled ? [everyone] : []),
      ...namedBy(before, now).filter((subject) => !stillNamed.has(subject)),
    ],
  }
}

/** Owner and access list, without entries that have expired. */
function namedBy(row: KeyRow, now: Date): readonly string[] {
  const listed = inForce(entriesOf(row), now).map(({ subject }) => subject)
  return row.owner === null ? listed : [canonicalSubject(row.owner), ...listed]
}
