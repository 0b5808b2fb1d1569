import { type KeyVersion, Prisma } from '../generated/client.ts'
import type { Queryable } from '../queryable.ts'
import { type Columns, select } from './columns.ts'

/** A key version without its material; see prisma/schema.prisma for the meaning of the columns. */
export interface KeyVersionRow {
  readonly id: string
  readonly keyId: string
  readonly number: number
  readonly status: 'ACTIVE' | 'DEACTIVATED' | 'DESTROY_SCHEDULED' | 'DESTROYED'
  readonly keyRevision: number
  readonly createdAt: Date
  readonly activatedAt: Date
  readonly deactivatedAt: Date | null
  readonly destroyScheduledFor: Date | null
  readonly destroyedAt: Date | null
  readonly publicKey: Uint8Array | null
  readonly mac: Uint8Array
}

/** Wrapped material of one version. */
export interface MaterialRow {
  readonly versionId: string
  readonly rootKeyId: string
  readonly wrapped: Uint8Array
}

/** The columns of `key_versions`. */
export const columnsOfVersion: Columns<KeyVersionRow> = {
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
}

/** The columns of a version in a raw statement, of `key_versions v`. */
export const versionColumns = select('v', columnsOfVersion)

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

/** How many versions each key has that are not DESTROYED at a moment, in one statement. */
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

/** How many versions each of several keys has, in one statement. */
export async function countVersions(db: Queryable, keyIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.keyVersion.groupBy({
    by: ['keyId'],
    where: { keyId: { in: [...keyIds] } },
    _count: { _all: true },
  })
  return new Map(rows.map((row) => [row.keyId, row._count._all]))
}

/** Adds a version and its wrapped material. */
export async function insertVersion(
  tx: Queryable,
  row: KeyVersionRow,
  material: Omit<MaterialRow, 'versionId'>,
): Promise<void> {
  await tx.keyVersion.create({ data: encode(row) })
  await tx.keyMaterial.create({
    data: { versionId: row.id, rootKeyId: material.rootKeyId, wrapped: new Uint8Array(material.wrapped) },
  })
}

/** Replaces a version's row; the wrapped material of a destroyed one is erased with it. */
export async function updateVersion(tx: Queryable, row: KeyVersionRow): Promise<void> {
  const { id, ...data } = encode(row)
  await tx.keyVersion.update({ where: { id }, data })
  if (row.status === 'DESTROYED') await tx.keyMaterial.deleteMany({ where: { versionId: id } })
}

/** The wrapped material of a version, or null when it was erased. */
export async function findMaterial(db: Queryable, versionId: string): Promise<MaterialRow | null> {
  return db.keyMaterial.findUnique({ where: { versionId } })
}

function encode(row: KeyVersionRow): Prisma.KeyVersionCreateManyInput & { id: string } {
  return {
    ...row,
    publicKey: row.publicKey === null ? null : new Uint8Array(row.publicKey),
    mac: new Uint8Array(row.mac),
  }
}
