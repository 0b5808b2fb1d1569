import { Prisma } from '../generated/client.ts'
import type { Queryable } from '../sql.ts'

/** Events that were counted. */
interface EventCounts {
  readonly succeeded: number
  readonly refused: number
  /** Those of the refused whose outcome is DENIED. */
  readonly denied: number
}

/** Events of one version, counted by day (UTC), action and actor; see prisma/schema.prisma. */
export interface DailyUse extends EventCounts {
  readonly keyId: string
  /** 0 where the events are of no version. */
  readonly versionNumber: number
  readonly action: string
  readonly actor: string
  /** `YYYY-MM-DD`. */
  readonly day: string
  /** Time of the last success, or of the last refusal while nothing has succeeded. */
  readonly lastAt: Date
}

/** Events of one version, counted by hour (UTC) and action. */
export interface HourlyUse extends EventCounts {
  readonly keyId: string
  /** 0 where the events are of no version. */
  readonly versionNumber: number
  /** Start of the hour, RFC 3339. */
  readonly hour: string
  readonly action: string
  readonly projectId: string
}

/** Events of a batch, counted; with the source of those that were re-encryptions. */
export interface CountedEvents extends DailyUse, HourlyUse {
  /** Public ID and version of the key that a ciphertext was read with. */
  readonly source: { readonly keyId: string; readonly version: number } | null
}

/** Detail of a re-encryption whose source has an event of its own, which counts for it. */
export const sourceOnRecordDetail = 'sourceOnRecord'

/** A chain and the last of its events that are counted. */
export interface RollUpPlace {
  readonly chainId: string
  /** By day. */
  readonly sequence: number
  /** By hour, and as denied. */
  readonly detailedSequence: number
}

/** Events of a chain after one number, up to and including another. */
interface EventRange {
  readonly chainId: string
  readonly after: number
  readonly upTo: number
}

/** Starts counting the chains that are new. */
export async function addRollUpPlaces(db: Queryable): Promise<void> {
  await db.$executeRaw`
    INSERT INTO audit_rollup_progress (chain_id, sequence)
    SELECT id, 0 FROM audit_chains ORDER BY id ON CONFLICT DO NOTHING`
}

/** Locks a chain that has events to count, and that no one else counts at the moment, until the transaction ends. */
export async function claimRollUpPlace(
  tx: Queryable,
  exceptChains: readonly string[],
): Promise<RollUpPlace | null> {
  const [row] = await tx.$queryRaw<{ chainId: string; sequence: bigint; detailedSequence: bigint }[]>`
    SELECT p.chain_id AS "chainId", p.sequence, p.detailed_sequence AS "detailedSequence"
    FROM audit_rollup_progress p
    WHERE p.chain_id <> ALL (${[...exceptChains]}::uuid[])
      AND EXISTS (SELECT FROM audit_chains c
        WHERE c.id = p.chain_id AND c.head_sequence > LEAST(p.sequence, p.detailed_sequence))
    ORDER BY p.chain_id LIMIT 1 FOR UPDATE OF p SKIP LOCKED`
  if (row === undefined) return null
  const { chainId, sequence, detailedSequence } = row
  return { chainId, sequence: Number(sequence), detailedSequence: Number(detailedSequence) }
}

/**
 * Number of the last of the next `max` events of a chain, and how many they are. What stands behind the end of the chain is
 * no event of it, and must not take the places of those that will be.
 */
export async function findEndOfBatch(
  tx: Queryable,
  { chainId, after }: Omit<EventRange, 'upTo'>,
  max: number,
): Promise<{ last: number; count: number }> {
  const [row] = await tx.$queryRaw<{ last: bigint | null; count: bigint }[]>`
    SELECT max(sequence) AS last, count(*) AS count FROM (
      SELECT e.sequence FROM audit_events e
      WHERE e.chain_id = ${chainId}::uuid AND e.sequence > ${BigInt(after)}::bigint
        AND e.sequence <= (SELECT head_sequence FROM audit_chains WHERE id = ${chainId}::uuid)
      ORDER BY e.sequence LIMIT ${max}::int) AS batch`
  return { last: Number(row?.last ?? after), count: Number(row?.count ?? 0) }
}

