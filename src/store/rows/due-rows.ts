import { Prisma } from '../generated/client.ts'
import { lowestUuid } from '../pages.ts'
import type { Queryable } from '../sql.ts'

/** A key for which something is due. */
export interface DueKey {
  readonly id: string
  readonly projectId: string
  /** Position of the key in its list; the next page begins after it. */
  readonly position: string
}

/** Which keys are wanted by the kind of their algorithm. */
export type AlgorithmFilter = { readonly among: readonly string[] } | { readonly except: readonly string[] }

/** A page of keys that are due. */
export interface DuePage {
  readonly after: DueKey | null
  readonly max: number
}

/** A date before all others. */
const firstDay = '-infinity'

/** Keys whose rotation is due on a day or before, the oldest days first. */
export async function findKeysDueForRotation(
  db: Queryable,
  { onOrBefore, algorithms, after, max }: DuePage & { onOrBefore: string; algorithms: AlgorithmFilter },
): Promise<DueKey[]> {
  return db.$queryRaw<DueKey[]>`
    SELECT id, project_id AS "projectId", rotation_due_on::text AS position FROM keys
    WHERE rotation_due_on <= ${onOrBefore}::date
      AND (rotation_due_on, id) > (${after?.position ?? firstDay}::date, ${after?.id ?? lowestUuid}::uuid)
      AND ${isAmong(algorithms)}
    ORDER BY rotation_due_on, id LIMIT ${max}::int`
}

/**
 * Locks up to `max` of some keys whose rotation is still due, until the transaction ends, and skips keys that others have
 * locked. Returns their IDs in no order.
 */
export async function claimKeysDueForRotation(
  tx: Queryable,
  { ids, onOrBefore, max }: { ids: readonly string[]; onOrBefore: string; max: number },
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM keys WHERE id = ANY(${ids}::uuid[]) AND rotation_due_on <= ${onOrBefore}::date
    LIMIT ${max}::int FOR UPDATE SKIP LOCKED`
  return rows.map(({ id }) => id)
}

/** Keys with a version whose waiting period has ended. */
export async function findKeysDueForDestruction(
  db: Queryable,
  { now, after, max }: DuePage & { now: Date },
): Promise<DueKey[]> {
  return db.$queryRaw<DueKey[]>`
    SELECT id, project_id AS "projectId", id::text AS position FROM keys WHERE id IN (
      SELECT DISTINCT key_id FROM key_versions
      WHERE status = 'DESTROY_SCHEDULED' AND destroy_scheduled_for <= ${now.toISOString()}::text::timestamptz
        AND key_id > ${after?.id ?? lowestUuid}::uuid
      ORDER BY key_id LIMIT ${max}::int)
    ORDER BY id`
}

/** The same as for rotations, of keys with a version whose waiting period has ended. */
export async function claimKeysDueForDestruction(
  tx: Queryable,
  { ids, now, max }: { ids: readonly string[]; now: Date; max: number },
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id FROM keys k WHERE id = ANY(${ids}::uuid[]) AND EXISTS (
      SELECT FROM key_versions v WHERE v.key_id = k.id AND v.status = 'DESTROY_SCHEDULED'
        AND v.destroy_scheduled_for <= ${now.toISOString()}::text::timestamptz)
    LIMIT ${max}::int FOR UPDATE SKIP LOCKED`
  return rows.map(({ id }) => id)
}

function isAmong(filter: AlgorithmFilter): Prisma.Sql {
  return 'among' in filter
    ? Prisma.sql`algorithm = ANY(${filter.among}::text[])`
    : Prisma.sql`algorithm <> ALL(${filter.except}::text[])`
}
