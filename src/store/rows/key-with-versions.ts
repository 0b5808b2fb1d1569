import { Prisma } from '../generated/client.ts'
import { prepared, type Queryable, rowOf, select } from '../sql.ts'
import { decode, type KeyRow, keyIdsByName, keyTable, type NameLookup } from './key-rows.ts'
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

/**
 * Keys with their newest versions and the material of these, in one statement and in the order of the look-ups; null where a
 * project has none of an ID.
 */
export async function findKeysInUse(
  db: Queryable,
  lookups: readonly { readonly projectId: string; readonly id: string }[],
): Promise<(KeyWithNewestVersion | null)[]> {
  const rows = await db.$queryRaw<Record<string, unknown>[]>(
    prepared(
      'find_keys_in_use',
      Prisma.sql`
    SELECT w.place::int AS place, ${keyInUseColumns}
    FROM unnest(${lookups.map(({ id }) => id)}::uuid[], ${lookups.map(({ projectId }) => projectId)}::text[])
      WITH ORDINALITY AS w(id, project_id, place)
    JOIN keys k ON k.id = w.id AND k.project_id = w.project_id
    LEFT JOIN key_versions v ON v.key_id = k.id AND v.number = k.last_version_number
    LEFT JOIN key_material m ON m.version_id = v.id`,
    ),
  )
  const found = new Map(rows.map((row) => [row['place'], row]))
  return lookups.map((_, index) => {
    const row = found.get(index + 1)
    if (row === undefined) return null
    return {
      key: rowOf(row, keyTable, 'key.'),
      version: row['version.id'] === null ? null : rowOf(row, versionTable, 'version.'),
      material: row['material.versionId'] === null ? null : rowOf(row, materialTable, 'material.'),
    }
  })
}

/** A key with all of its versions, oldest first. */
export interface WholeKey {
  readonly row: KeyRow
  readonly versions: readonly KeyVersionRow[]
}

const wholeKeyColumns = Prisma.join([select('k', keyTable, 'key.'), select('v', versionTable, 'version.')])

/**
 * A key with its versions as of one moment, in one statement that takes no lock; null if the project has none of this ID, or
 * no user key of this name or alias. The columns of the key, which may have a long access list, are read once and not with
 * each version.
 */
export async function findWholeKey(
  db: Queryable,
  lookup: { readonly projectId: string; readonly id: string } | NameLookup,
): Promise<WholeKey | null> {
  const { projectId } = lookup
  const found = 'id' in lookup ? Prisma.sql`SELECT ${lookup.id}::uuid AS id` : keyIdsByName(lookup)
  const rows = await db.$queryRaw<Record<string, unknown>[]>(
    prepared(
      'id' in lookup ? 'find_whole_key' : 'find_whole_key_by_name',
      Prisma.sql`
    WITH found AS MATERIALIZED (${found})
    SELECT ${wholeKeyColumns}
    FROM (
      SELECT *, 1::bigint AS place FROM keys WHERE project_id = ${projectId} AND id = (SELECT id FROM found)
    ) AS k
    FULL JOIN (
      SELECT *, row_number() OVER (ORDER BY number) AS place FROM key_versions
      WHERE key_id = (SELECT id FROM found)
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
