import { hash } from 'node:crypto'
import type { AuditLink } from '../store/audit/append-rows.ts'
import { type AuditEventRow, type AuditHead, eventTable } from '../store/audit/event-rows.ts'
import { fieldsOf, hex } from '../store/table.ts'

/** Hash before the first event of a chain. It depends on the chain, so that no chain can pass for another. */
export function firstHash(chainId: string): Uint8Array {
  return sha256(JSON.stringify(['keystead audit chain v1', chainId]))
}

/** The hash of an event that follows on another one. */
export function hashOf(previousHash: Uint8Array, event: AuditEventRow): Uint8Array {
  return sha256(encodeEvent(previousHash, event))
}

/** Chains events to a head. */
export function linkEvents(
  head: AuditHead,
  events: readonly AuditEventRow[],
): { links: readonly AuditLink[]; head: AuditHead } {
  let last = hex(head.hash)
  const links = events.map((event): AuditLink => {
    // In hexadecimal all the way: that is what is hashed next, and what the database is given.
    last = hash('sha256', textOf(last, event), 'hex')
    return { event, hash: last }
  })
  return { links, head: { sequence: head.sequence + links.length, hash: Buffer.from(last, 'hex') } }
}

/**
 * The text that is hashed: an array in canonical JSON (RFC 8785), so that every value has one spelling and none can be
 * read as part of its neighbour. The sequence number is not in it: it follows from the hashes before.
 */
export function encodeEvent(previousHash: Uint8Array, event: AuditEventRow): string {
  return textOf(hex(previousHash), event)
}

/** Columns that JSON can encode as they are; of the others `details` is last, and times are alike in JSON. */
const plainFields = fieldsOf(eventTable, ['details'])

function textOf(previousHash: string, event: AuditEventRow): string {
  const values: unknown[] = ['keystead audit event v1', previousHash]
  for (const field of plainFields) values.push(event[field])
  return `${JSON.stringify(values).slice(0, -1)},${encodeDetails(event.details)}]`
}

/** By hand, since JavaScript puts names that look like numbers first. */
function encodeDetails(details: AuditEventRow['details']): string {
  const entries = Object.entries(details)
  if (entries.length === 0) return '{}'
  const members = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
}

/** True if two hashes are equal; hashes are not secret. */
export function isSameHash(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && Buffer.compare(a, b) === 0
}

function sha256(text: string): Uint8Array {
  return hash('sha256', text, 'buffer')
}
