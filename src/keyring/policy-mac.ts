import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../crypto/secrets.ts'
import { type ImportParametersRow, importParametersTable } from '../store/rows/import-rows.ts'
import { type DeletedKeyRow, deletedKeyTable, type KeyRow, keyTable } from '../store/rows/key-rows.ts'
import { type ProjectRolesRow, projectRolesTable } from '../store/rows/project-roles-rows.ts'
import { type KeyVersionRow, versionTable } from '../store/rows/version-rows.ts'
import { fieldsOf } from '../store/sql.ts'

/** Makes and checks the MACs of rows, which nobody can make with write access to the database alone. */
export interface PolicyMac {
  keyMac(row: Omit<KeyRow, 'mac'>): Uint8Array<ArrayBuffer>
  versionMac(row: Omit<KeyVersionRow, 'mac'>): Uint8Array<ArrayBuffer>
  deletedKeyMac(row: Omit<DeletedKeyRow, 'mac'>): Uint8Array<ArrayBuffer>
  importParametersMac(row: Omit<ImportParametersRow, 'mac'>): Uint8Array<ArrayBuffer>
  projectRolesMac(row: Omit<ProjectRolesRow, 'mac'>): Uint8Array<ArrayBuffer>
  isAuthenticKey(row: KeyRow): boolean
  isAuthenticVersion(row: KeyVersionRow): boolean
  isAuthenticImport(row: ImportParametersRow): boolean
  isAuthenticDeletedKey(row: DeletedKeyRow): boolean
  isAuthenticProjectRoles(row: ProjectRolesRow): boolean
}

const keyFields = fieldsOf(keyTable, ['mac', 'origin', 'skippedVersions', 'restoredAt', 'accessEntries'])
const versionFields = fieldsOf(versionTable, ['mac'])
const deletedKeyFields = fieldsOf(deletedKeyTable, ['mac', 'accessEntries'])
/** Without the wrapped private key: it is bound to the row by its own encryption, and erased before the row is. */
const importFields = fieldsOf(importParametersTable, ['mac', 'rootKeyId', 'wrapped'])
const projectRolesFields = fieldsOf(projectRolesTable, ['mac'])

/**
 * Values of columns that came after the first release. They follow all others, each only where it differs from the
 * default that its migration gave to existing rows: those keep their MAC. New ones name themselves, so that the value of
 * one column cannot pass for that of another.
 */
function laterKeyValues(row: Omit<KeyRow, 'mac'>): readonly unknown[] {
  const { origin, skippedVersions, restoredAt } = row
  return [
    ...(origin === 'KEYSTEAD' ? [] : [origin]),
    ...(skippedVersions.length === 0 ? [] : [['skipped versions', ...skippedVersions]]),
    ...(restoredAt === null ? [] : [['restored at', restoredAt]]),
    ...laterListValues(row),
  ]
}

function laterListValues({ accessEntries }: Pick<KeyRow, 'accessEntries'>): readonly unknown[] {
  return isEmptyList(accessEntries) ? [] : [['access entries', sorted(accessEntries)]]
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** A JSON value with the members of its objects by name: the database keeps them in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]))
}

/**
 * HMAC-SHA-256 over the columns of a row, in the order of its table, as a JSON array with its purpose in front. JSON
 * separates the values without ambiguity.
 */
export function createPolicyMac(key: KeyObject): PolicyMac {
  function mac<Row>(
    purpose: string,
    row: Row,
    fields: readonly (keyof Row)[],
    later: readonly unknown[] = [],
  ): Uint8Array<ArrayBuffer> {
    const values = fields.map((field) => encode(row[field]))
    return hmacSha256(key, JSON.stringify([purpose, ...values, ...later]))
  }
  const keyMac: PolicyMac['keyMac'] = (row) => mac('keystead key v1', row, keyFields, laterKeyValues(row))
  const versionMac: PolicyMac['versionMac'] = (row) => mac('keystead key version v1', row, versionFields)
  const deletedKeyMac: PolicyMac['deletedKeyMac'] = (row) =>
    mac('keystead deleted key v1', row, deletedKeyFields, laterListValues(row))
  const importParametersMac: PolicyMac['importParametersMac'] = (row) =>
    mac('keystead import parameters v1', row, importFields)
  const projectRolesMac: PolicyMac['projectRolesMac'] = (row) =>
    mac('keystead project roles v1', row, projectRolesFields)
  return {
    keyMac,
    versionMac,
    deletedKeyMac,
    importParametersMac,
    projectRolesMac,
    isAuthenticKey: (row) => constantTimeEqual(keyMac(row), row.mac),
    isAuthenticVersion: (row) => constantTimeEqual(versionMac(row), row.mac),
    isAuthenticImport: (row) => constantTimeEqual(importParametersMac(row), row.mac),
    isAuthenticDeletedKey: (row) => constantTimeEqual(deletedKeyMac(row), row.mac),
    isAuthenticProjectRoles: (row) => constantTimeEqual(projectRolesMac(row), row.mac),
  }
}

/** Times as JSON writes them, in half the time: a page of a list has hundreds of them. Bytes in base64. */
function encode(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
