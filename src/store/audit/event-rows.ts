import { type AuditEvent, Prisma } from '../generated/client.ts'
import { fieldsOf, type Queryable, type RowOf, type Table } from '../sql.ts'

/** One event without its place in a chain; prisma/schema.prisma describes the columns. */
export type AuditEventRow = Omit<RowOf<AuditEvent>, 'details' | 'chainId' | 'sequence' | 'hash'> & {
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** Columns of an event, in the order in which its hash covers them and exports have them. */
export const eventTable: Table<AuditEventRow> = {
  name: 'audit_events',
  columns: {
    id: 'id',
    projectId: 'project_id',
    occurredAt: 'occurred_at',
    action: 'action',
    outcome: 'outcome',
    errorCode: 'error_code',
    actor: 'actor',
    tokenId: 'token_id',
    clientAddress: 'client_address',
    requestId: 'request_id',
    keyId: 'key_id',
    keyRevision: 'key_revision',
    versionNumber: 'version_number',
    details: 'details',
  },
}

/** A place in a chain: the number and the hash of an event. */
export interface AuditHead {
  readonly sequence: number
  readonly hash: Uint8Array
}

/** An event of a chain. The hash is null only if it was removed outside of the server. */
export type ChainedEventRow = AuditEventRow & {
  readonly sequence: number
  readonly hash: Uint8Array | null
}

/** The next events of a chain after a number. */
export async function findChainedEvents(
  db: Queryable,
  page: { chainId: string; after: number; upTo: number; max: number },
): Promise<ChainedEventRow[]> {
  const { chainId, after, upTo, max } = page
  const [row] = await db.$queryRaw<{ json: string | null }[]>`
    SELECT json_agg(json_build_array(${valuesAsJson}) ORDER BY e.sequence)::text AS json FROM (
      SELECT * FROM audit_events
      WHERE chain_id = ${chainId}::uuid AND sequence > ${BigInt(after)}::bigint AND sequence <= ${BigInt(upTo)}::bigint
      ORDER BY sequence LIMIT ${max}::int) AS e`
  const rows = JSON.parse(row?.json ?? '[]') as unknown[][]
  return rows.map(decodeChained)
}

/** Fields of a chained event in the order of {@link valuesAsJson}. */
const chainedFields = [...fieldsOf(eventTable, ['occurredAt']), 'occurredAt', 'sequence', 'hash']

/** Its values. One text for a page is read in a fraction of the time that a client takes for rows with types. */
const valuesAsJson = Prisma.raw(
  [
    ...fieldsOf(eventTable, ['occurredAt']).map((field) => `e.${eventTable.columns[field]}`),
    'extract(epoch FROM e.occurred_at) * 1000',
    'e.sequence',
    `encode(e.hash, 'hex')`,
  ].join(', '),
)

/** Events from before there were chains: how many, and how many of them are dated after the first chain began. */
export async function countUnchainedEvents(db: Queryable): Promise<{ before: number; since: number }> {
  const [row] = await db.$queryRaw<{ before: bigint; since: bigint }[]>`
    SELECT count(*) FILTER (WHERE first.at IS NULL OR occurred_at < first.at) AS before,
      count(*) FILTER (WHERE occurred_at >= first.at) AS since
    FROM audit_events, (SELECT min(started_at) AS at FROM audit_chains) AS first
    WHERE chain_id IS NULL`
  return { before: Number(row?.before ?? 0), since: Number(row?.since ?? 0) }
}

/** True if there is an event without a chain. */
export async function hasUnchainedEvents(db: Queryable): Promise<boolean> {
  return (await db.auditEvent.findFirst({ where: { chainId: null }, select: { id: true } })) !== null
}

/** Events that name a chain that is not there, or have no number in it. Steps from chain to chain, not over all events. */
export async function findStrayEvents(
  db: Queryable,
  max: number,
): Promise<{ id: string; chainId: string }[]> {
  return db.$queryRaw`
    WITH RECURSIVE named(id) AS (
      (SELECT chain_id FROM audit_events WHERE chain_id IS NOT NULL ORDER BY chain_id LIMIT 1)
      UNION ALL
      SELECT (SELECT chain_id FROM audit_events e WHERE e.chain_id > named.id ORDER BY chain_id LIMIT 1)
      FROM named WHERE named.id IS NOT NULL
    )
    SELECT e.id, e.chain_id AS "chainId" FROM named JOIN audit_events e ON e.chain_id = named.id
    WHERE NOT EXISTS (SELECT FROM audit_chains c WHERE c.id = named.id)
    UNION ALL
    SELECT e.id, e.chain_id FROM named JOIN audit_events e ON e.chain_id = named.id AND e.sequence IS NULL
    LIMIT ${max}::int`
}

/** True if a failure of this actor with this key and action is on record since a moment. */
export async function hasFailedSince(
  db: Queryable,
  { since, ...event }: Pick<AuditEventRow, 'keyId' | 'action' | 'actor' | 'errorCode'> & { since: Date },
): Promise<boolean> {
  // One without a chain is no record: those from before there were chains are not looked for here.
  const where = { ...event, outcome: 'FAILED', occurredAt: { gte: since }, chainId: { not: null } } as const
  return (await db.auditEvent.findFirst({ where, select: { id: true } })) !== null
}

function decodeChained(values: readonly unknown[]): ChainedEventRow {
  const row: Record<string, unknown> = {}
  for (const [index, field] of chainedFields.entries()) row[field] = values[index]
  const { occurredAt, hash } = row
  row['occurredAt'] = new Date(Number(occurredAt))
  row['hash'] = typeof hash === 'string' ? Buffer.from(hash, 'hex') : null
  return row as unknown as ChainedEventRow
}
