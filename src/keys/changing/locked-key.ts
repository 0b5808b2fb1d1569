import { keyStateOf } from '../../audit/key-state.ts'
import { newUuid } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import { findRecordedStates, type RecordedState } from '../../store/audit/key-history-rows.ts'
import type { Queryable } from '../../store/queryable.ts'
import { insertKey, type KeyRow, lockKey, moveToDeleted, updateKey } from '../../store/rows/key-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import { firstNotSkipped } from '../../store/rows/skipped-versions.ts'
import { insertVersion, type KeyVersionRow, updateVersion } from '../../store/rows/version-rows.ts'
import { type KeyState, statusOf, type VersionState } from '../rules/lifecycle.ts'
import type { NewMaterial } from './new-material.ts'

/** A key with its versions, locked until the transaction ends. */
export type LockedKey = WholeKey

/** Columns of a key's row that a change may write and that do not follow from its state. */
export type KeyColumns = Partial<
  Pick<KeyRow, 'name' | 'description' | 'owner' | 'accessControlEnabled' | 'allowedSubjects' | 'restoredAt'>
>

/** A decided change, to be written. */
export interface KeyWrite {
  readonly state: KeyState
  readonly columns?: KeyColumns
  /** Material of the version that the state adds, if it adds one. */
  readonly material: NewMaterial | null
  readonly now: Date
}

/** Locks a key and its versions, and verifies all of them; null if the project has none of this ID. */
export async function lockVerifiedKey(
  tx: Queryable,
  policyMac: PolicyMac,
  where: { projectId: string; id: string },
): Promise<LockedKey | null> {
  await lockKey(tx, where)
  const key = await readVerifiedKey(tx, policyMac, where)
  if (key !== null) requireAsRecorded(key, (await findRecordedStates(tx, [where.id])).get(where.id))
  return key
}

/** Reads a key and its versions as of one moment, without a lock, and verifies their MACs; null if there is none. */
export async function readVerifiedKey(
  db: Queryable,
  policyMac: PolicyMac,
  where: { projectId: string; id: string },
): Promise<WholeKey | null> {
  const key = await findWholeKey(db, where)
  if (key !== null) verifyMacs(policyMac, key)
  return key
}

/** Throws IntegrityError unless a locked key verifies, and its rows are as the newest change on record left them. */
export function verifyLockedKey(
  policyMac: PolicyMac,
  key: LockedKey,
  recorded: RecordedState | undefined,
): void {
  verifyMacs(policyMac, key)
  requireAsRecorded(key, recorded)
}

/**
 * A valid MAC only proves that the server wrote the row at some time. If older rows were put back and then changed, they
 * would look right for ever. Nothing is changed unless its rows match the newest change on record.
 */
function requireAsRecorded({ row, versions }: LockedKey, recorded: RecordedState | undefined): void {
  const isAsRecorded =
    recorded?.revision === row.revision &&
    // Records of earlier releases name no state.
    (recorded.keyState === null || recorded.keyState === keyStateOf({ mac: row.mac, versions }))
  if (!isAsRecorded) throw IntegrityError.notAsRecorded(row.id)
}

/** Throws IntegrityError unless the rows of a key and all its versions are as they were written. */
function verifyMacs(policyMac: PolicyMac, { row, versions }: WholeKey): void {
  if (!policyMac.isAuthenticKey(row)) throw new IntegrityError('key', row.id)
  const forged = versions.find((version) => !policyMac.isAuthenticVersion(version))
  if (forged !== undefined) throw new IntegrityError('key version', forged.id)
  const missing = firstMissing(row, versions)
  if (missing !== null) throw IntegrityError.missingVersion(row.id, missing)
}

/** Number of the first version that the row counts and that is missing; null if all are there. */
function firstMissing(row: KeyRow, versions: readonly KeyVersionRow[]): number | null {
  let last = 0
  for (const { number } of versions) {
    const expected = firstNotSkipped(row.skippedVersions, last + 1)
    if (number !== expected) return expected
    last = number
  }
  return last === row.lastVersionNumber ? null : firstNotSkipped(row.skippedVersions, last + 1)
}

/** State of a locked key, for the lifecycle rules. */
export function stateOf({ row, versions }: LockedKey): KeyState {
  return {
    origin: row.origin,
    versions,
    lastVersionNumber: row.lastVersionNumber,
    skippedVersions: row.skippedVersions,
    lastRotatedAt: row.lastRotatedAt,
    rotation: {
      enabled: row.rotationEnabled,
      cycleDays: row.rotationCycleDays,
      configuredOn: row.rotationConfiguredOn,
      dueOn: row.rotationDueOn,
    },
    revision: row.revision,
  }
}

/** A written key. */
export interface WrittenKey {
  readonly key: LockedKey
  /** State of its rows, for the record. */
  readonly keyState: string
}

