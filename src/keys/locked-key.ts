import { newUuid } from '../ids.ts'
import { IntegrityError } from '../keyring/integrity-error.ts'
import type { PolicyMac } from '../keyring/policy-mac.ts'
import { insertKey, type KeyRow, lockKey, moveToDeleted, updateKey } from '../store/key-rows.ts'
import type { Queryable } from '../store/store.ts'
import { insertVersion, type KeyVersionRow, updateVersion } from '../store/version-rows.ts'
import { findWholeKey, type WholeKey } from '../store/whole-key.ts'
import { type KeyState, statusOf, type VersionState } from './lifecycle.ts'
import type { NewMaterial } from './new-material.ts'

/** A key that nobody else can change until the transaction ends. */
export type LockedKey = WholeKey

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
  await lockKey(tx, where)
  return readVerifiedKey(tx, policyMac, where)
}

/** Reads a key and its versions as of one moment, without a lock, and verifies all of them; null if there is none. */
export async function readVerifiedKey(
  db: Queryable,
  policyMac: PolicyMac,
  where: { projectId: string; id: string },
): Promise<WholeKey | null> {
  const key = await findWholeKey(db, where)
  if (key !== null) verifyLockedKey(policyMac, key)
  return key
}

/** Throws IntegrityError unless the rows of a key and all its versions are as they were written. */
export function verifyLockedKey(policyMac: PolicyMac, { row, versions }: WholeKey): void {
  if (!policyMac.isAuthenticKey(row)) throw new IntegrityError('key', row.id)
  const forged = versions.find((version) => !policyMac.isAuthenticVersion(version))
  if (forged !== undefined) throw new IntegrityError('key version', forged.id)
  for (let number = 1; number <= row.lastVersionNumber; number++) {
    if (versions[number - 1]?.number !== number) throw IntegrityError.missingVersion(row.id, number)
  }
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
  const sealed = sealChange(policyMac, before, write)
  await updateKey(tx, sealed.after.row)
  await writeVersions(tx, sealed)
  return sealed.after
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
  const sealed = sealChange(policyMac, { row: draft, versions: [] }, write)
  if (!(await insertKey(tx, sealed.after.row))) return null
  await writeVersions(tx, sealed)
  return sealed.after
}

/** The rows that a change writes, with fresh MACs. */
export interface SealedChange {
  /** The key as it is then. */
  readonly after: LockedKey
  readonly added: readonly { readonly version: KeyVersionRow; readonly material: NewMaterial['wrapped'] }[]
  readonly changed: readonly KeyVersionRow[]
}

/** Seals a change, and leaves it to the caller to write it. */
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
  return { after: { row, versions }, added, changed }
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
