import { Prisma } from '../generated/client.ts'
import { hasLabels } from '../rows/key-filter.ts'
import type { Queryable } from '../sql.ts'
import { seesWhole, type ViewerCondition } from '../subjects.ts'
import type { AuditRowFilter, EventsKey } from './event-pages.ts'
import { sourceIn, uuidOfKeyId } from './usage-rows.ts'

/** Operations of one kind in an hour or a day (UTC). */
export interface UsagePointRow {
  /** Start of the hour or day. */
  readonly start: Date
  readonly action: string
  readonly succeeded: number
  readonly denied: number
  /** Refused for another reason, or failed. */
  readonly failed: number
}

/** What a series counts. Its ends are those of hours or days. */
export interface SeriesQuery {
  readonly interval: 'HOUR' | 'DAY'
  readonly from: Date
  readonly to: Date
  readonly actions: readonly string[]
  /** Action that a re-encryption counts as for its source. */
  readonly sourceAction: string
}

/** Columns of counted and of uncounted events. */
const counts = Prisma.raw('u.start, u.action, u.succeeded, u.refused, u.denied')

/**
 * Series of several versions, in one statement that sees counts and uncounted events at one moment.
 *
 * @param max most points of all of them together; one more is given if there are more
 */
export async function findVersionSeries(
  db: Queryable,
  query: SeriesQuery & {
    readonly versions: readonly { readonly keyId: string; readonly number: number }[]
    readonly max: number
  },
): Promise<(UsagePointRow & { readonly keyId: string; readonly versionNumber: number })[]> {
  const { versions, actions, sourceAction, max } = query
  const rows = await db.$queryRaw<(CountedRow & { keyId: string; versionNumber: number })[]>`
    WITH wanted AS (
      SELECT * FROM unnest(${versions.map(({ keyId }) => keyId)}::uuid[],
        ${versions.map(({ number }) => number)}::int[]) AS w(key_id, number)
    ), tail AS MATERIALIZED (${uncounted(query)}), uses AS (
      SELECT w.key_id, w.number, ${counts}
      FROM wanted w JOIN (${counted(query)}) AS u ON u.key_id = w.key_id AND u.version_number = w.number
      UNION ALL
      SELECT w.key_id, w.number, ${counts}
      FROM wanted w JOIN tail u ON u.key_id = w.key_id AND u.version_number = w.number
      UNION ALL
      SELECT w.key_id, w.number, u.start, ${sourceAction}, u.succeeded, u.refused, u.denied
      FROM wanted w JOIN tail u ON u.source_key_id = w.key_id AND u.source_version = w.number::text
    )
    SELECT key_id AS "keyId", number AS "versionNumber", ${sums}
    FROM uses WHERE action = ANY (${[...actions]}::text[])
    GROUP BY key_id, number, start, action ${notEmpty}
    ORDER BY start, action COLLATE "C" LIMIT ${max + 1}::int`
  return rows.map(({ keyId, versionNumber, ...row }) => ({ ...pointOf(row), keyId, versionNumber }))
}

/** Series of the keys of a project that a viewer sees, live or deleted, in one statement. */
export async function findProjectSeries(
  db: Queryable,
  query: SeriesQuery & {
    readonly projectId: string
    /** Keys that this viewer does not see whole do not count. */
    readonly visibleTo: ViewerCondition
    /** The only key that counts, if there is one. */
    readonly key: EventsKey | null
    /** Labels that live keys must have to count. */
    readonly labels: AuditRowFilter['labels']
  },
): Promise<UsagePointRow[]> {
  const { projectId, actions, sourceAction } = query
  // Counts by hour know their project, and an index leads to them. Counts by day are found by their keys.
  const ofProject = query.interval === 'HOUR' ? Prisma.sql`u.project_id = ${projectId}` : Prisma.sql`TRUE`
  const rows = await db.$queryRaw<CountedRow[]>`
    WITH seen AS MATERIALIZED (
      ${seenIn('keys', query)}${query.labels === null ? Prisma.sql` UNION ALL ${seenIn('deleted_keys', query)}` : Prisma.empty}
    ), tail AS MATERIALIZED (${uncounted(query)}), uses AS (
      SELECT ${counts} FROM (${counted(query)}) AS u JOIN seen s ON s.id = u.key_id WHERE ${ofProject}
      UNION ALL
      SELECT ${counts} FROM tail u JOIN seen s ON s.id = u.key_id
      UNION ALL
      SELECT u.start, ${sourceAction}, u.succeeded, u.refused, u.denied
      FROM tail u JOIN seen s ON s.id = u.source_key_id
    )
    SELECT ${sums} FROM uses WHERE action = ANY (${[...actions]}::text[])
    GROUP BY start, action ${notEmpty}
    ORDER BY start, action COLLATE "C"`
  return rows.map(pointOf)
}

