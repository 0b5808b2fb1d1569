import { keyStateOf } from '../../audit/events.ts'
import { newUuid } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import { findRecordedStates, type RecordedState } from '../../store/audit/key-history-rows.ts'
import { type DeletedKeyRow, type KeyRow, lockKey } from '../../store/rows/key-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import { firstNotSkipped } from '../../store/rows/skipped-versions.ts'
import type { KeyVersionRow, NewVersion } from '../../store/rows/version-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { type KeyState, statusOf, type VersionState } from '../rules/lifecycle.ts'
import type { NewMaterial } from './new-material.ts'

/** Columns that say which key it is, and never change. */
type IdentityColumn =
  | 'id'
  | 'redactedId'
  | 'projectId'
  | 'kind'
  | 'serviceName'
  | 'usage'
  | 'algorithm'
  | 'origin'
  | 'createdBy'
  | 'createdAt'

/** Columns of a key's row that a change may write: all that neither identify the key nor follow from its state. */
export type KeyColumns = Partial<
  Omit<KeyRow, IdentityColumn | keyof ReturnType<typeof columnsOfState> | 'mac'>
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
): Promise<WholeKey | null> {
  await lockKey(tx, where)
  const key = await findWholeKey(tx, where)
  if (key !== null) {
    verifyAsRecorded(policyMac, key, (await findRecordedStates(tx, [where.id])).get(where.id))
  }
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

/**
 * Throws IntegrityError unless a locked key verifies, and its rows are as the newest change on record left them. A valid MAC
 * only proves that the server wrote the row at some time. If older rows were put back and then changed, they would look
 * right for ever.
 */
export function verifyAsRecorded(
  policyMac: PolicyMac,
  key: WholeKey,
  recorded: RecordedState | undefined,
): void {
  verifyMacs(policyMac, key)
  const { row, versions } = key
  const isAsRecorded =
    recorded?.revision === row.revision &&
    // Records of earlier releases name no state.
    (recorded.keyState === null || recorded.keyState === keyStateOf({ mac: row.mac, versions }))
  if (!isAsRecorded) throw IntegrityError.notAsRecorded('key', row.id)
}

/** Throws IntegrityError unless the rows of a key and all its versions are as they were written. */
export function verifyMacs(policyMac: PolicyMac, { row, versions }: WholeKey): void {
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
export function stateOf({ row, versions }: WholeKey): KeyState {
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

/** The rows that a change writes, with fresh MACs. */
export interface SealedChange {
  /** The key after the change. */
  readonly after: WholeKey
  /** State of its rows, for the record. */
  readonly keyState: string
  readonly added: readonly NewVersion[]
  readonly changed: readonly KeyVersionRow[]
  /** Row that replaces a deleted key; otherwise null. */
  readonly tombstone: DeletedKeyRow | null
}

/** Computes the rows of a change with their MACs. Writes nothing. */
export function sealChange(policyMac: PolicyMac, before: WholeKey, write: KeyWrite): SealedChange {
  const row = sealRow(policyMac, before.row, write)
  const known = new Map(before.versions.map((version) => [version.number, version]))
  const added: NewVersion[] = []
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
  return { after, keyState: keyStateOf({ mac: row.mac, versions }), added, changed, tombstone: null }
}

/** The row that is kept of a deleted key, with its MAC. Otherwise the key stays as it was. */
export function sealRemoval(
  policyMac: PolicyMac,
  before: WholeKey,
  { state, now }: Pick<KeyWrite, 'state' | 'now'>,
): SealedChange {
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
    accessEntries: row.accessEntries,
    revision: state.revision,
    createdAt: row.createdAt,
    deletedAt: now,
  }
  const mac = policyMac.deletedKeyMac(kept)
  const keyState = keyStateOf({ mac, versions: [] })
  return { after: before, keyState, added: [], changed: [], tombstone: { ...kept, mac } }
}

function sealRow(policyMac: PolicyMac, before: KeyRow, { state, columns, now }: KeyWrite): KeyRow {
  const row: KeyRow = { ...before, ...columns, ...columnsOfState(state, now) }
  return { ...row, mac: policyMac.keyMac(row) }
}

function columnsOfState(state: KeyState, now: Date) {
  return {
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
  } satisfies Partial<KeyRow>
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
