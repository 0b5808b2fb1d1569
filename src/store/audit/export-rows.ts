import { Prisma } from '../generated/client.ts'
import { type Queryable, select } from '../sql.ts'
import { type AuditEventRow, eventTable } from './event-rows.ts'

/** An event with its chain, if it has one, and the hash before it. */
export type ExportedEvent = AuditEventRow & {
  readonly chainId: string | null
  readonly sequence: number | null
  readonly hash: Uint8Array | null
  /** Null also if the event before it is missing. */
  readonly previousHash: Uint8Array | null
  /** Kind of the key; null if the key is gone. */
  readonly keyKind: 'USER' | 'SERVICE' | null
}

/** Which records are exported. */
export interface ExportFilter {
  /** Records from this moment on. */
  readonly since: Date | null
  /** Records before this moment. */
  readonly until: Date | null
  readonly projectId: string | null
}

type RawEvent = Omit<ExportedEvent, 'sequence'> & { sequence: bigint | null }

/** The next events of a chain after a number that the filter lets through. */
export async function findEventsToExport(
  db: Queryable,
  page: { chainId: string; after: number; upTo: number; max: number } & ExportFilter,
): Promise<ExportedEvent[]> {
  const rows = await db.$queryRaw<RawEvent[]>`
    SELECT ${select('e', eventTable)}, e.chain_id AS "chainId", e.sequence, e.hash,
      -- Row by row by an index: of a join, the planner does not know that a number is unique.
      (SELECT p.hash FROM audit_events p WHERE p.chain_id = e.chain_id AND p.sequence = e.sequence - 1 LIMIT 1) AS "previousHash",
      k.kind AS "keyKind"
    FROM audit_events e
    LEFT JOIN keys k ON k.id = e.key_id
    WHERE e.chain_id = ${page.chainId}::uuid AND e.sequence > ${BigInt(page.after)}::bigint
      AND e.sequence <= ${BigInt(page.upTo)}::bigint AND ${passes(page)}
    ORDER BY e.sequence LIMIT ${page.max}::int`
  return rows.map(decode)
}

/** The next events without a chain after an ID that the filter lets through. */
export async function findUnchainedEventsToExport(
  db: Queryable,
  page: { after: string; max: number } & ExportFilter,
): Promise<ExportedEvent[]> {
  const rows = await db.$queryRaw<RawEvent[]>`
    SELECT ${select('e', eventTable)}, NULL::uuid AS "chainId", NULL::bigint AS sequence, NULL::bytea AS hash,
      NULL::bytea AS "previousHash", k.kind AS "keyKind"
    FROM audit_events e LEFT JOIN keys k ON k.id = e.key_id
    WHERE e.chain_id IS NULL AND e.id > ${page.after}::uuid AND ${passes(page)}
    ORDER BY e.id LIMIT ${page.max}::int`
  return rows.map(decode)
}

function passes({ since, until, projectId }: ExportFilter): Prisma.Sql {
  return Prisma.sql`(${since}::timestamptz IS NULL OR e.occurred_at >= ${since}::timestamptz)
      AND (${until}::timestamptz IS NULL OR e.occurred_at < ${until}::timestamptz)
      AND (${projectId}::text IS NULL OR e.project_id = ${projectId}::text)`
}

function decode(row: RawEvent): ExportedEvent {
  return { ...row, sequence: row.sequence === null ? null : Number(row.sequence) }
}
