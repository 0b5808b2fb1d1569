import type { Queryable } from '../queryable.ts'
import { hex } from './hex.ts'
import { decode, type KeyRow } from './key-rows.ts'
import { type KeyVersionRow, type MaterialRow, versionColumns } from './version-rows.ts'

// What groups of keys are read and written with: one statement for each kind of row, however many there are.

/** Keys by their IDs, in no order; for those that the transaction has locked. */
export async function findKeysInGroup(tx: Queryable, ids: readonly string[]): Promise<KeyRow[]> {
  const rows = await tx.key.findMany({ where: { id: { in: [...ids] } } })
  return rows.map(decode)
}

/** All versions of several keys, by key, oldest first. */
export async function findVersionsInGroup(
  tx: Queryable,
  keyIds: readonly string[],
): Promise<Map<string, KeyVersionRow[]>> {
  const rows = await tx.$queryRaw<KeyVersionRow[]>`
    SELECT ${versionColumns} FROM key_versions v WHERE v.key_id = ANY(${keyIds}::uuid[]) ORDER BY v.key_id, v.number`
  return Map.groupBy(rows, ({ keyId }) => keyId)
}

/** Replaces what follows from the states of locked keys, and their MACs. */
export async function updateKeyStates(tx: Queryable, rows: readonly KeyRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.$executeRaw`
    UPDATE keys SET status = t.status::"KeyStatus", rotation_due_on = t.rotation_due_on::date,
      last_rotated_at = t.last_rotated_at::timestamptz, last_version_number = t.last_version_number,
      revision = t.revision, updated_at = t.updated_at::timestamptz, mac = decode(t.mac, 'hex')
    FROM unnest(
      ${rows.map(({ id }) => id)}::uuid[], ${rows.map(({ status }) => status)}::text[],
      ${rows.map(({ rotationDueOn }) => rotationDueOn)}::text[],
      ${rows.map(({ lastRotatedAt }) => timeOf(lastRotatedAt))}::text[],
      ${rows.map(({ lastVersionNumber }) => lastVersionNumber)}::int[],
      ${rows.map(({ revision }) => revision)}::int[], ${rows.map(({ updatedAt }) => timeOf(updatedAt))}::text[],
      ${rows.map(({ mac }) => hex(mac))}::text[]
    ) AS t(id, status, rotation_due_on, last_rotated_at, last_version_number, revision, updated_at, mac)
    WHERE keys.id = t.id`
}

/** Replaces what a restore of a backup changes in keys, and their MACs. */
export async function updateRestoredKeys(tx: Queryable, rows: readonly KeyRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.$executeRaw`
    UPDATE keys SET skipped_versions = t.skipped_versions::int[], restored_at = t.restored_at::timestamptz,
      revision = t.revision, updated_at = t.updated_at::timestamptz, mac = decode(t.mac, 'hex')
    FROM unnest(
      ${rows.map(({ id }) => id)}::uuid[],
      ${rows.map(({ skippedVersions }) => `{${skippedVersions.join(',')}}`)}::text[],
      ${rows.map(({ restoredAt }) => timeOf(restoredAt))}::text[], ${rows.map(({ revision }) => revision)}::int[],
      ${rows.map(({ updatedAt }) => timeOf(updatedAt))}::text[], ${rows.map(({ mac }) => hex(mac))}::text[]
    ) AS t(id, skipped_versions, restored_at, revision, updated_at, mac)
    WHERE keys.id = t.id`
}

/** Adds versions with their wrapped material. */
export async function insertVersions(
  tx: Queryable,
  added: readonly { version: KeyVersionRow; material: Omit<MaterialRow, 'versionId'> }[],
): Promise<void> {
  if (added.length === 0) return
  const ids = added.map(({ version }) => version.id)
  const column = <K extends keyof KeyVersionRow>(name: K): KeyVersionRow[K][] =>
    added.map(({ version }) => version[name])
  await tx.$executeRaw`
    INSERT INTO key_versions (id, key_id, number, status, key_revision, created_at, activated_at, deactivated_at,
      destroy_scheduled_for, destroyed_at, public_key, mac)
    SELECT id, key_id, number, status::"KeyVersionStatus", key_revision, created_at::timestamptz,
      activated_at::timestamptz, deactivated_at::timestamptz, destroy_scheduled_for::timestamptz,
      destroyed_at::timestamptz, decode(public_key, 'hex'), decode(mac, 'hex')
    FROM unnest(
      ${ids}::uuid[], ${column('keyId')}::uuid[], ${column('number')}::int[], ${column('status')}::text[],
      ${column('keyRevision')}::int[], ${column('createdAt').map(timeOf)}::text[],
      ${column('activatedAt').map(timeOf)}::text[], ${column('deactivatedAt').map(timeOf)}::text[],
      ${column('destroyScheduledFor').map(timeOf)}::text[], ${column('destroyedAt').map(timeOf)}::text[],
      ${column('publicKey').map((bytes) => bytes && hex(bytes))}::text[], ${column('mac').map(hex)}::text[]
    ) AS t(id, key_id, number, status, key_revision, created_at, activated_at, deactivated_at,
      destroy_scheduled_for, destroyed_at, public_key, mac)`
  await tx.$executeRaw`
    INSERT INTO key_material (version_id, root_key_id, wrapped)
    SELECT version_id, root_key_id, decode(wrapped, 'hex') FROM unnest(
      ${ids}::uuid[], ${added.map(({ material }) => material.rootKeyId)}::text[],
      ${added.map(({ material }) => hex(material.wrapped))}::text[]
    ) AS t(version_id, root_key_id, wrapped)`
}

/** Replaces what follows from the states of versions, and their MACs; the wrapped material of destroyed ones goes. */
export async function updateVersionStates(tx: Queryable, rows: readonly KeyVersionRow[]): Promise<void> {
  if (rows.length === 0) return
  const column = <K extends keyof KeyVersionRow>(name: K): KeyVersionRow[K][] => rows.map((row) => row[name])
  await tx.$executeRaw`
    UPDATE key_versions SET status = t.status::"KeyVersionStatus", key_revision = t.key_revision,
      activated_at = t.activated_at::timestamptz, deactivated_at = t.deactivated_at::timestamptz,
      destroy_scheduled_for = t.destroy_scheduled_for::timestamptz, destroyed_at = t.destroyed_at::timestamptz,
      mac = decode(t.mac, 'hex')
    FROM unnest(
      ${column('id')}::uuid[], ${column('status')}::text[], ${column('keyRevision')}::int[],
      ${column('activatedAt').map(timeOf)}::text[], ${column('deactivatedAt').map(timeOf)}::text[],
      ${column('destroyScheduledFor').map(timeOf)}::text[], ${column('destroyedAt').map(timeOf)}::text[],
      ${column('mac').map(hex)}::text[]
    ) AS t(id, status, key_revision, activated_at, deactivated_at, destroy_scheduled_for, destroyed_at, mac)
    WHERE key_versions.id = t.id`
  const destroyed = rows.flatMap(({ id, status }) => (status === 'DESTROYED' ? [id] : []))
  if (destroyed.length > 0) {
    await tx.$executeRaw`DELETE FROM key_material WHERE version_id = ANY(${destroyed}::uuid[])`
  }
}

function timeOf(date: Date | null): string | null {
  return date === null ? null : date.toISOString()
}
