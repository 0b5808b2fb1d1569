import { Prisma } from '../generated/client.ts'
import { fieldsOf, hex, prepared } from '../sql.ts'
import type { Executor, Store } from '../store.ts'
import { type AuditEventRow, type AuditHead, eventTable } from './event-rows.ts'

/** An event that goes into a chain, and its hash there in hexadecimal. */
export interface AuditLink {
  readonly event: AuditEventRow
  readonly hash: string
}

/** Events that go to the end of a chain. */
export interface AuditAppend {
  readonly chainId: string
  /** Where the chain ends now. */
  readonly after: AuditHead
  readonly links: readonly AuditLink[]
  /** Where it ends then. */
  readonly head: AuditHead
  readonly headMac: Uint8Array
}

/** Fields that many events of a group have in common. */
const sharedFields = fieldsOf(eventTable, ['id', 'occurredAt', 'requestId'])
const sharedColumns = Prisma.raw(sharedFields.map((field) => eventTable.columns[field]).join(', '))

/**
 * Appends events and moves the chain's head in one statement, however many. Returns false and writes nothing if the
 * chain does not end at `after`. Values that events share are sent once. Each other column is one text, which the server
 * splits in half the time that it needs for rows in JSON.
 */
export async function appendAuditEvents(db: Executor, append: AuditAppend): Promise<boolean> {
  const { chainId, after, links, head, headMac } = append
  const { texts, places } = shareAlike(links)
  const events = links.map(({ event }) => event)
  const statement = Prisma.sql`
    WITH head AS (
      UPDATE audit_chains SET head_sequence = ${BigInt(head.sequence)}::bigint,
        head_hash = decode(${hex(head.hash)}::text, 'hex'), head_mac = decode(${hex(headMac)}::text, 'hex')
      WHERE id = ${chainId}::uuid AND head_sequence = ${BigInt(after.sequence)}::bigint
        AND head_hash = decode(${hex(after.hash)}::text, 'hex')
      RETURNING id
    )
    INSERT INTO audit_events (id, occurred_at, request_id, chain_id, sequence, hash, ${sharedColumns})
    SELECT own.id::uuid, to_timestamp(own.ms::float8 / 1000), own.request_id, head.id,
      ${BigInt(after.sequence)}::bigint + own.number, decode(own.hash, 'hex'), ${sharedColumns}
    FROM head,
      ROWS FROM (
        unnest(string_to_array(${events.map(({ id }) => id).join()}::text, ',')),
        unnest(string_to_array(${events.map(({ occurredAt }) => occurredAt.getTime()).join()}::text, ',')),
        unnest(string_to_array(${links.map(({ hash }) => hash).join()}::text, ',')),
        unnest(string_to_array(${places.join()}::text, ',')),
        json_array_elements_text(${JSON.stringify(events.map(({ requestId }) => requestId))}::json)
      ) WITH ORDINALITY AS own(id, ms, hash, place, request_id, number)
      JOIN (
        SELECT ${sharedColumns}, ordinality AS place
        FROM json_populate_recordset(NULL::audit_events, ${`[${texts.join()}]`}::json) WITH ORDINALITY
      ) AS shared ON shared.place = own.place::bigint`
  const written = await db.$executeRaw(prepared('append_audit_events', statement))
  return written === links.length
}

/** Longest time in milliseconds for which an attempt to append may wait for a lock, and take. */
const tryLimits = { lock: 3000, whole: 4500 } as const

/**
 * Does all that appending takes, and takes the events back again. The transaction itself is committed, so that the server
 * also has to write to its log.
 *
 * @throws whatever keeps events from being written
 */
export async function tryAppend(store: Pick<Store, 'transaction'>, append: AuditAppend): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.$executeRawUnsafe(`SET LOCAL lock_timeout = ${tryLimits.lock}`)
    await tx.$executeRawUnsafe(`SET LOCAL statement_timeout = ${tryLimits.whole}`)
    await tx.$executeRawUnsafe('SAVEPOINT attempt')
    await appendAuditEvents(tx, append)
    await tx.$executeRawUnsafe('ROLLBACK TO SAVEPOINT attempt')
  }, tryLimits.whole)
}

/** Distinct texts of the shared values of events, and for each event the place of its text, from 1. */
function shareAlike(links: AuditAppend['links']): { texts: readonly string[]; places: readonly number[] } {
  const known = new Map<string, number>()
  const places = links.map(({ event }) => {
    const values: Record<string, unknown> = {}
    for (const field of sharedFields) values[eventTable.columns[field]] = event[field]
    const text = JSON.stringify(values)
    const place = known.get(text) ?? known.size + 1
    known.set(text, place)
    return place
  })
  return { texts: [...known.keys()], places }
}
