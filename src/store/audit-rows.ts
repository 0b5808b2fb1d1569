import type { Queryable } from './store.ts'

/** One event; see prisma/schema.prisma for the meaning of the columns. */
export interface AuditEventRow {
  readonly id: string
  readonly projectId: string
  readonly occurredAt: Date
  readonly action: string
  readonly outcome: 'SUCCEEDED' | 'DENIED' | 'FAILED'
  readonly errorCode: string | null
  readonly actor: string
  readonly tokenId: string | null
  readonly clientAddress: string | null
  readonly requestId: string
  readonly keyId: string | null
  readonly keyRevision: number | null
  readonly versionNumber: number | null
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** Adds events in one statement, however many. */
export async function insertAuditEvents(db: Queryable, rows: readonly AuditEventRow[]): Promise<void> {
  const column = <K extends keyof AuditEventRow>(name: K): AuditEventRow[K][] => rows.map((row) => row[name])
  await db.$executeRaw`
    INSERT INTO audit_events (id, project_id, occurred_at, action, outcome, error_code, actor, token_id,
      client_address, request_id, key_id, key_revision, version_number, details)
    SELECT id, project_id, occurred_at::timestamptz, action, outcome::"AuditOutcome", error_code, actor, token_id,
      client_address, request_id, key_id, key_revision, version_number, details::jsonb
    FROM unnest(
      ${column('id')}::uuid[], ${column('projectId')}::text[],
      ${column('occurredAt').map((date) => date.toISOString())}::text[],
      ${column('action')}::text[], ${column('outcome')}::text[], ${column('errorCode')}::text[],
      ${column('actor')}::text[], ${column('tokenId')}::text[], ${column('clientAddress')}::text[],
      ${column('requestId')}::text[], ${column('keyId')}::uuid[], ${column('keyRevision')}::int[],
      ${column('versionNumber')}::int[], ${column('details').map((details) => JSON.stringify(details))}::text[]
    ) AS t(id, project_id, occurred_at, action, outcome, error_code, actor, token_id,
      client_address, request_id, key_id, key_revision, version_number, details)`
}
