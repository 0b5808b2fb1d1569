import { formatId, keyIdOf } from '../../ids.ts'
import type { ImportParametersRow } from '../../store/rows/import-rows.ts'
import type { DeletedKeyRow, KeyRow } from '../../store/rows/key-rows.ts'
import { macCoveredRows } from '../../store/rows/mac-covered-rows.ts'
import type { ProjectRolesRow } from '../../store/rows/project-roles-rows.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { type Finding, otherFinding } from './finding.ts'

/** Checks the MACs of rows. */
export interface RowMacs {
  isAuthenticKey(row: KeyRow): boolean
  isAuthenticVersion(row: KeyVersionRow): boolean
  isAuthenticDeletedKey(row: DeletedKeyRow): boolean
  isAuthenticImport(row: ImportParametersRow): boolean
  isAuthenticProjectRoles(row: ProjectRolesRow): boolean
}

/** Finds rows that were edited without the key of their MAC. Servers refuse each of them when it is used. */
export async function* verifyRows(db: Queryable, macs: RowMacs): AsyncGenerator<readonly Finding[]> {
  const rows = macCoveredRows(db)
  for await (const page of rows.keys()) {
    yield findingsIn(page, macs.isAuthenticKey, (row) => `key ${keyIdOf(row)}`)
  }
  for await (const page of rows.versions()) {
    yield findingsIn(page, macs.isAuthenticVersion, ({ id }) => `key version ${formatId('keyVersion', id)}`)
  }
  for await (const page of rows.deletedKeys()) {
    yield findingsIn(
      page,
      macs.isAuthenticDeletedKey,
      ({ id }) => `what is kept of the deleted key ${formatId('userKey', id)}`,
    )
  }
  for await (const page of rows.importParameters()) {
    const name = ({ id }: ImportParametersRow) => `import parameters ${formatId('importParameters', id)}`
    yield findingsIn(page, macs.isAuthenticImport, name)
  }
  for await (const page of rows.projectRoles()) {
    const name = ({ id }: ProjectRolesRow) => `role bindings ${formatId('projectRoles', id)}`
    yield findingsIn(page, macs.isAuthenticProjectRoles, name)
  }
}

function findingsIn<Row>(
  page: readonly Row[],
  isAuthentic: (row: Row) => boolean,
  nameOf: (row: Row) => string,
): Finding[] {
  return page
    .filter((row) => !isAuthentic(row))
    .map((row) => otherFinding(`${nameOf(row)} has a row that was changed outside of the server`))
}
