import { Prisma } from '../generated/client.ts'
import { prepared } from '../prepared.ts'
import type { Queryable } from '../queryable.ts'
import { rowOf, select } from '../table.ts'
import { type KeyRow, keyTable } from './key-rows.ts'
import { type KeyVersionRow, versionTable } from './version-rows.ts'

/** A key with all of its versions, oldest first. */
export interface WholeKey {
  readonly row: KeyRow
  readonly versions: readonly KeyVersionRow[]
}

const columns = Prisma.join([select('k', keyTable, 'key.'), select('v', versionTable, 'version.')])

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
    SELECT ${columns}
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