/** Writes a changed key with fresh MACs. */
export async function writeLockedKey(
  tx: Queryable,
  policyMac: PolicyMac,
  before: LockedKey,
  write: KeyWrite,
): Promise<WrittenKey> {
  const sealed = sealChange(policyMac, before, write)
  await updateKey(tx, sealed.after.row)
  await writeVersions(tx, sealed)
  return { key: sealed.after, keyState: sealed.keyState }
}

/** Replaces a key by the row that is kept of a deleted key. Returns the key as it was. */
export async function removeLockedKey(
  tx: Queryable,
  policyMac: PolicyMac,
  before: LockedKey,
  { state, now }: KeyWrite,
): Promise<WrittenKey> {
  const { row } = before
  const kept = {
    id: row.id,
    redactedId: row.redactedId,
    projectId: row.projectId,
    name: row.name,
    createdBy: row.createdBy,
    owner: row.owner,
    accessControlEnabled: row.accessControlEnabled,
    allowedSubjects: row.allowedSubjects,
    revision: state.revision,
    createdAt: row.createdAt,
    deletedAt: now,
  }
  const mac = policyMac.deletedKeyMac(kept)
  await moveToDeleted(tx, { ...kept, mac })
  return { key: before, keyState: keyStateOf({ mac, versions: [] }) }
}

/** Adds a key with fresh MACs; null if its name is taken. */
export async function insertNewKey(
  tx: Queryable,
  policyMac: PolicyMac,
  draft: KeyRow,
  write: KeyWrite,
): Promise<WrittenKey | null> {
  const sealed = sealChange(policyMac, { row: draft, versions: [] }, write)
  if (!(await insertKey(tx, sealed.after.row))) return null
  await writeVersions(tx, sealed)
  return { key: sealed.after, keyState: sealed.keyState }
}

/** The rows that a change writes, with fresh MACs. */
export interface SealedChange {
  /** The key after the change. */
  readonly after: LockedKey
  /** State of its rows, for the record. */
  readonly keyState: string
  readonly added: readonly { readonly version: KeyVersionRow; readonly material: NewMaterial['wrapped'] }[]
  readonly changed: readonly KeyVersionRow[]
}

/** Computes the rows of a change with their MACs. Writes nothing. */
export function sealChange(policyMac: PolicyMac, before: LockedKey, write: KeyWrite): SealedChange {
  const row = sealRow(policyMac, before.row, write)
  const known = new Map(before.versions.map((version) => [version.number, version]))
  const added: SealedChange['added'][number][] = []
  const changed: KeyVersionRow[] = []
  const versions = write.state.versions.map((next) => {
    const current = known.get(next.number)
    if (current === next) return current
    const version = sealVersion(policyMac, next, {
      id: current?.id ?? newUuid(),
      keyId: before.row.id,
      keyRevision: write.state.revision,
      publicKey: current === undefined ? (write.material?.publicKey ?? null) : current.publicKey,
    })
    if (current === undefined) added.push({ version, material: materialOf(write, next.number) })
    else changed.push(version)
    return version
  })
  const after = { row, versions }
  return { after, keyState: keyStateOf({ mac: row.mac, versions }), added, changed }
}

async function writeVersions(tx: Queryable, { added, changed }: SealedChange): Promise<void> {
  for (const { version, material } of added) await insertVersion(tx, version, material)
  for (const version of changed) await updateVersion(tx, version)
}

function sealRow(policyMac: PolicyMac, before: KeyRow, { state, columns, now }: KeyWrite): KeyRow {
  const row: KeyRow = {
    ...before,
    ...columns,
    status: statusOf(state.versions),
    rotationEnabled: state.rotation.enabled,
    rotationCycleDays: state.rotation.cycleDays,
    rotationConfiguredOn: state.rotation.configuredOn,
    rotationDueOn: state.rotation.dueOn,
    lastRotatedAt: state.lastRotatedAt,
    lastVersionNumber: state.lastVersionNumber,
    skippedVersions: state.skippedVersions,
    revision: state.revision,
    updatedAt: now,
  }
  return { ...row, mac: policyMac.keyMac(row) }
}

function sealVersion(
  policyMac: PolicyMac,
  state: VersionState,
  rest: Pick<KeyVersionRow, 'id' | 'keyId' | 'keyRevision' | 'publicKey'>,
): KeyVersionRow {
  const { number, status, createdAt, activatedAt, deactivatedAt, destroyScheduledFor, destroyedAt } = state
  const version = {
    ...rest,
    number,
    status,
    createdAt,
    activatedAt,
    deactivatedAt,
    destroyScheduledFor,
    destroyedAt,
  }
  return { ...version, mac: policyMac.versionMac(version) }
}

function materialOf({ material }: KeyWrite, versionNumber: number) {
  if (material?.versionNumber !== versionNumber) throw new TypeError('the material is of another version')
  return material.wrapped
}
