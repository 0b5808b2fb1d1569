import type { Queryable } from '../queryable.ts'
import type { AuditEventRow } from './event-rows.ts'

/** A record as it is exported: with its chain, where it has one, and the hash before it. */
export interface ExportedEvent extends AuditEventRow {
  readonly chainId: string | null
  readonly sequence: number | null
  readonly hash: Uint8Array | null
  /** Null also where the record before it is not there. */
  readonly previousHash: Uint8Array | null
  /** Of the key, as far as it is there. */
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

type RawEvent = Omit<ExportedEvent, 'sequence' | 'details'> & {
  sequence: bigint | null
  details: string
}

/** The next records of a chain after a number, with what the filter lets through. */
export async function findEventsToExport(
  db: Queryable,
  page: { chainId: string; after: number; upTo: number; max: number } & ExportFilter,
): Promise<ExportedEvent[]> {
  const rows = await db.$queryRaw<RawEvent[]>`
    SELECT e.id, e.project_id AS "projectId", e.occurred_at AS "occurredAt", e.action, e.outcome::text AS outcome,
      e.error_code AS "errorCode", e.actor, e.token_id AS "tokenId", e.client_address AS "clientAddress",
      e.request_id AS "requestId", e.key_id AS "keyId", e.key_revision AS "keyRevision",
      e.version_number AS "versionNumber", e.details::text AS details, e.chain_id AS "chainId", e.sequence, e.hash,
      p.hash AS "previousHash", k.kind::text AS "keyKind"
    FROM audit_events e
    LEFT JOIN audit_events p ON p.chain_id = e.chain_id AND p.sequence = e.sequence - 1
    LEFT JOIN keys k ON k.id = e.key_id
    WHERE e.chain_id = ${page.chainId}::uuid AND e.sequence > ${BigInt(page.after)}::bigint
      AND e.sequence <= ${BigInt(page.upTo)}::bigint
      AND (${page.since}::timestamptz IS NULL OR e.occurred_at >= ${page.since}::timestamptz)
      AND (${page.until}::timestamptz IS NULL OR e.occurred_at < ${page.until}::timestamptz)
      AND (${page.projectId}::text IS NULL OR e.project_id = ${page.projectId}::text)
    ORDER BY e.sequence LIMIT ${page.max}::int`
  return rows.map(decode)
}

/** The next records without a chain after an ID, with what the filter lets through. */
export async function findUnchainedEventsToExport(
  db: Queryable,
  page: { after: string; max: number } & ExportFilter,
): Promise<ExportedEvent[]> {
  const rows = await db.$queryRaw<RawEvent[]>`
    SELECT e.id, e.project_id AS "projectId", e.occurred_at AS "occurredAt", e.action, e.outcome::text AS outcome,
      e.error_code AS "errorCode", e.actor, e.token_id AS "tokenId", e.client_address AS "clientAddress",
      e.request_id AS "requestId", e.key_id AS "keyId", e.key_revision AS "keyRevision",
      e.version_number AS "versionNumber", e.details::text AS details, NULL::uuid AS "chainId",
      NULL::bigint AS sequence, NULL::bytea AS hash, NULL::bytea AS "previousHash", k.kind::text AS "keyKind"
    FROM audit_events e LEFT JOIN keys k ON k.id = e.key_id
    WHERE e.chain_id IS NULL AND e.id > ${page.after}::uuid
      AND (${page.since}::timestamptz IS NULL OR e.occurred_at >= ${page.since}::timestamptz)
      AND (${page.until}::timestamptz IS NULL OR e.occurred_at < ${page.until}::timestamptz)
      AND (${page.projectId}::text IS NULL OR e.project_id = ${page.projectId}::text)
    ORDER BY e.id LIMIT ${page.max}::int`
  return rows.map(decode)
}

function decode({ details, sequence, ...row }: RawEvent): ExportedEvent {
  return {
    ...row,
    details: JSON.parse(details) as AuditEventRow['details'],
    sequence: sequence === null ? null : Number(sequence),
  }
}