type CountedRow = Pick<UsagePointRow, 'start' | 'action'> & {
  succeeded: bigint
  refused: bigint
  denied: bigint
}

const sums = Prisma.raw(`start, action, sum(succeeded)::bigint AS succeeded, sum(refused)::bigint AS refused,
      sum(denied)::bigint AS denied`)
const notEmpty = Prisma.raw('HAVING sum(succeeded) + sum(refused) > 0')

function pointOf({ start, action, succeeded, refused, denied }: CountedRow): UsagePointRow {
  return {
    start,
    action,
    succeeded: Number(succeeded),
    denied: Number(denied),
    failed: Number(refused - denied),
  }
}

/** Keys of one table that count. */
function seenIn(
  table: 'keys' | 'deleted_keys',
  { projectId, visibleTo, key, labels }: Pick<AuditRowFilter, 'projectId' | 'visibleTo' | 'key' | 'labels'>,
): Prisma.Sql {
  const isSeen = seesWhole(visibleTo, Prisma.sql`t`)
  // Service keys have no owner and no access list.
  const isService = table === 'keys' && visibleTo.sees !== 'NONE'
  const labelled = labels === null ? Prisma.sql`TRUE` : hasLabels(Prisma.sql`t`, labels)
  return Prisma.sql`SELECT t.id FROM ${Prisma.raw(table)} t WHERE t.project_id = ${projectId} AND ${isNamed(table, key)} AND ${labelled}
        AND (${isSeen}${isService ? Prisma.sql` OR t.kind = 'SERVICE'` : Prisma.empty})`
}

function isNamed(table: 'keys' | 'deleted_keys', key: EventsKey | null): Prisma.Sql {
  if (key === null) return Prisma.sql`TRUE`
  if ('redactedId' in key) return Prisma.sql`t.redacted_id = ${key.redactedId}::uuid`
  // Service keys are never deleted.
  const isOfKind =
    table === 'keys' ? Prisma.sql`t.kind::text = ${key.kind}` : Prisma.sql`${key.kind === 'USER'}::boolean`
  return Prisma.sql`t.id = ${key.id}::uuid AND ${isOfKind}`
}

/** What is counted already. */
function counted({ interval, from, to }: SeriesQuery): Prisma.Sql {
  const [first, end] = [from.toISOString(), to.toISOString()]
  return interval === 'HOUR'
    ? Prisma.sql`SELECT key_id, version_number, hour AS start, action, project_id, succeeded, refused, denied
        FROM audit_usage_hourly WHERE hour >= ${first}::timestamptz AND hour < ${end}::timestamptz`
    : Prisma.sql`SELECT key_id, version_number, day::timestamp AT TIME ZONE 'UTC' AS start, action, succeeded, refused, denied
        FROM audit_usage_daily WHERE day >= ${first.slice(0, 10)}::text::date AND day < ${end.slice(0, 10)}::text::date`
}

/** Events that are not counted yet. Of those that are only not counted as denied yet, a series by day adds nothing else. */
function uncounted({ interval, from, to }: SeriesQuery): Prisma.Sql {
  const detailed = Prisma.raw('COALESCE(p.detailed_sequence, 0)')
  const isUncounted = Prisma.sql`e.sequence > ${interval === 'HOUR' ? detailed : Prisma.raw('COALESCE(p.sequence, 0)')}`
  const unit = interval === 'HOUR' ? 'hour' : 'day'
  return Prisma.sql`
      SELECT e.key_id, e.version_number, e.action,
        date_trunc(${unit}, e.occurred_at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS start,
        (e.outcome = 'SUCCEEDED' AND ${isUncounted})::int AS succeeded,
        (e.outcome <> 'SUCCEEDED' AND ${isUncounted})::int AS refused,
        (e.outcome = 'DENIED' AND e.sequence > ${detailed})::int AS denied,
        ${uuidOfKeyId(sourceIn('sourceKeyId'))} AS source_key_id, ${sourceIn('sourceVersion')} AS source_version
      FROM audit_chains c
      LEFT JOIN audit_rollup_progress p ON p.chain_id = c.id
      -- OFFSET 0 keeps this from becoming a join of whole tables: one look into the index for each chain.
      CROSS JOIN LATERAL (
        SELECT * FROM audit_events
        WHERE chain_id = c.id AND sequence > LEAST(COALESCE(p.sequence, 0), ${detailed})
          AND sequence <= c.head_sequence
        OFFSET 0
      ) AS e
      -- A chain that is counted to its end is looked for in no partition.
      WHERE c.head_sequence > LEAST(COALESCE(p.sequence, 0), ${detailed})
        AND e.occurred_at >= ${from.toISOString()}::timestamptz AND e.occurred_at < ${to.toISOString()}::timestamptz`
}