/** A detail about the source of a re-encryption, if that has no event of its own. */
export function sourceIn(detail: 'sourceKeyId' | 'sourceVersion'): Prisma.Sql {
  const isCounted = Prisma.raw(`e.details->>'${sourceOnRecordDetail}' IS NULL`)
  return Prisma.sql`(CASE WHEN ${isCounted} THEN ${Prisma.raw(`e.details->>'${detail}'`)} END)`
}

/** The UUID in the text of the ID of a key, as `parseId` of the leaves reads it; null for other texts. */
export function uuidOfKeyId(text: Prisma.Sql): Prisma.Sql {
  const digits = Prisma.raw(`'0123456789abcdefghjkmnpqrstvwxyz'`)
  // 26 digits of 5 bits each, of which the first two bits are none of the UUID's.
  return Prisma.sql`(SELECT CASE WHEN id.text ~ '^[su]key_[0-7][0-9a-hjkmnp-tv-z]{25}$' THEN (
          SELECT (lpad(to_hex(substr(b.bits, 3, 64)::bit(64)::bigint), 16, '0')
            || lpad(to_hex(substr(b.bits, 67)::bit(64)::bigint), 16, '0'))::uuid
          FROM (SELECT string_agg((strpos(${digits}, substr(id.text, n, 1)) - 1)::bit(5)::text, '' ORDER BY n) AS bits
            FROM generate_series(6, 31) AS n) AS b
        ) END FROM (SELECT ${text} AS text) AS id)`
}

/** Events of a chain, counted. */
export async function countEvents(
  tx: Queryable,
  { chainId, after, upTo }: EventRange,
): Promise<CountedEvents[]> {
  const rows = await tx.$queryRaw<
    (Omit<CountedEvents, keyof EventCounts | 'day' | 'source'> & {
      succeeded: bigint
      refused: bigint
      denied: bigint
      sourceKeyId: string | null
      sourceVersion: number | null
    })[]
  >`
    SELECT e.key_id AS "keyId", COALESCE(e.version_number, 0) AS "versionNumber", e.action, e.actor,
      e.project_id AS "projectId",
      to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"') AS hour,
      ${sourceIn('sourceKeyId')} AS "sourceKeyId", ${sourceIn('sourceVersion')}::int AS "sourceVersion",
      count(*) FILTER (WHERE e.outcome = 'SUCCEEDED') AS succeeded,
      count(*) FILTER (WHERE e.outcome <> 'SUCCEEDED') AS refused,
      count(*) FILTER (WHERE e.outcome = 'DENIED') AS denied,
      COALESCE(max(e.occurred_at) FILTER (WHERE e.outcome = 'SUCCEEDED'), max(e.occurred_at)) AS "lastAt"
    FROM audit_events e
    WHERE e.chain_id = ${chainId}::uuid AND e.key_id IS NOT NULL
      AND e.sequence > ${BigInt(after)}::bigint AND e.sequence <= ${BigInt(upTo)}::bigint
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`
  return rows.map(({ sourceKeyId, sourceVersion, ...row }) => ({
    ...row,
    day: row.hour.slice(0, 10),
    succeeded: Number(row.succeeded),
    refused: Number(row.refused),
    denied: Number(row.denied),
    source:
      sourceKeyId === null || sourceVersion === null ? null : { keyId: sourceKeyId, version: sourceVersion },
  }))
}

