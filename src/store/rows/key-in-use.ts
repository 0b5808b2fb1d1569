import { Prisma } from '../generated/client.ts'
import { prepared } from '../prepared.ts'
import type { Queryable } from '../queryable.ts'
import { rowOf, select } from '../table.ts'
import { type KeyRow, keyTable } from './key-rows.ts'
import { type KeyVersionRow, type MaterialRow, materialTable, versionTable } from './version-rows.ts'

/** A key with what most uses of it need. */
export interface KeyInUse {
  readonly key: KeyRow
  /** Its newest version; null if it has none. */
  readonly version: KeyVersionRow | null
  /** Wrapped material of that version; null if there is none. */
  readonly material: MaterialRow | null
}

const columns = Prisma.join([
  select('k', keyTable, 'key.'),
  select('v', versionTable, 'version.'),
  select('m', materialTable, 'material.'),
])

/** One key with its newest version and the material of that, in one statement; null if the project has none of this ID. */
export async function findKeyInUse(
  db: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<KeyInUse | null> {
  const [row] = await db.$queryRaw<Record<string, unknown>[]>(
    prepared(
      'find_key_in_use',
      Prisma.sql`
    SELECT ${columns} FROM keys k
    LEFT JOIN key_versions v ON v.key_id = k.id AND v.number = k.last_version_number
    LEFT JOIN key_material m ON m.version_id = v.id
    WHERE k.project_id = ${projectId} AND k.id = ${id}::uuid`,
    ),
  )
  if (row === undefined) return null
  return {
    key: rowOf(row, keyTable, 'key.'),
    version: row['version.id'] === null ? null : rowOf(row, versionTable, 'version.'),
    material: row['material.versionId'] === null ? null : rowOf(row, materialTable, 'material.'),
  }
}
