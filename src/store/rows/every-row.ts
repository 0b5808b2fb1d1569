import type { Queryable } from '../queryable.ts'
import type { ImportParametersRow } from './import-rows.ts'
import { type DeletedKeyRow, decode, type KeyRow } from './key-rows.ts'
import type { KeyVersionRow } from './version-rows.ts'
import type { WrappedMaterialRow } from './wrapped-rows.ts'

const pageSize = 200

/** All rows that a policy MAC covers, of every project, in pages. */
export interface EveryRow {
  keys(): AsyncGenerator<readonly KeyRow[]>
  versions(): AsyncGenerator<readonly KeyVersionRow[]>
  deletedKeys(): AsyncGenerator<readonly DeletedKeyRow[]>
  importParameters(): AsyncGenerator<readonly ImportParametersRow[]>
}

/** Reads whole tables, for checks of all that is there. */
export function everyRow(db: Queryable): EveryRow {
  return {
    keys: () => inPages(async (page) => (await db.key.findMany(page)).map(decode)),
    versions: () => inPages((page) => db.keyVersion.findMany(page)),
    deletedKeys: () => inPages((page) => db.deletedKey.findMany(page)),
    importParameters: () =>
      inPages((page) => db.importParameters.findMany({ ...page, omit: { rootKeyId: true, wrapped: true } })),
  }
}

/** Material that was picked at random from all that is under a root key. */
export async function pickMaterial(
  db: Queryable,
  { rootKeyId, max }: { rootKeyId: string; max: number },
): Promise<WrappedMaterialRow[]> {
  return db.$queryRaw<WrappedMaterialRow[]>`
    SELECT m.version_id AS id, m.root_key_id AS "rootKeyId", m.wrapped, k.project_id AS "projectId",
      k.id AS "keyId", v.number AS "versionNumber", k.algorithm
    FROM key_material m JOIN key_versions v ON v.id = m.version_id JOIN keys k ON k.id = v.key_id
    WHERE m.root_key_id = ${rootKeyId} ORDER BY random() LIMIT ${max}`
}

interface Page {
  readonly where: { readonly id?: { readonly gt: string } }
  readonly orderBy: { readonly id: 'asc' }
  readonly take: number
}

async function* inPages<Row extends { readonly id: string }>(
  find: (page: Page) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  for (let last: Row | undefined; ; ) {
    const where = last === undefined ? {} : { id: { gt: last.id } }
    const rows = await find({ where, orderBy: { id: 'asc' }, take: pageSize })
    if (rows.length > 0) yield rows
    last = rows.at(-1)
    if (last === undefined || rows.length < pageSize) return
  }
}
