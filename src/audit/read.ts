import { parseId } from '../ids.ts'
import {
  type AuditEventFilter,
  type AuditRange,
  findAuditEventsById,
  findAuditPage,
  findAuditPagesOfKeys,
  type StoredEvent,
} from '../store/audit-pages.ts'
import type { Queryable } from '../store/store.ts'
import type { AuditAction } from './events.ts'

/** An event that was read, with the keys that it tells about. Whether a caller may see them is decided elsewhere. */
export interface RecordedEvent extends Omit<StoredEvent, 'action'> {
  readonly action: AuditAction
  /** UUID of the key whose ciphertext was re-encrypted, where that is on record. */
  readonly sourceKeyId: string | null
}

/** A page of a project's events. */
export async function readPage(
  db: Queryable,
  query: { filter: AuditEventFilter; range: AuditRange },
): Promise<RecordedEvent[]> {
  return (await findAuditPage(db, query)).map(asRecorded)
}

/** A page of events of each of several keys. */
export async function readPagesOfKeys(
  db: Queryable,
  query: { keyIds: readonly string[]; range: AuditRange },
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

function asRecorded(row: StoredEvent): RecordedEvent {
  const { sourceKeyId } = row.details
  const source = typeof sourceKeyId === 'string' ? parseId(sourceKeyId) : null
  // Only actions of the union are ever written.
  return { ...row, action: row.action as AuditAction, sourceKeyId: source?.uuid ?? null }
}
