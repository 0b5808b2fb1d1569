import { Prisma } from '../generated/client.ts'
import type { Queryable } from '../sql.ts'

/** Events of one version, counted by day (UTC), action and actor; see prisma/schema.prisma. */
export interface DailyUse {
  readonly keyId: string
  /** 0 where the events are of no version. */
  readonly versionNumber: number
  readonly action: string
  readonly actor: string
  /** `YYYY-MM-DD`. */
  readonly day: string
  readonly succeeded: number
  readonly refused: number
  /** Time of the last success, or of the last refusal while nothing has succeeded. */
  readonly lastAt: Date
}

/** Events of a batch, counted; with the source of those that were re-encryptions. */
export interface CountedEvents extends DailyUse {
  /** Public ID and version of the key that a ciphertext was read with. */
  readonly source: { readonly keyId: string; readonly version: number } | null
}

/** Detail of a re-encryption whose source has an event of its own, which counts for it. */
export const sourceOnRecordDetail = 'sourceOnRecord'

/** A chain and the last of its events that is counted. */
export interface RollUpPlace {
  readonly chainId: string
  readonly sequence: number
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
  const [row] = await tx.$queryRaw<{ chainId: string; sequence: bigint }[]>`
    SELECT p.chain_id AS "chainId", p.sequence FROM audit_rollup_progress p
    WHERE p.chain_id <> ALL (${[...exceptChains]}::uuid[])
      AND EXISTS (SELECT FROM audit_chains c WHERE c.id = p.chain_id AND c.head_sequence > p.sequence)
    ORDER BY p.chain_id LIMIT 1 FOR UPDATE OF p SKIP LOCKED`
  return row === undefined ? null : { chainId: row.chainId, sequence: Number(row.sequence) }
}

/**
 * Number of the last of the next `max` events of a chain, and how many they are. What stands behind the end of the chain is
 * no event of it, and must not take the places of those that will be.
 */
export async function findEndOfBatch(
  tx: Queryable,
  { chainId, sequence }: RollUpPlace,
  max: number,
): Promise<{ last: number; count: number }> {
  const [row] = await tx.$queryRaw<{ last: bigint | null; count: bigint }[]>`
    SELECT max(sequence) AS last, count(*) AS count FROM (
      SELECT e.sequence FROM audit_events e
      WHERE e.chain_id = ${chainId}::uuid AND e.sequence > ${BigInt(sequence)}::bigint
        AND e.sequence <= (SELECT head_sequence FROM audit_chains WHERE id = ${chainId}::uuid)
      ORDER BY e.sequence LIMIT ${max}::int) AS batch`
  return { last: Number(row?.last ?? sequence), count: Number(row?.count ?? 0) }
}

/** A detail about the source of a re-encryption, if that has no event of its own. */
export function sourceIn(detail: 'sourceKeyId' | 'sourceVersion'): Prisma.Sql {
  const isCounted = Prisma.raw(`e.details->>'${sourceOnRecordDetail}' IS NULL`)
  return Prisma.sql`(CASE WHEN ${isCounted} THEN ${Prisma.raw(`e.details->>'${detail}'`)} END)`
}

/** The events of a chain after a place and up to a number, counted. */
export async function countEvents(
  tx: Queryable,
  { chainId, sequence }: RollUpPlace,
  upTo: number,
): Promise<CountedEvents[]> {
  const rows = await tx.$queryRaw<
    (Omit<DailyUse, 'succeeded' | 'refused'> & {
      succeeded: bigint
      refused: bigint
      sourceKeyId: string | null
      sourceVersion: number | null
    })[]
  >`
    SELECT e.key_id AS "keyId", COALESCE(e.version_number, 0) AS "versionNumber", e.action, e.actor,
      (e.occurred_at AT TIME ZONE 'UTC')::date::text AS day,
      ${sourceIn('sourceKeyId')} AS "sourceKeyId", ${sourceIn('sourceVersion')}::int AS "sourceVersion",
      count(*) FILTER (WHERE e.outcome = 'SUCCEEDED') AS succeeded,
      count(*) FILTER (WHERE e.outcome <> 'SUCCEEDED') AS refused,
      COALESCE(max(e.occurred_at) FILTER (WHERE e.outcome = 'SUCCEEDED'), max(e.occurred_at)) AS "lastAt"
    FROM audit_events e
    WHERE e.chain_id = ${chainId}::uuid AND e.key_id IS NOT NULL
      AND e.sequence > ${BigInt(sequence)}::bigint AND e.sequence <= ${BigInt(upTo)}::bigint
    GROUP BY 1, 2, 3, 4, 5, 6, 7`
  return rows.map(({ sourceKeyId, sourceVersion, succeeded, refused, ...row }) => ({
    ...row,
    succeeded: Number(succeeded),
    refused: Number(refused),
    source:
      sourceKeyId === null || sourceVersion === null ? null : { keyId: sourceKeyId, version: sourceVersion },
  }))
}

/** Adds to what is counted already, in one statement; no two of the rows may be of the same place. */
export async function addDailyUses(tx: Queryable, rows: readonly DailyUse[]): Promise<void> {
  if (rows.length === 0) return
  const column = <K extends keyof DailyUse>(name: K): DailyUse[K][] => rows.map((row) => row[name])
  // In one order for all who count, so that no two of them wait for each other.
  await tx.$executeRaw`
    INSERT INTO audit_usage_daily AS u (key_id, version_number, action, actor, day, succeeded, refused, last_at)
    SELECT key_id, number, action, actor, day::date, succeeded, refused, last_at::timestamptz
    FROM unnest(${column('keyId')}::uuid[], ${column('versionNumber')}::int[], ${column('action')}::text[],
      ${column('actor')}::text[], ${column('day')}::text[], ${column('succeeded')}::int[],
      ${column('refused')}::int[], ${column('lastAt').map((date) => date.toISOString())}::text[]
    ) AS t(key_id, number, action, actor, day, succeeded, refused, last_at)
    ORDER BY key_id, number, action, actor, day
    ON CONFLICT (key_id, version_number, action, actor, day) DO UPDATE SET
      succeeded = u.succeeded + excluded.succeeded,
      refused = u.refused + excluded.refused,
      last_at = CASE
        WHEN (u.succeeded > 0) = (excluded.succeeded > 0) THEN GREATEST(u.last_at, excluded.last_at)
        WHEN u.succeeded > 0 THEN u.last_at
        ELSE excluded.last_at END`
}

/** Moves a locked place on. */
export async function moveRollUpPlace(tx: Queryable, { chainId, sequence }: RollUpPlace): Promise<void> {
  await tx.auditRollupProgress.update({ where: { chainId }, data: { sequence: BigInt(sequence) } })
}
