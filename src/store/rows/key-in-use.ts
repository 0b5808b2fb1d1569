import { Prisma } from '../generated/client.ts'
import type { Queryable } from '../queryable.ts'
import { type Columns, partOf, select } from './columns.ts'
import { columnsOfKey, type KeyRow } from './key-rows.ts'
import { columnsOfVersion, type KeyVersionRow, type MaterialRow } from './version-rows.ts'

/** A key with what most uses of it need. */
export interface KeyInUse {
  readonly key: KeyRow
  /** Its newest version; null if it has none. */
  readonly version: KeyVersionRow | null
  /** Wrapped material of that version; null if there is none. */
  readonly material: MaterialRow | null
}

const materialColumns: Columns<MaterialRow> = {
  versionId: 'version_id',
  rootKeyId: 'root_key_id',
  wrapped: 'wrapped',
}
const columns = Prisma.join([
  select('k', columnsOfKey, 'key.'),
  select('v', columnsOfVersion, 'version.'),
  select('m', materialColumns, 'material.'),
])

/** One key with its newest version and the material of that, in one statement; null if the project has none of this ID. */
export async function findKeyInUse(
  db: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<KeyInUse | null> {
  const [row] = await db.$queryRaw<Record<string, unknown>[]>`/* prepared as find_key_in_use */
    SELECT ${columns} FROM keys k
    LEFT JOIN key_versions v ON v.key_id = k.id AND v.number = k.last_version_number
    LEFT JOIN key_material m ON m.version_id = v.id
    WHERE k.project_id = ${projectId} AND k.id = ${id}::uuid`
  if (row === undefined) return null
  return {
    key: partOf(row, columnsOfKey, 'key.'),
    version: row['version.id'] === null ? null : partOf(row, columnsOfVersion, 'version.'),
    material: row['material.versionId'] === null ? null : partOf(row, materialColumns, 'material.'),
  }
}
