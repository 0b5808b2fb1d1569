import { keyStateOf } from '../../audit/events.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { PolicyMac } from '../../keyring/policy-mac.ts'
import { findRecordedStates, type RecordedState } from '../../store/audit/key-history-rows.ts'
import { type DeletedKeyRow, type KeyRow, lockKey } from '../../store/rows/key-rows.ts'
import type { NextMaterialRow, StoredKeySet, StoredNextVersion } from '../../store/rows/key-set-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import { firstNotSkipped } from '../../store/rows/skipped-versions.ts'
import type { KeyVersionRow, NewVersion } from '../../store/rows/version-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { KeySetState } from '../rules/key-sets.ts'
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
  Omit<KeyRow, IdentityColumn | keyof ReturnType<typeof columnsOfState> | 'keySet' | 'mac'>
>

/** A decided change, to be written. */
export interface KeyWrite {
  readonly state: KeyState
  readonly columns?: KeyColumns
  /** Material of the version that the state adds, and of the next one that it makes ahead. */
  readonly material: readonly NewMaterial[]
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
    keySet: keySetOf(row),
    revision: row.revision,
  }
}

function keySetOf({ keySet }: Pick<KeyRow, 'keySet'>): KeySetState | null {
  if (keySet === null) return null
  const { id, jwsAlgorithm, publishAheadHours, tokenLifetimeMinutes, next } = keySet
  return {
    id,
    jwsAlgorithm,
    publishAheadHours,
    tokenLifetimeMinutes,
    next: next === null ? null : { number: next.number, since: new Date(next.since) },
  }
}

/** The rows that a change writes, with fresh MACs. */
export interface SealedChange {
  /** The key after the change. */
  readonly after: WholeKey
  /** State of its rows, for the record. */
  readonly keyState: string
  readonly added: readonly NewVersion[]
  /** Material of the next version that is made ahead; null if none is. */
  readonly next: NextMaterialRow | null
  readonly changed: readonly KeyVersionRow[]
  /** Row that replaces a deleted key; otherwise null. */
  readonly tombstone: DeletedKeyRow | null
}

/** Computes the rows of a change with their MACs. Writes nothing. */
export function sealChange(policyMac: PolicyMac, before: WholeKey, write: KeyWrite): SealedChange {
  const keySet = keySetAfter(before.row, write)
  const row = sealRow(policyMac, before.row, keySet, write)
  const known = new Map(before.versions.map((version) => [version.number, version]))
  const added: NewVersion[] = []
  const changed: KeyVersionRow[] = []
  const versions = write.state.versions.map((next) => {
    const current = known.get(next.number)
    if (current === next) return current
    const material = current === undefined ? materialOf(write, next.number) : null
    const version = sealVersion(policyMac, next, {
      id: material?.versionId ?? current?.id ?? '',
      keyId: before.row.id,
      keyRevision: write.state.revision,
      publicKey: material?.publicKey ?? current?.publicKey ?? null,
    })
    if (material !== null) added.push({ version, material: material.wrapped })
    else changed.push(version)
    return version
  })
  return {
    after: { row, versions },
    keyState: keyStateOf({ mac: row.mac, versions }),
    added,
    next: nextMaterialOf(before.row, keySet, write),
    changed,
    tombstone: null,
  }
}

/** Number of the version that a change makes ahead; null if it makes none. */
export function madeAhead({ keySet }: Pick<KeyRow, 'keySet'>, after: KeyState): number | null {
  const number = after.keySet?.next?.number ?? null
  return number === (keySet?.next?.number ?? null) ? null : number
}

function keySetAfter(before: KeyRow, write: KeyWrite): StoredKeySet | null {
  const { keySet } = write.state
  if (keySet === null) return null
  const { next, ...rest } = keySet
  return { ...rest, next: next === null ? null : nextAfter(before, write, next) }
}

function nextAfter(
  before: KeyRow,
  write: KeyWrite,
  { number, since }: NonNullable<KeySetState['next']>,
): StoredNextVersion {
  const same = before.keySet?.next
  if (same?.number === number) return same
  const { versionId, publicKey } = materialOf(write, number)
  if (publicKey === null) throw new TypeError('a published key has public keys')
  return {
    id: versionId,
    number,
    publicKey: Buffer.from(publicKey).toString('base64'),
    since: since.toISOString(),
  }
}

function nextMaterialOf(
  before: KeyRow,
  keySet: StoredKeySet | null,
  write: KeyWrite,
): NextMaterialRow | null {
  const number = madeAhead(before, write.state)
  if (number === null || keySet === null) return null
  const { rootKeyId, wrapped } = materialOf(write, number).wrapped
  return { keyId: before.id, number, rootKeyId, wrapped }
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
  return { after: before, keyState, added: [], next: null, changed: [], tombstone: { ...kept, mac } }
}

function sealRow(
  policyMac: PolicyMac,
  before: KeyRow,
  keySet: StoredKeySet | null,
  { state, columns, now }: KeyWrite,
): KeyRow {
  const row: KeyRow = { ...before, ...columns, ...columnsOfState(state, now), keySet }
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

function materialOf({ material }: KeyWrite, versionNumber: number): NewMaterial {
  const found = material.find((each) => each.versionNumber === versionNumber)
  if (found === undefined) throw new TypeError('the material is of another version')
  return found
}
