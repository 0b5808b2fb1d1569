import { Prisma } from '../generated/client.ts'
import type { Queryable } from '../sql.ts'
import { canonicalSubject } from '../subjects.ts'
import { sourceIn } from './usage-rows.ts'

/** Uses of a version by one actor for one operation. */
export interface VersionCallerRow {
  readonly keyId: string
  readonly versionNumber: number
  readonly actor: string
  readonly action: string
  readonly succeeded: number
  readonly refused: number
  readonly lastUsedAt: Date | null
  /** On days without a success. */
  readonly lastRefusedAt: Date | null
}

/**
 * Who used versions since a day (UTC), in one statement: what is counted, and the events that are not counted yet. One
 * statement sees one state of both, so that no event is missed or counted twice during a roll-up.
 */
export async function findVersionCallers(
  db: Queryable,
  query: {
    /** The public ID is what re-encryptions name their source by. */
    versions: readonly { keyId: string; publicKeyId: string; number: number }[]
    actions: readonly string[]
    /** Action that a re-encryption counts as for its source. */
    sourceAction: string
    /** `YYYY-MM-DD`. */
    sinceDay: string
  },
): Promise<VersionCallerRow[]> {
  const { versions, actions, sourceAction, sinceDay } = query
  const rows = await db.$queryRaw<
    (Omit<VersionCallerRow, 'succeeded' | 'refused'> & { succeeded: bigint; refused: bigint })[]
  >`
    WITH wanted AS (
      SELECT * FROM unnest(${versions.map(({ keyId }) => keyId)}::uuid[],
        ${versions.map(({ publicKeyId }) => publicKeyId)}::text[],
        ${versions.map(({ number }) => number)}::int[]) AS w(key_id, public_key_id, number)
    ), tail AS MATERIALIZED (
      SELECT e.key_id, e.version_number, e.action, e.actor, e.outcome, e.occurred_at,
        ${sourceIn('sourceKeyId')} AS source_key_id, ${sourceIn('sourceVersion')} AS source_version
      FROM audit_chains c
      LEFT JOIN audit_rollup_progress p ON p.chain_id = c.id
      -- OFFSET 0 keeps this from becoming a join of whole tables: one look into the index for each chain.
      CROSS JOIN LATERAL (
        SELECT * FROM audit_events
        WHERE chain_id = c.id AND sequence > COALESCE(p.sequence, 0) AND sequence <= c.head_sequence
        OFFSET 0
      ) AS e
      -- A chain that is counted to its end is looked for in no partition.
      WHERE c.head_sequence > COALESCE(p.sequence, 0) AND (e.occurred_at AT TIME ZONE 'UTC')::date >= ${sinceDay}::text::date
    ), uses AS (
      SELECT w.key_id, w.number, ${canonicalSubject(Prisma.sql`d.actor`)} AS actor, d.action, d.succeeded, d.refused, d.last_at
      FROM wanted w JOIN audit_usage_daily d ON d.key_id = w.key_id AND d.version_number = w.number
      WHERE d.day >= ${sinceDay}::text::date
      UNION ALL
      SELECT w.key_id, w.number, ${canonicalSubject(Prisma.sql`t.actor`)}, t.action,
        (t.outcome = 'SUCCEEDED')::int, (t.outcome <> 'SUCCEEDED')::int, t.occurred_at
      FROM wanted w JOIN tail t ON t.key_id = w.key_id AND t.version_number = w.number
      UNION ALL
      SELECT w.key_id, w.number, ${canonicalSubject(Prisma.sql`t.actor`)}, ${sourceAction},
        (t.outcome = 'SUCCEEDED')::int, (t.outcome <> 'SUCCEEDED')::int, t.occurred_at
      FROM wanted w JOIN tail t ON t.source_key_id = w.public_key_id AND t.source_version = w.number::text
    )
    SELECT key_id AS "keyId", number AS "versionNumber", actor, action,
      sum(succeeded)::bigint AS succeeded, sum(refused)::bigint AS refused,
      max(last_at) FILTER (WHERE succeeded > 0) AS "lastUsedAt",
      max(last_at) FILTER (WHERE succeeded = 0) AS "lastRefusedAt"
    FROM uses WHERE action = ANY (${[...actions]}::text[])
    GROUP BY 1, 2, 3, 4
    ORDER BY succeeded DESC, refused DESC, actor COLLATE "C", action COLLATE "C"`
  return rows.map((row) => ({ ...row, succeeded: Number(row.succeeded), refused: Number(row.refused) }))
}

/** Since when events are counted: the start of the first chain. */
export async function findStartOfRecords(db: Queryable): Promise<Date | null> {
  const { _min } = await db.auditChain.aggregate({ _min: { startedAt: true } })
  return _min.startedAt
}
