import { newUuid } from '../ids.ts'
import { IntegrityError } from '../keyring/integrity-error.ts'
import type { PolicyMac } from '../keyring/policy-mac.ts'
import { insertKey, type KeyRow, lockKey, moveToDeleted, updateKey } from '../store/key-rows.ts'
import type { Queryable } from '../store/store.ts'
import { findVersions, insertVersion, type KeyVersionRow, updateVersion } from '../store/version-rows.ts'
import { type KeyState, statusOf, type VersionState } from './lifecycle.ts'
import type { NewMaterial } from './new-material.ts'

/** A key that nobody else can change until the transaction ends. */
export interface LockedKey {
  readonly row: KeyRow
  readonly versions: readonly KeyVersionRow[]
}

/** What a change may write to a key's row besides what follows from its state. */
export type KeyColumns = Partial<
  Pick<KeyRow, 'name' | 'description' | 'owner' | 'accessControlEnabled' | 'allowedSubjects'>
>

/** A change that was decided and is to be written. */
export interface KeyWrite {
  readonly state: KeyState
  readonly columns?: KeyColumns
  /** For the state's new version, where it has one. */
  readonly material: NewMaterial | null
  readonly now: Date
}

/** Locks a key and its versions, and verifies all of them; null if the project has none of this ID. */
export async function lockVerifiedKey(
  tx: Queryable,
  policyMac: PolicyMac,
  where: { projectId: string; id: string },
): Promise<LockedKey | null> {
  const row = await lockKey(tx, where.projectId, where.id)
  if (row === null) return null
  if (!policyMac.isAuthenticKey(row)) throw new IntegrityError('key', row.id)
  const versions = await findVersions(tx, row.id)
  const forged = versions.find((version) => !policyMac.isAuthenticVersion(version))
  if (forged !== undefined) throw new IntegrityError('key version', forged.id)
  for (let number = 1; number <= row.lastVersionNumber; number++) {
    if (versions[number - 1]?.number !== number) throw IntegrityError.missingVersion(row.id, number)
  }
  return { row, versions }
}

/** What lifecycle rules need of a locked key. */
export function stateOf({ row, versions }: LockedKey): KeyState {
  return {
    origin: row.origin,
    versions,
    lastVersionNumber: row.lastVersionNumber,
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

/** Writes a changed key with fresh MACs. */
export async function writeLockedKey(
  tx: Queryable,
  policyMac: PolicyMac,
  before: LockedKey,
  write: KeyWrite,
): Promise<LockedKey> {
  const row = sealRow(policyMac, before.row, write)
  await updateKey(tx, row)
  return { row, versions: await writeVersions(tx, policyMac, before, write) }
}

/** Replaces a key by what is kept of a deleted one; gives it back as it was. */
export async function removeLockedKey(
  tx: Queryable,
  policyMac: PolicyMac,
  before: LockedKey,
  { state, now }: KeyWrite,
): Promise<LockedKey> {
  const {
    id,
    redactedId,
    projectId,
    name,
    createdBy,
    owner,
    accessControlEnabled,
    allowedSubjects,
    createdAt,
  } = before.row
  const kept = {
    id,
    redactedId,
    projectId,
    name,
    createdBy,
    owner,
    accessControlEnabled,
    allowedSubjects,
    revision: state.revision,
    createdAt,
    deletedAt: now,
  }
  await moveToDeleted(tx, { ...kept, mac: policyMac.deletedKeyMac(kept) })
  return before
}

/** Adds a key with fresh MACs; null if its name is taken. */
export async function insertNewKey(
  tx: Queryable,
  policyMac: PolicyMac,
  draft: KeyRow,
  write: KeyWrite,
): Promise<LockedKey | null> {
  const row = sealRow(policyMac, draft, write)
  if (!(await insertKey(tx, row))) return null
  return { row, versions: await writeVersions(tx, policyMac, { row, versions: [] }, write) }
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
    revision: state.revision,
    updatedAt: now,
  }
  return { ...row, mac: policyMac.keyMac(row) }
}

async function writeVersions(
  tx: Queryable,
  policyMac: PolicyMac,
  before: LockedKey,
  write: KeyWrite,
): Promise<readonly KeyVersionRow[]> {
  const known = new Map(before.versions.map((version) => [version.number, version]))
  const versions: KeyVersionRow[] = []
  for (const next of write.state.versions) {
    const current = known.get(next.number)
    if (current === next) {
      versions.push(current)
      continue
    }
    const version = sealVersion(policyMac, next, {
      id: current?.id ?? newUuid(),
      keyId: before.row.id,
      keyRevision: write.state.revision,
      publicKey: current === undefined ? (write.material?.publicKey ?? null) : current.publicKey,
    })
    if (current === undefined) await insertVersion(tx, version, materialOf(write, next.number))
    else await updateVersion(tx, version)
    versions.push(version)
  }
  return versions
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
