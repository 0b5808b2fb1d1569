import type { Executor } from '../executor.ts'
import { hex } from '../rows/hex.ts'
import type { Store } from '../store.ts'
import type { AuditEventRow, AuditHead } from './event-rows.ts'

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

/**
 * Adds events and moves the chain's head in one statement, however many. False, and nothing is written, if the chain
 * does not end where it was said to. What many events have in common stands there once, and of the rest each column is
 * one text, which the server takes apart in half of the time that rows in JSON need.
 */
export async function appendAuditEvents(db: Executor, append: AuditAppend): Promise<boolean> {
  const { chainId, after, links, head, headMac } = append
  const { texts, places } = shareAlike(links)
  const events = links.map(({ event }) => event)
  const written = await db.$executeRaw`/* prepared as append_audit_events */
    WITH head AS (
      UPDATE audit_chains SET head_sequence = ${BigInt(head.sequence)}::bigint,
        head_hash = decode(${hex(head.hash)}::text, 'hex'), head_mac = decode(${hex(headMac)}::text, 'hex')
      WHERE id = ${chainId}::uuid AND head_sequence = ${BigInt(after.sequence)}::bigint
        AND head_hash = decode(${hex(after.hash)}::text, 'hex')
      RETURNING id
    )
    INSERT INTO audit_events (id, project_id, occurred_at, action, outcome, error_code, actor, token_id,
      client_address, request_id, key_id, key_revision, version_number, details, chain_id, sequence, hash)
    SELECT e.id::uuid, "projectId", to_timestamp(e.ms::float8 / 1000), action, outcome, "errorCode", actor, "tokenId",
      "clientAddress", e.request_id, "keyId", "keyRevision", "versionNumber", details,
      head.id, ${BigInt(after.sequence)}::bigint + e.number, decode(e.hash, 'hex')
    FROM head,
      ROWS FROM (
        unnest(string_to_array(${events.map(({ id }) => id).join()}::text, ',')),
        unnest(string_to_array(${events.map(({ occurredAt }) => occurredAt.getTime()).join()}::text, ',')),
        unnest(string_to_array(${links.map(({ hash }) => hash).join()}::text, ',')),
        unnest(string_to_array(${places.join()}::text, ',')),
        json_array_elements_text(${JSON.stringify(events.map(({ requestId }) => requestId))}::json)
      ) WITH ORDINALITY AS e(id, ms, hash, place, request_id, number)
      JOIN ROWS FROM (
        json_to_recordset(${`[${texts.join()}]`}::json) AS ("projectId" text, action text, outcome "AuditOutcome",
          "errorCode" text, actor text, "tokenId" text, "clientAddress" text, "keyId" uuid, "keyRevision" int,
          "versionNumber" int, details jsonb)
      ) WITH ORDINALITY AS alike("projectId", action, outcome, "errorCode", actor, "tokenId", "clientAddress", "keyId",
        "keyRevision", "versionNumber", details, place) ON alike.place = e.place::bigint`
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

/** Each different text of what events may have in common, and for every event which of them is its own, from 1. */
function shareAlike(links: AuditAppend['links']): { texts: readonly string[]; places: readonly number[] } {
  const known = new Map<string, number>()
  const places = links.map(({ event }) => {
    const { projectId, actor, tokenId, clientAddress, action, outcome, errorCode } = event
    const { keyId, keyRevision, versionNumber, details } = event
    const text = JSON.stringify({
      projectId,
      actor,
      tokenId,
      clientAddress,
      action,
      outcome,
      errorCode,
      keyId,
      keyRevision,
      versionNumber,
      details,
    })
    const place = known.get(text) ?? known.size + 1
    known.set(text, place)
    return place
  })
  return { texts: [...known.keys()], places }
}
