import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../crypto/derive.ts'
import type { ImportParametersRow } from '../store/rows/import-rows.ts'
import type { DeletedKeyRow, KeyRow } from '../store/rows/key-rows.ts'
import type { KeyVersionRow } from '../store/rows/version-rows.ts'

/** Makes and checks the MACs that bind what a writer of the database would like to change. */
export interface PolicyMac {
  keyMac(row: Omit<KeyRow, 'mac'>): Uint8Array<ArrayBuffer>
  versionMac(row: Omit<KeyVersionRow, 'mac'>): Uint8Array<ArrayBuffer>
  deletedKeyMac(row: Omit<DeletedKeyRow, 'mac'>): Uint8Array<ArrayBuffer>
  importParametersMac(row: Omit<ImportParametersRow, 'mac'>): Uint8Array<ArrayBuffer>
  isAuthenticKey(row: KeyRow): boolean
  isAuthenticVersion(row: KeyVersionRow): boolean
  isAuthenticImport(row: ImportParametersRow): boolean
  isAuthenticDeletedKey(row: DeletedKeyRow): boolean
}

/**
 * HMAC-SHA-256 over the row as a JSON array with its purpose in front: JSON separates the values without ambiguity,
 * and the order of the columns is fixed here.
 */
export function createPolicyMac(key: KeyObject): PolicyMac {
  const mac = (purposeAndValues: readonly unknown[]): Uint8Array<ArrayBuffer> =>
    hmacSha256(key, JSON.stringify(purposeAndValues.map(withoutTimes)))

  const keyMac = (row: Omit<KeyRow, 'mac'>) => {
    const values: unknown[] = [
      'keystead key v1',
      row.id,
      row.redactedId,
      row.projectId,
      row.kind,
      row.name,
      row.description,
      row.serviceName,
      row.usage,
      row.algorithm,
      row.status,
      row.createdBy,
      row.owner,
      row.accessControlEnabled,
      row.allowedSubjects,
      row.rotationEnabled,
      row.rotationCycleDays,
      row.rotationConfiguredOn,
      row.rotationDueOn,
      row.lastRotatedAt,
      row.lastVersionNumber,
      row.revision,
      row.createdAt,
      row.updatedAt,
    ]
    // Columns that came after the first release stand at the end, and only where they differ from the default that
    // their migration gave to the rows that were there: those keep their MAC.
    // Each names itself, so that no value of one can be taken for that of another.
    if (row.origin !== 'KEYSTEAD') values.push(row.origin)
    if (row.skippedVersions.length > 0) values.push(['skipped versions', ...row.skippedVersions])
    if (row.restoredAt !== null) values.push(['restored at', row.restoredAt.toISOString()])
    return mac(values)
  }
  const versionMac = (row: Omit<KeyVersionRow, 'mac'>) =>
    mac([
      'keystead key version v1',
      row.id,
      row.keyId,
      row.number,
      row.status,
      row.keyRevision,
      row.createdAt,
      row.activatedAt,
      row.deactivatedAt,
      row.destroyScheduledFor,
      row.destroyedAt,
      row.publicKey === null ? null : Buffer.from(row.publicKey).toString('base64'),
    ])
  const deletedKeyMac = (row: Omit<DeletedKeyRow, 'mac'>) =>
    mac([
      'keystead deleted key v1',
      row.id,
      row.redactedId,
      row.projectId,
      row.name,
      row.createdBy,
      row.owner,
      row.accessControlEnabled,
      row.allowedSubjects,
      row.revision,
      row.createdAt,
      row.deletedAt,
    ])
  // The wrapped private key is not covered: it is bound to the row by itself, and goes before the row does.
  const importParametersMac = (row: Omit<ImportParametersRow, 'mac'>) =>
    mac([
      'keystead import parameters v1',
      row.id,
      row.keyId,
      Buffer.from(row.publicKey).toString('base64'),
      row.createdAt,
      row.expiresAt,
      row.usedAt,
    ])
  return {
    keyMac,
    versionMac,
    deletedKeyMac,
    importParametersMac,
    isAuthenticKey: (row) => constantTimeEqual(keyMac(row), row.mac),
    isAuthenticVersion: (row) => constantTimeEqual(versionMac(row), row.mac),
    isAuthenticImport: (row) => constantTimeEqual(importParametersMac(row), row.mac),
    isAuthenticDeletedKey: (row) => constantTimeEqual(deletedKeyMac(row), row.mac),
  }
}

/** As JSON would write it: it takes twice as long with times, and a page of a list has hundreds of them. */
function withoutTimes(value: unknown): unknown {
  if (!(value instanceof Date)) return value
  return Number.isNaN(value.getTime()) ? null : value.toISOString()
}
