import { Prisma } from '../generated/client.ts'
import { prepared, type Queryable, rowOf, select } from '../sql.ts'
import { decode, type KeyRow, keyTable } from './key-rows.ts'
import {
  findVersionsOfKeys,
  type KeyVersionRow,
  type MaterialRow,
  materialTable,
  versionTable,
} from './version-rows.ts'

/** A key with what most uses of it need. */
export interface KeyWithNewestVersion {
  readonly key: KeyRow
  /** Its newest version; null if it has none. */
  readonly version: KeyVersionRow | null
  /** Wrapped material of that version; null if there is none. */
  readonly material: MaterialRow | null
}

const keyInUseColumns = Prisma.join([
  select('k', keyTable, 'key.'),
  select('v', versionTable, 'version.'),
  select('m', materialTable, 'material.'),
])

/** One key with its newest version and the material of that, in one statement; null if the project has none of this ID. */
export async function findKeyInUse(
  db: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<KeyWithNewestVersion | null> {
  const [row] = await db.$queryRaw<Record<string, unknown>[]>(
    prepared(
      'find_key_in_use',
      Prisma.sql`
    SELECT ${keyInUseColumns} FROM keys k
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

/** A key with all of its versions, oldest first. */
export interface WholeKey {
  readonly row: KeyRow
  readonly versions: readonly KeyVersionRow[]
}

const wholeKeyColumns = Prisma.join([select('k', keyTable, 'key.'), select('v', versionTable, 'version.')])

/**
 * A key with its versions as of one moment, in one statement that takes no lock; null if the project has none of this ID.
 * The columns of the key, which may have a long access list, are read once and not with each version.
 */
export async function findWholeKey(
  db: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<WholeKey | null> {
  const rows = await db.$queryRaw<Record<string, unknown>[]>(
    prepared(
      'find_whole_key',
      Prisma.sql`
    SELECT ${wholeKeyColumns}
    FROM (SELECT *, 1::bigint AS place FROM keys WHERE project_id = ${projectId} AND id = ${id}::uuid) AS k
    FULL JOIN (
      SELECT *, row_number() OVER (ORDER BY number) AS place FROM key_versions WHERE key_id = ${id}::uuid
    ) AS v ON v.place = k.place
    ORDER BY COALESCE(v.place, 0)`,
    ),
  )
  const [first] = rows
  if (first === undefined || first['key.id'] === null) return null
  return {
    row: rowOf(first, keyTable, 'key.'),
    versions: rows.flatMap((row) =>
      row['version.id'] === null ? [] : [rowOf(row, versionTable, 'version.')],
    ),
  }
}

/** Locked keys with their versions, by their IDs, in any project and in no order. */
export async function findLockedKeys(tx: Queryable, ids: readonly string[]): Promise<WholeKey[]> {
  const rows = await tx.key.findMany({ where: { id: { in: [...ids] } } })
  const versions = await findVersionsOfKeys(tx, ids)
  return rows.map((row) => ({ row: decode(row), versions: versions.get(row.id) ?? [] }))
}
