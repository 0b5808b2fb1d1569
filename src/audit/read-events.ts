import { parseId } from '../ids.ts'
import { findChainsById } from '../store/audit/chain-rows.ts'
import {
  type AuditRange,
  type AuditRowFilter,
  findAuditEventsById,
  findAuditPage,
  findAuditPagesOfKeys,
  type StoredEvent,
} from '../store/audit/event-pages.ts'
import type { Queryable } from '../store/sql.ts'
import { type ChainMac, hashOf, isSameHash } from './chain.ts'
import type { AuditAction } from './events.ts'

/** An event with the keys that it names. The domain decides who may see them. */
export interface RecordedEvent extends Omit<StoredEvent, 'action'> {
  readonly action: AuditAction
  /** UUID of the key whose ciphertext was re-encrypted, where that is on record. */
  readonly sourceKeyId: string | null
}

/** A page of a project's events. */
export async function readPage(
  db: Queryable,
  query: { filter: AuditRowFilter; range: AuditRange },
): Promise<RecordedEvent[]> {
  return (await findAuditPage(db, query)).map(asRecorded)
}

/** A page of events of each of several keys. */
export async function readPagesOfKeys(
  db: Queryable,
  query: Parameters<typeof findAuditPagesOfKeys>[1],
): Promise<RecordedEvent[]> {
  return (await findAuditPagesOfKeys(db, query)).map(asRecorded)
}

/** Events by their own ID. */
export async function readById(
  db: Queryable,
  lookup: Parameters<typeof findAuditEventsById>[1],
): Promise<RecordedEvent[]> {
  return (await findAuditEventsById(db, lookup)).map(asRecorded)
}

/**
 * Those events of a page that are as they were recorded, as far as a look at the page can tell: they follow on the event
 * before them, and stand in chains whose beginning and end are as the server left them. Only `verifyAudit` looks further.
 *
 * @param alert called for each chain and each event that does not verify
 */
export async function verifyEvents(
  { db, chainMac }: { readonly db: Queryable; readonly chainMac: ChainMac },
  events: readonly RecordedEvent[],
  alert: (what: 'audit chain' | 'audit event', id: string) => void,
): Promise<readonly RecordedEvent[]> {
  const ids = new Set(events.flatMap(({ chainId }) => chainId ?? []))
  const authentic = new Set<string>()
  for (const chain of ids.size === 0 ? [] : await findChainsById(db, [...ids])) {
    if (chainMac.isAuthenticChain(chain) && chainMac.isAuthenticHead(chain)) authentic.add(chain.id)
    else alert('audit chain', chain.id)
  }
  return events.filter((event) => {
    // The query returns events without a chain only if they are from before there were any.
    if (event.chainId === null) return true
    if (!authentic.has(event.chainId)) return false
    const isAsRecorded =
      event.previousHash !== null && isSameHash(hashOf(event.previousHash, event), event.hash)
    if (!isAsRecorded) alert('audit event', event.id)
    return isAsRecorded
  })
}

function asRecorded(row: StoredEvent): RecordedEvent {
  const { sourceKeyId } = row.details
  const source = typeof sourceKeyId === 'string' ? parseId(sourceKeyId) : null
  // Only actions of the union are ever written.
  return { ...row, action: row.action as AuditAction, sourceKeyId: source?.uuid ?? null }
}
