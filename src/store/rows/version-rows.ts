import { type KeyMaterial, type KeyVersion, Prisma } from '../generated/client.ts'
import { fieldsOf, insertRows, type Queryable, type RowOf, select, type Table, updateRows } from '../sql.ts'
import { sentTogether } from '../together.ts'

/** A key version without its material; prisma/schema.prisma describes the columns. */
export type KeyVersionRow = RowOf<KeyVersion>

/** Wrapped material of one version. */
export type MaterialRow = RowOf<KeyMaterial>

/** Columns of a version. */
export const versionTable: Table<KeyVersionRow> = {
  name: 'key_versions',
  columns: {
    id: 'id',
    keyId: 'key_id',
    number: 'number',
    status: 'status',
    keyRevision: 'key_revision',
    createdAt: 'created_at',
    activatedAt: 'activated_at',
    deactivatedAt: 'deactivated_at',
    destroyScheduledFor: 'destroy_scheduled_for',
    destroyedAt: 'destroyed_at',
    publicKey: 'public_key',
    mac: 'mac',
  },
}

/** Columns of wrapped material. */
export const materialTable: Table<MaterialRow> = {
  name: 'key_material',
  columns: { versionId: 'version_id', rootKeyId: 'root_key_id', wrapped: 'wrapped' },
}

/** Select list of a version, of `key_versions v`. */
const versionColumns = select('v', versionTable)

/** Some versions of several keys, each named by key and number, in one statement and in no order. */
export async function findVersionsByNumber(
  db: Queryable,
  wanted: readonly { keyId: string; number: number }[],
): Promise<KeyVersionRow[]> {
  if (wanted.length === 0) return []
  const keyIds = wanted.map(({ keyId }) => keyId)
  const numbers = wanted.map(({ number }) => number)
  return db.$queryRaw<KeyVersion[]>`
    SELECT ${versionColumns} FROM unnest(${keyIds}::uuid[], ${numbers}::int[]) AS w(key_id, number)
    JOIN key_versions v ON v.key_id = w.key_id AND v.number = w.number`
}

/** All versions of several keys, by key, oldest first. */
export async function findVersionsOfKeys(
  tx: Queryable,
  keyIds: readonly string[],
): Promise<Map<string, KeyVersionRow[]>> {
  const rows = await tx.$queryRaw<KeyVersionRow[]>`
    SELECT ${versionColumns} FROM key_versions v WHERE v.key_id = ANY(${keyIds}::uuid[]) ORDER BY v.key_id, v.number`
  return Map.groupBy(rows, ({ keyId }) => keyId)
}

/** Versions by their own ID, inside one project, in no order. */
export async function findVersionsById(
  db: Queryable,
  lookup: { projectId: string; ids: readonly string[] },
): Promise<KeyVersionRow[]> {
  const { projectId, ids } = lookup
  return db.keyVersion.findMany({ where: { id: { in: [...ids] }, key: { projectId } } })
}

/** A page of versions of each of several keys, in one statement; `number` bounds exclude. */
export async function findVersionPages(
  db: Queryable,
  page: {
    keyIds: readonly string[]
    above: number | null
    below: number | null
    newestFirst: boolean
    max: number
  },
): Promise<KeyVersionRow[]> {
  const { keyIds, above, below, newestFirst, max } = page
  const order = newestFirst ? Prisma.sql`DESC` : Prisma.sql`ASC`
  return db.$queryRaw<KeyVersion[]>`
    SELECT v.* FROM unnest(${[...keyIds]}::uuid[]) AS w(key_id)
    CROSS JOIN LATERAL (
      SELECT ${versionColumns} FROM key_versions v
      WHERE v.key_id = w.key_id
        AND v.number > ${above ?? 0} AND v.number < ${below ?? 2_147_483_647}
      ORDER BY v.number ${order} LIMIT ${max}
    ) AS v`
}

/** Number of versions of each key that are not DESTROYED at a moment, in one statement. */
export async function countStandingVersions(
  db: Queryable,
  keyIds: readonly string[],
  now: Date,
): Promise<Map<string, number>> {
  const rows = await db.keyVersion.groupBy({
    by: ['keyId'],
    where: {
      keyId: { in: [...keyIds] },
      OR: [
        { status: { in: ['ACTIVE', 'DEACTIVATED'] } },
        { status: 'DESTROY_SCHEDULED', destroyScheduledFor: { gt: now } },
      ],
    },
    _count: { _all: true },
  })
  return new Map(rows.map((row) => [row.keyId, row._count._all]))
}

/** Number of versions of each of several keys, in one statement. */
export async function countVersions(db: Queryable, keyIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.keyVersion.groupBy({
    by: ['keyId'],
    where: { keyId: { in: [...keyIds] } },
    _count: { _all: true },
  })
  return new Map(rows.map((row) => [row.keyId, row._count._all]))
}

/** A version to insert, with its wrapped material. */
export interface NewVersion {
  readonly version: KeyVersionRow
  readonly material: Omit<MaterialRow, 'versionId'>
}

/** Inserts versions and their wrapped material, in one statement each. */
export async function insertVersions(tx: Queryable, added: readonly NewVersion[]): Promise<void> {
  if (added.length === 0) return
  const versions = added.map(({ version }) => version)
  const material = added.map(({ version, material: { rootKeyId, wrapped } }) => ({
    versionId: version.id,
    rootKeyId,
    wrapped,
  }))
  await sentTogether(
    () => insertRows(tx, versionTable, versions),
    () => insertRows(tx, materialTable, material),
  )
}

/** Replaces the rows of versions and erases the material of destroyed ones, in one statement each. */
export async function updateVersions(tx: Queryable, rows: readonly KeyVersionRow[]): Promise<void> {
  if (rows.length === 0) return
  const destroyed = rows.flatMap(({ id, status }) => (status === 'DESTROYED' ? [id] : []))
  await sentTogether(
    () => updateRows(tx, versionTable, rows, fieldsOf(versionTable)),
    destroyed.length === 0
      ? null
      : () => tx.$executeRaw`DELETE FROM key_material WHERE version_id = ANY(${destroyed}::uuid[])`,
  )
}

/** The wrapped material of a version, or null when it was erased. */
export async function findMaterial(db: Queryable, versionId: string): Promise<MaterialRow | null> {
  return db.keyMaterial.findUnique({ where: { versionId } })
}
