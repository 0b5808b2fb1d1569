import { inPages } from '../pages.ts'
import type { Queryable } from '../sql.ts'
import type { ImportParametersRow } from './import-rows.ts'
import { type DeletedKeyRow, decode, type KeyRow, withEntries } from './key-rows.ts'
import type { ProjectRolesRow } from './project-roles-rows.ts'
import type { KeyVersionRow } from './version-rows.ts'

const pageSize = 200

/** All rows of every project that a policy MAC covers, in pages. */
export interface MacCoveredRows {
  keys(): AsyncGenerator<readonly KeyRow[]>
  versions(): AsyncGenerator<readonly KeyVersionRow[]>
  deletedKeys(): AsyncGenerator<readonly DeletedKeyRow[]>
  importParameters(): AsyncGenerator<readonly ImportParametersRow[]>
  projectRoles(): AsyncGenerator<readonly ProjectRolesRow[]>
}

/** Reads whole tables, to check all that is stored. */
export function macCoveredRows(db: Queryable): MacCoveredRows {
  return {
    keys: () => byId(async (page) => (await db.key.findMany(page)).map(decode)),
    versions: () => byId((page) => db.keyVersion.findMany(page)),
    deletedKeys: () => byId(async (page) => (await db.deletedKey.findMany(page)).map(withEntries)),
    importParameters: () =>
      byId((page) => db.importParameters.findMany({ ...page, omit: { rootKeyId: true, wrapped: true } })),
    projectRoles: () => byId((page) => db.projectRoles.findMany(page)),
  }
}

interface RowPage {
  readonly where: { readonly id?: { readonly gt: string } }
  readonly orderBy: { readonly id: 'asc' }
  readonly take: number
}

function byId<Row extends { readonly id: string }>(
  find: (page: RowPage) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  return inPages<Row, string | null>({
    // A forged row can have any UUID, also the lowest one.
    after: null,
    find: (id) =>
      find({ where: id === null ? {} : { id: { gt: id } }, orderBy: { id: 'asc' }, take: pageSize }),
    keyOf: ({ id }) => id,
  })
}
