import type { Key, Prisma } from '../generated/client.ts'
import type { Queryable } from '../queryable.ts'
import type { Columns } from './columns.ts'

/** Bytes as the database gives and takes them. */
export type Bytes = Uint8Array<ArrayBuffer>

/** A live key. Days are `YYYY-MM-DD`; see prisma/schema.prisma for the meaning of the columns. */
export interface KeyRow {
  readonly id: string
  readonly redactedId: string
  readonly projectId: string
  readonly kind: 'USER' | 'SERVICE'
  readonly name: string
  readonly description: string
  readonly serviceName: string | null
  readonly usage: string
  readonly algorithm: string
  readonly origin: 'KEYSTEAD' | 'EXTERNAL'
  readonly status: 'PRE_ACTIVATION' | 'ACTIVE' | 'DEACTIVATED'
  readonly createdBy: string
  readonly owner: string | null
  readonly accessControlEnabled: boolean
  readonly allowedSubjects: readonly string[]
  readonly rotationEnabled: boolean
  readonly rotationCycleDays: number
  readonly rotationConfiguredOn: string
  readonly rotationDueOn: string | null
  readonly lastRotatedAt: Date | null
  readonly lastVersionNumber: number
  readonly skippedVersions: readonly number[]
  readonly restoredAt: Date | null
  readonly revision: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly mac: Uint8Array
}

/** The columns of `keys`. */
export const columnsOfKey: Columns<KeyRow> = {
  id: 'id',
  redactedId: 'redacted_id',
  projectId: 'project_id',
  kind: 'kind',
  name: 'name',
  description: 'description',
  serviceName: 'service_name',
  usage: 'usage',
  algorithm: 'algorithm',
  origin: 'origin',
  status: 'status',
  createdBy: 'created_by',
  owner: 'owner',
  accessControlEnabled: 'access_control_enabled',
  allowedSubjects: 'allowed_subjects',
  rotationEnabled: 'rotation_enabled',
  rotationCycleDays: 'rotation_cycle_days',
  // Days are text in the program.
  rotationConfiguredOn: 'rotation_configured_on::text',
  rotationDueOn: 'rotation_due_on::text',
  lastRotatedAt: 'last_rotated_at',
  lastVersionNumber: 'last_version_number',
  skippedVersions: 'skipped_versions',
  restoredAt: 'restored_at',
  revision: 'revision',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  mac: 'mac',
}

/** The highest version number that any key has used up; 0 if there is none. */
export async function findHighestVersionNumber(db: Queryable): Promise<number> {
  const [row] = await db.$queryRaw<{ highest: number | null }[]>`
    SELECT max(greatest(last_version_number, skipped_versions[cardinality(skipped_versions)])) AS highest FROM keys`
  return row?.highest ?? 0
}

/** What is kept of a deleted key. */
export interface DeletedKeyRow {
  readonly id: string
  readonly redactedId: string
  readonly projectId: string
  readonly name: string
  readonly createdBy: string
  readonly owner: string | null
  readonly accessControlEnabled: boolean
  readonly allowedSubjects: readonly string[]
  readonly revision: number
  readonly createdAt: Date
  readonly deletedAt: Date
  readonly mac: Uint8Array
}

/** Which one key is looked for, always inside one project. */
export type KeyLookup = { readonly projectId: string } & (
  | { readonly id: string }
  | { readonly redactedId: string }
  | { readonly name: string; readonly kind: KeyRow['kind'] }
)

/** One key, or null. */
export async function findKey(db: Queryable, lookup: KeyLookup): Promise<KeyRow | null> {
  const row = await db.key.findFirst({ where: lookup })
  return row === null ? null : decode(row)
}

/** Several keys by either of their IDs, inside one project, in no order. */
export async function findKeys(
  db: Queryable,
  lookup: { projectId: string; ids: readonly string[]; redactedIds: readonly string[] },
): Promise<KeyRow[]> {
  const { projectId, ids, redactedIds } = lookup
  const rows = await db.key.findMany({
    where: { projectId, OR: [{ id: { in: [...ids] } }, { redactedId: { in: [...redactedIds] } }] },
  })
  return rows.map(decode)
}

/** Locks a key's row until the transaction ends. Nobody is told: who changes the row announces that. */
export async function lockKey(
  tx: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM keys WHERE id = ${id}::uuid AND project_id = ${projectId} FOR UPDATE`
}

/** Adds a key; false if its name is taken. A taken name is no error, since that would end the transaction. */
export async function insertKey(tx: Queryable, row: KeyRow): Promise<boolean> {
  const { count } = await tx.key.createMany({ data: [encode(row)], skipDuplicates: true })
  return count === 1
}

/** Whether a live key of the project, other than this one, has the name. */
export async function isNameTaken(
  tx: Queryable,
  wanted: { projectId: string; name: string; exceptId: string | null },
): Promise<boolean> {
  const { projectId, name, exceptId } = wanted
  return (
    (await tx.key.count({
      where: { projectId, name, ...(exceptId !== null && { id: { not: exceptId } }) },
    })) > 0
  )
}

/** Replaces a locked key's row. */
export async function updateKey(tx: Queryable, row: KeyRow): Promise<void> {
  const { id, ...columns } = encode(row)
  await tx.key.update({ where: { id }, data: columns })
}

/** Replaces a live key by what is kept of it; its versions go with it. */
export async function moveToDeleted(tx: Queryable, row: DeletedKeyRow): Promise<void> {
  await tx.deletedKey.create({
    data: { ...row, allowedSubjects: [...row.allowedSubjects], mac: new Uint8Array(row.mac) },
  })
  await tx.key.delete({ where: { id: row.id } })
}

/** What is left of several deleted keys, inside one project, in no order. */
export async function findDeletedKeys(
  db: Queryable,
  lookup: { projectId: string; ids: readonly string[] },
): Promise<DeletedKeyRow[]> {
  return db.deletedKey.findMany({ where: { projectId: lookup.projectId, id: { in: [...lookup.ids] } } })
}

/** The columns as Prisma takes them. */
export function encode(row: KeyRow): Prisma.KeyCreateManyInput & { id: string } {
  return {
    ...row,
    allowedSubjects: [...row.allowedSubjects],
    skippedVersions: [...row.skippedVersions],
    rotationConfiguredOn: dateOf(row.rotationConfiguredOn),
    rotationDueOn: row.rotationDueOn === null ? null : dateOf(row.rotationDueOn),
    mac: new Uint8Array(row.mac),
  }
}

/** The row as the rest of the program knows it. */
export function decode(row: Key): KeyRow {
  return {
    ...row,
    rotationConfiguredOn: dayOf(row.rotationConfiguredOn),
    rotationDueOn: row.rotationDueOn === null ? null : dayOf(row.rotationDueOn),
  }
}

/** Prisma stands a date column for its midnight in UTC. */
function dateOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`)
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
