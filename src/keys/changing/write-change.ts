import { isUniqueViolation } from '../../store/errors.ts'
import { announceChanges, everyone, type KeyChange } from '../../store/key-changes.ts'
import { claimName, insertKey, type KeyRow, moveToDeleted, updateKeys } from '../../store/rows/key-rows.ts'
import { eraseNextMaterial, type NextMaterialRow, putNextMaterial } from '../../store/rows/key-set-rows.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import { insertVersions, type NewVersion, updateVersions } from '../../store/rows/version-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { sentTogether } from '../../store/together.ts'
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

/** What the transaction of a change has locked, besides the keys. */
export interface Locked {
  /** ID of the root key in use; null if it is not locked yet. */
  readonly rootKeyId: string | null
}

/** Writes steps of as many keys, in a few statements that are sent together. */
export async function writeSteps(
  parts: Dependencies,
  tx: Queryable,
  steps: readonly Step[],
  locked: Locked,
): Promise<void> {
  if (steps.length === 0) return
  const material = await settledMaterial(parts, tx, steps, locked)
  for (const { sealed } of steps) if (sealed.tombstone !== null) await moveToDeleted(tx, sealed.tombstone)
  const kept = steps.filter(({ sealed }) => sealed.tombstone === null)
  const rows = kept.map(({ before, sealed }) => ({ before, after: sealed.after.row }))
  const writeKeys = () =>
    updateKeys(tx, rows).catch((error: unknown) => {
      // Of two concurrent renames, the unique index refuses the second.
      const renamed = rows.find(({ before, after }) => before.name !== after.name)
      throw isUniqueViolation(error) && renamed !== undefined ? new NameTakenError(renamed.after.name) : error
    })
  const changes = steps.map(({ before, sealed }) => shownChange(before, sealed.after.row, parts.clock.now()))
  await write(parts, tx, { steps, material, changes, writeKeys })
}

/** Writes and announces the first step of a new key; false if its name is taken. */
export async function writeNewKey(parts: Dependencies, tx: Queryable, step: Step): Promise<boolean> {
  const { row } = step.sealed.after
  const { projectId, id, name } = row
  const hasMaterial = step.sealed.added.length > 0
  const [isFree, rootKeyId] = await sentTogether(
    () => (row.kind === 'USER' ? claimName(tx, row) : insertKey(tx, row)),
    hasMaterial ? () => parts.envelope.lockRootKey(tx) : null,
  )
  if (!isFree) return false
  const steps = [step]
  const material = await settledMaterial(parts, tx, steps, { rootKeyId })
  await write(parts, tx, {
    steps,
    material,
    changes: [{ projectId, id, isShown: true, lostBy: [] }],
    async writeKeys() {
      // Taken by a release that claims no names.
      if (row.kind === 'USER' && !(await insertKey(tx, row))) throw new NameTakenError(name)
    },
  })
  return true
}

/** What is written of steps. */
interface Writing {
  readonly steps: readonly Step[]
  readonly material: SettledMaterial
  readonly changes: readonly KeyChange[]
  readonly writeKeys: () => Promise<void>
}

async function write(
  { audit }: Dependencies,
  tx: Queryable,
  { steps, material: { added, next }, changes, writeKeys }: Writing,
): Promise<void> {
  const endedNext = steps.filter(endsNextVersion).map(({ before }) => before.id)
  const changed = steps.flatMap(({ sealed }) => sealed.changed)
  const alsoWrite = steps.flatMap(({ decision }) => decision.alsoWrite ?? [])
  const events = steps.map(({ context, facts, sealed }) =>
    changeEventOf({ ...context, ...facts }, sealed.keyState),
  )
  const record = () => audit.recordIn(tx, ...events)
  await sentTogether(
    writeKeys,
    () => insertVersions(tx, added),
    () => eraseNextMaterial(tx, endedNext),
    () => putNextMaterial(tx, next),
    () => updateVersions(tx, changed),
    () => announceChanges(tx, changes),
    // All changes of a process wait for the lock of its chain: it comes after whatever else may have to wait.
    alsoWrite.length === 0 ? record : null,
  )
  if (alsoWrite.length === 0) return
  for (const writeAlso of alsoWrite) await writeAlso(tx)
  await record()
}

/** True if the version that was made ahead for a key is no longer to come. */
function endsNextVersion({ before, sealed: { after, tombstone } }: Step): boolean {
  return before.keySet !== null && tombstone === null && before.keySet.next?.id !== after.row.keySet?.next?.id
}

/** Material of steps, rewrapped if the root key was rotated since it was made. */
interface SettledMaterial {
  /** Versions that are added. */
  readonly added: readonly NewVersion[]
  /** Material of versions that are made ahead. */
  readonly next: readonly NextMaterialRow[]
}

async function settledMaterial(
  { envelope }: Pick<Dependencies, 'envelope'>,
  tx: Queryable,
  steps: readonly Step[],
  locked: Locked,
): Promise<SettledMaterial> {
  const added = steps.flatMap(({ before, sealed }) =>
    sealed.added.map((each) => ({ ...each, binding: bindingOf(before, each.version.number) })),
  )
  const next = steps.flatMap(({ before, sealed }) =>
    sealed.next === null ? [] : [{ row: sealed.next, binding: bindingOf(before, sealed.next.number) }],
  )
  if (added.length === 0 && next.length === 0) return { added: [], next: [] }
  const settled = await envelope.settle(locked.rootKeyId ?? (await envelope.lockRootKey(tx)), [
    ...added.map(({ material, binding }) => ({ wrapped: material, binding })),
    ...next.map(({ row, binding }) => ({ wrapped: row, binding })),
  ])
  return {
    added: added.map(({ version, material }, index) => ({ version, material: settled[index] ?? material })),
    next: next.map(({ row }, index) => ({ ...row, ...settled[added.length + index] })),
  }
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