/** Adds to what is counted by day already, in one statement; no two of the rows may be of the same place. */
export async function addDailyUses(tx: Queryable, rows: readonly DailyUse[]): Promise<void> {
  if (rows.length === 0) return
  const column = <K extends keyof DailyUse>(name: K): DailyUse[K][] => rows.map((row) => row[name])
  // In one order for all who count, so that no two of them wait for each other.
  await tx.$executeRaw`
    INSERT INTO audit_usage_daily AS u
      (key_id, version_number, action, actor, day, succeeded, refused, denied, last_at)
    SELECT key_id, number, action, actor, day::date, succeeded, refused, denied, last_at::timestamptz
    FROM unnest(${column('keyId')}::uuid[], ${column('versionNumber')}::int[], ${column('action')}::text[],
      ${column('actor')}::text[], ${column('day')}::text[], ${column('succeeded')}::int[],
      ${column('refused')}::int[], ${column('denied')}::int[],
      ${column('lastAt').map((date) => date.toISOString())}::text[]
    ) AS t(key_id, number, action, actor, day, succeeded, refused, denied, last_at)
    ORDER BY key_id, number, action, actor, day
    ON CONFLICT (key_id, version_number, action, actor, day) DO UPDATE SET
      succeeded = u.succeeded + excluded.succeeded,
      refused = u.refused + excluded.refused,
      denied = u.denied + excluded.denied,
      last_at = CASE
        WHEN (u.succeeded > 0) = (excluded.succeeded > 0) THEN GREATEST(u.last_at, excluded.last_at)
        WHEN u.succeeded > 0 THEN u.last_at
        ELSE excluded.last_at END`
}

/** Adds to what is counted by hour already, in one statement; no two of the rows may be of the same place. */
export async function addHourlyUses(tx: Queryable, rows: readonly HourlyUse[]): Promise<void> {
  if (rows.length === 0) return
  const column = <K extends keyof HourlyUse>(name: K): HourlyUse[K][] => rows.map((row) => row[name])
  await tx.$executeRaw`
    INSERT INTO audit_usage_hourly AS u
      (key_id, version_number, hour, action, project_id, succeeded, refused, denied)
    SELECT key_id, number, hour::timestamptz, action, project_id, succeeded, refused, denied
    FROM unnest(${column('keyId')}::uuid[], ${column('versionNumber')}::int[], ${column('hour')}::text[],
      ${column('action')}::text[], ${column('projectId')}::text[], ${column('succeeded')}::int[],
      ${column('refused')}::int[], ${column('denied')}::int[]
    ) AS t(key_id, number, hour, action, project_id, succeeded, refused, denied)
    ORDER BY key_id, number, hour, action
    ON CONFLICT (key_id, version_number, hour, action) DO UPDATE SET
      succeeded = u.succeeded + excluded.succeeded,
      refused = u.refused + excluded.refused,
      denied = u.denied + excluded.denied`
}

/**
 * Removes counts of hours before a moment, at most some at a time, project by project, since that is how the index goes.
 *
 * @returns how many there were
 */
export async function deleteHourlyUses(
  db: Queryable,
  { before, max }: { before: Date; max: number },
): Promise<number> {
  return db.$executeRaw`
    WITH RECURSIVE projects(id) AS (
      SELECT min(project_id) FROM audit_usage_hourly
      UNION ALL
      SELECT (SELECT min(h.project_id) FROM audit_usage_hourly h WHERE h.project_id > p.id)
      FROM projects p WHERE p.id IS NOT NULL
    )
    DELETE FROM audit_usage_hourly WHERE ctid = ANY (ARRAY(
      SELECT old.place FROM projects p CROSS JOIN LATERAL (
        SELECT h.ctid AS place FROM audit_usage_hourly h
        WHERE h.project_id = p.id AND h.hour < ${before.toISOString()}::timestamptz
        LIMIT ${max}::int
      ) AS old LIMIT ${max}::int))`
}

/** Moves a locked place on. */
export async function moveRollUpPlace(
  tx: Queryable,
  { chainId, sequence, detailedSequence }: RollUpPlace,
): Promise<void> {
  await tx.auditRollupProgress.update({
    where: { chainId },
    data: { sequence: BigInt(sequence), detailedSequence: BigInt(detailedSequence) },
  })
}
