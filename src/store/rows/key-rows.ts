import { type DeletedKey, type Key, Prisma } from '../generated/client.ts'
import { fieldsOf, insertRows, prepared, type Queryable, type RowOf, type Table, updateRows } from '../sql.ts'
import type { StoredAccessList } from '../subjects.ts'
import { sentTogether } from '../together.ts'
import type { StoredKeySet } from './key-set-rows.ts'

/** A live key. Days are `YYYY-MM-DD`; prisma/schema.prisma describes the columns. */
export type KeyRow = Omit<
  WithEntries<RowOf<Key, 'rotationConfiguredOn' | 'rotationDueOn'>>,
  'labels' | 'keySet'
> & {
  readonly labels: readonly { readonly name: string; readonly value: string }[]
  readonly keySet: StoredKeySet | null
}

/** A row with the type that its entries have in JSON. */
type WithEntries<Row> = Omit<Row, 'accessEntries'> & Pick<StoredAccessList, 'accessEntries'>

/** Later columns of a key. */
export const laterKeyColumns = {
  origin: 'KEYSTEAD',
  skippedVersions: [],
  restoredAt: null,
  accessEntries: [],
  aliases: [],
  labels: [],
  decryptableInGraph: false,
  keySet: null,
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
    aliases: 'aliases',
    labels: 'labels',
    decryptableInGraph: 'decryptable_in_graph',
    keySet: 'key_set',
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

/** A name or an alias, inside one project. */
export interface NameLookup {
  readonly projectId: string
  readonly name: string
}

/** True if a user key has the name, or an alias like it. */
export function hasName({ kind, name, aliases }: KeyRow, wanted: string): boolean {
  return kind === 'USER' && (name === wanted || aliases.includes(wanted))
}

/** UUID of the user key with this name or alias; null if there is none. The aliases in its row decide. */
export async function findKeyIdByName(db: Queryable, lookup: NameLookup): Promise<string | null> {
  const [row] = await db.$queryRaw<{ id: string }[]>(prepared('find_key_by_name', keyIdsByName(lookup)))
  return row?.id ?? null
}

/** Query for the ID of the user key with a name or alias. */
export function keyIdsByName({ projectId, name }: NameLookup): Prisma.Sql {
  return Prisma.sql`
    SELECT id FROM keys WHERE project_id = ${projectId} AND name = ${name} AND kind = 'USER'
    UNION ALL SELECT key_id FROM key_aliases WHERE project_id = ${projectId} AND alias = ${name}
    LIMIT 1`
}

/**
 * Keeps a name or alias free for this transaction; false if it is taken. Other transactions that want it wait. Names and
 * aliases share one space, which is too much for a unique index.
 */
export async function claimName(tx: Queryable, { projectId, name }: NameLookup): Promise<boolean> {
  const lock = JSON.stringify(['keystead name', projectId, name])
  const [, isTaken] = await sentTogether(
    () => tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${lock}, 0))`,
    () => isNameTaken(tx, { projectId, name }),
  )
  return !isTaken
}

/** True if a live key of the project has the name, or an alias like it. Only `claimName` gives an answer that lasts. */
export async function isNameTaken(db: Queryable, { projectId, name }: NameLookup): Promise<boolean> {
  const [row] = await db.$queryRaw<{ taken: boolean }[]>`
    SELECT EXISTS (SELECT FROM keys WHERE project_id = ${projectId} AND name = ${name})
      OR EXISTS (SELECT FROM key_aliases WHERE project_id = ${projectId} AND alias = ${name}) AS taken`
  return row?.taken === true
}

/** Enters an alias of a key, in place of the key that had it. */
export async function putAlias(tx: Queryable, alias: NameLookup & { readonly keyId: string }): Promise<void> {
  const { projectId, name, keyId } = alias
  await tx.$executeRaw`
    INSERT INTO key_aliases (project_id, alias, key_id) VALUES (${projectId}, ${name}, ${keyId}::uuid)
    ON CONFLICT (project_id, alias) DO UPDATE SET key_id = EXCLUDED.key_id`
}

/** Removes an alias. */
export async function removeAlias(tx: Queryable, { projectId, name }: NameLookup): Promise<void> {
  await tx.$executeRaw`DELETE FROM key_aliases WHERE project_id = ${projectId} AND alias = ${name}`
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
    // As with the entries, the MAC of the row proves the type.
    labels: row.labels as unknown as KeyRow['labels'],
    keySet: row.keySet as unknown as KeyRow['keySet'],
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
