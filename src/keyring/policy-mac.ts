import type { KeyObject } from 'node:crypto'
import { constantTimeEqual, hmacSha256 } from '../crypto/secrets.ts'
import { type ImportParametersRow, importParametersTable } from '../store/rows/import-rows.ts'
import { type DeletedKeyRow, deletedKeyTable, type KeyRow, keyTable } from '../store/rows/key-rows.ts'
import { type ProjectRolesRow, projectRolesTable } from '../store/rows/project-roles-rows.ts'
import { type KeyVersionRow, versionTable } from '../store/rows/version-rows.ts'
import { fieldsOf, type Table } from '../store/sql.ts'

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

/** Values of the first later columns, in the forms that existing MACs have. */
const firstLaterValues: Readonly<Record<string, (value: never) => unknown>> = {
  origin: (origin: string) => origin,
  skippedVersions: (skipped: readonly number[]) => ['skipped versions', ...skipped],
  restoredAt: (at: Date) => ['restored at', at],
}

/**
 * Values of later columns. They follow all others, and name themselves, so that the value of one column cannot pass for
 * that of another.
 */
function laterValues<Row>(row: Row, later: Partial<Row>): readonly unknown[] {
  return Object.entries(later).flatMap(([field, usual]) => {
    const value = row[field as keyof Row] as never
    if (isUsual(value, usual)) return []
    return [firstLaterValues[field]?.(value) ?? [field, canonical(encode(value))]]
  })
}

function isUsual(value: unknown, usual: unknown): boolean {
  return Array.isArray(usual) ? Array.isArray(value) && value.length === 0 : value === usual
}

/**
 * A JSON value in one form: the members of objects by name, since the database keeps them in an order of its own. Arrays
 * and objects begin with a mark, so that neither can pass for the other.
 */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return ['[', ...value.map(canonical)]
  if (typeof value !== 'object' || value === null) return value
  const members = value as Readonly<Record<string, unknown>>
  const names = Object.keys(members).sort()
  return ['{', ...names.flatMap((name) => [name, canonical(members[name])])]
}

/**
 * HMAC-SHA-256 over the columns of a row, in the order of its table, as a JSON array with its purpose in front. JSON
 * separates the values without ambiguity.
 */
export function createPolicyMac(key: KeyObject): PolicyMac {
  /** The function that makes the MAC of a row, over all columns of its table but some. */
  function macOf<Row, Left extends keyof Row & string = never>(
    purpose: string,
    table: Table<Row>,
    leftOut: readonly Left[] = [],
  ): (row: Omit<Row, 'mac' | Left>) => Uint8Array<ArrayBuffer> {
    const later: Partial<Row> = table.later ?? {}
    const out = ['mac', ...leftOut, ...Object.keys(later)] as (keyof Row & string)[]
    const fields = fieldsOf(table, out)
    return (given) => {
      const row = given as Row
      const values = fields.map((field) => encode(row[field]))
      return hmacSha256(key, JSON.stringify([purpose, ...values, ...laterValues(row, later)]))
    }
  }
  const keyMac = macOf('keystead key v1', keyTable)
  const versionMac = macOf('keystead key version v1', versionTable)
  const deletedKeyMac = macOf('keystead deleted key v1', deletedKeyTable)
  const importParametersMac = macOf('keystead import parameters v1', importParametersTable, [
    // The wrapped private key is bound to the row by its own encryption, and erased before the row is.
    'rootKeyId',
    'wrapped',
  ])
  const projectRolesMac = macOf('keystead project roles v1', projectRolesTable)
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
