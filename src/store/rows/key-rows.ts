import type { DeletedKey, Key } from '../generated/client.ts'
import { fieldsOf, insertRows, type Queryable, type RowOf, type Table, updateRows } from '../sql.ts'
import type { StoredAccessList } from '../subjects.ts'

/** A live key. Days are `YYYY-MM-DD`; prisma/schema.prisma describes the columns. */
export type KeyRow = WithEntries<RowOf<Key, 'rotationConfiguredOn' | 'rotationDueOn'>>

/** A row with the type that its entries have in JSON. */
type WithEntries<Row> = Omit<Row, 'accessEntries'> & Pick<StoredAccessList, 'accessEntries'>

/** Later columns of a key. */
export const laterKeyColumns = {
  origin: 'KEYSTEAD',
  skippedVersions: [],
  restoredAt: null,
  accessEntries: [],
} satisfies Partial<KeyRow>

/** Columns of a key. */
export const keyTable: Table<KeyRow> = {
  name: 'keys',
  columns: {
    id: 'id',
    redactedId: 'redacted_id',
    projectId: 'project_id',
    kind: 'kind',
    name: 'name',
    description: 'description',
    serviceName: 'service_name',
    usage: 'usage',
    algorithm: 'algorithm',
    status: 'status',
    createdBy: 'created_by',
    owner: 'owner',
    accessControlEnabled: 'access_control_enabled',
    allowedSubjects: 'allowed_subjects',
    rotationEnabled: 'rotation_enabled',
    rotationCycleDays: 'rotation_cycle_days',
    rotationConfiguredOn: 'rotation_configured_on',
    rotationDueOn: 'rotation_due_on',
    lastRotatedAt: 'last_rotated_at',
    lastVersionNumber: 'last_version_number',
    revision: 'revision',
    createdAt: 'created_at',
    updatedAt: 'updated_at',
    origin: 'origin',
    skippedVersions: 'skipped_versions',
    restoredAt: 'restored_at',
    accessEntries: 'access_entries',
    mac: 'mac',
  },
  later: laterKeyColumns,
  days: ['rotationConfiguredOn', 'rotationDueOn'],
}

/** Highest version number in use by any key; 0 if there is none. */
export async function findHighestVersionNumber(db: Queryable): Promise<number> {
  const [row] = await db.$queryRaw<{ highest: number | null }[]>`
    SELECT max(greatest(last_version_number, skipped_versions[cardinality(skipped_versions)])) AS highest FROM keys`
  return row?.highest ?? 0
}

/** Tombstone of a deleted key: what is needed to decide who may read its history. */
export type DeletedKeyRow = WithEntries<RowOf<DeletedKey>>

/** Columns of a tombstone. */
export const deletedKeyTable: Table<DeletedKeyRow> = {
  name: 'deleted_keys',
  columns: {
    id: 'id',
    redactedId: 'redacted_id',
    projectId: 'project_id',
    name: 'name',
    createdBy: 'created_by',
    owner: 'owner',
    accessControlEnabled: 'access_control_enabled',
    allowedSubjects: 'allowed_subjects',
    revision: 'revision',
    createdAt: 'created_at',
    deletedAt: 'deleted_at',
    accessEntries: 'access_entries',
    mac: 'mac',
  },
  later: { accessEntries: [] },
}

/** Identifies one key, always inside one project. */
export type KeyLookup = { readonly projectId: string } & (
  | { readonly id: string; readonly kind?: KeyRow['kind'] }
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

/** Locks a key's row until the transaction ends. Announcing a change is up to the caller. */
export async function lockKey(
  tx: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM keys WHERE id = ${id}::uuid AND project_id = ${projectId} FOR UPDATE`
}

/** Inserts a key. Returns false if its name is taken: an error would abort the transaction. */
export async function insertKey(tx: Queryable, row: KeyRow): Promise<boolean> {
  return (await insertRows(tx, keyTable, [row], { skipDuplicates: true })) === 1
}

/** True if another live key of the project has the name. */
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

/** Replaces rows of locked keys in one statement: the fields in which any of them has changed. */
export async function updateKeys(
  tx: Queryable,
  changes: readonly { readonly before: KeyRow; readonly after: KeyRow }[],
): Promise<void> {
  const fields = fieldsOf(keyTable).filter((field) =>
    changes.some(({ before, after }) => before[field] !== after[field]),
  )
  const rows = changes.map(({ after }) => after)
  await updateRows(tx, keyTable, rows, fields)
}

/** Replaces a live key by its tombstone and deletes its versions. */
export async function moveToDeleted(tx: Queryable, row: DeletedKeyRow): Promise<void> {
  await insertRows(tx, deletedKeyTable, [row])
  await tx.key.delete({ where: { id: row.id } })
}

/** Tombstones of several deleted keys of one project, in no order. */
export async function findDeletedKeys(
  db: Queryable,
  lookup: { projectId: string; ids: readonly string[] },
): Promise<DeletedKeyRow[]> {
  const rows = await db.deletedKey.findMany({
    where: { projectId: lookup.projectId, id: { in: [...lookup.ids] } },
  })
  return rows.map(withEntries)
}

/** Decodes a row that Prisma read. */
export function decode(row: Key): KeyRow {
  return {
    ...withEntries(row),
    rotationConfiguredOn: dayOf(row.rotationConfiguredOn),
    rotationDueOn: row.rotationDueOn === null ? null : dayOf(row.rotationDueOn),
  }
}

/** The MAC of the row proves that its entries have the type. */
export function withEntries<Row extends { readonly accessEntries: unknown }>(row: Row): WithEntries<Row> {
  return row as WithEntries<Row>
}

/** Prisma represents a date column by its midnight in UTC. */
function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
