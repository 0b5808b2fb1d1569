import { Prisma } from '../generated/client.ts'
import type { Queryable } from '../sql.ts'
import { seesWhole, type ViewerCondition } from '../subjects.ts'
import { allOf } from './key-filter.ts'

/** What is due for the keys of a project that a viewer sees in full: until when, and from when on. */
export interface UpcomingQuery {
  readonly projectId: string
  readonly viewer: ViewerCondition
  /** Last day for rotations. */
  readonly rotationsUntil: string
  /** Destructions that are not due at `now` yet, up to a moment. */
  readonly destructions: { readonly now: Date; readonly until: Date }
}

/** Bound of a page of what is due: what comes after an event, or before it. Rotations of a moment come before destructions. */
export interface UpcomingBound {
  readonly side: 'after' | 'before'
  readonly at: Date
  /** The day that it is then. */
  readonly day: string
  readonly name: string
  /** Number of the version to destroy; null for a rotation. */
  readonly number: number | null
}

/** A rotation or a destruction that is due. */
export interface UpcomingRow {
  readonly keyId: string
  readonly name: string
  /** Day of a rotation; null for a destruction. */
  readonly day: string | null
  /** Moment of a destruction, and the number of its version; null for a rotation. */
  readonly at: Date | null
  readonly number: number | null
}

/** The next rotations and the next destructions, or the last ones, up to `max` of each kind of key and event, in no order. */
export function findUpcoming(
  db: Queryable,
  query: UpcomingQuery,
  { bounds, forward, max }: { bounds: readonly UpcomingBound[]; forward: boolean; max: number },
): Promise<UpcomingRow[]> {
  const way = forward ? Prisma.sql`ASC` : Prisma.sql`DESC`
  const rotationsOf = (kind: 'USER' | 'SERVICE') => Prisma.sql`(
    SELECT k.id AS "keyId", k.name, k.rotation_due_on::text AS day, NULL::timestamptz AS at, NULL::int AS number
    FROM keys k WHERE ${allOf([...rotations(query, kind), ...bounds.map(boundOfRotations)])}
    ORDER BY k.rotation_due_on ${way}, k.name ${way} LIMIT ${max})`
  return db.$queryRaw<UpcomingRow[]>`
    ${rotationsOf('USER')} UNION ALL ${rotationsOf('SERVICE')} UNION ALL (
      SELECT k.id, k.name, NULL, v.destroy_scheduled_for, v.number
      FROM key_versions v JOIN keys k ON k.id = v.key_id
      WHERE ${allOf([...destructions(query), ...bounds.map(boundOfDestructions)])}
      ORDER BY v.destroy_scheduled_for ${way}, k.name ${way}, v.number ${way} LIMIT ${max})`
}

/** Number of rotations and destructions that are due. */
export async function countUpcoming(db: Queryable, query: UpcomingQuery): Promise<number> {
  const [row] = await db.$queryRaw<{ count: bigint }[]>`
    SELECT (SELECT count(*) FROM keys k WHERE ${allOf(rotations(query, 'USER'))})
      + (SELECT count(*) FROM keys k WHERE ${allOf(rotations(query, 'SERVICE'))})
      + (SELECT count(*) FROM key_versions v JOIN keys k ON k.id = v.key_id WHERE ${allOf(destructions(query))})
      AS count`
  return Number(row?.count)
}

function rotations({ projectId, viewer, rotationsUntil }: UpcomingQuery, kind: 'USER' | 'SERVICE') {
  return [
    Prisma.sql`k.project_id = ${projectId}`,
    Prisma.sql`k.kind = ${kind}::"KeyKind"`,
    Prisma.sql`k.rotation_due_on <= ${rotationsUntil}::date`,
    ...(kind === 'USER' ? [seesWhole(viewer, Prisma.sql`k`)] : []),
  ]
}

function destructions({ projectId, viewer, destructions: { now, until } }: UpcomingQuery) {
  return [
    Prisma.sql`v.project_id = ${projectId}`,
    Prisma.sql`k.project_id = ${projectId}`,
    Prisma.sql`v.status = 'DESTROY_SCHEDULED'`,
    Prisma.sql`v.destroy_scheduled_for > ${now}::timestamptz`,
    Prisma.sql`v.destroy_scheduled_for <= ${until}::timestamptz`,
    Prisma.sql`(k.kind = 'SERVICE' OR ${seesWhole(viewer, Prisma.sql`k`)})`,
  ]
}

function boundOfRotations({ side, day, name, number }: UpcomingBound): Prisma.Sql {
  const isBeyond = side === 'after' ? Prisma.sql`>` : Prisma.sql`<`
  if (number === null) return Prisma.sql`(k.rotation_due_on, k.name) ${isBeyond} (${day}::date, ${name})`
  return side === 'after'
    ? Prisma.sql`k.rotation_due_on > ${day}::date`
    : Prisma.sql`k.rotation_due_on <= ${day}::date`
}

function boundOfDestructions({ side, at, name, number }: UpcomingBound): Prisma.Sql {
  const moment = Prisma.sql`${at}::timestamptz`
  if (number === null)
    return side === 'after'
      ? Prisma.sql`v.destroy_scheduled_for >= ${moment}`
      : Prisma.sql`v.destroy_scheduled_for < ${moment}`
  const isBeyond = side === 'after' ? Prisma.sql`>` : Prisma.sql`<`
  // The moment by itself, too, as the index knows it.
  return Prisma.sql`v.destroy_scheduled_for ${isBeyond}= ${moment}
    AND (v.destroy_scheduled_for, k.name, v.number) ${isBeyond} (${moment}, ${name}, ${number}::int)`
}
