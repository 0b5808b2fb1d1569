import type { Clock } from '../clock.ts'
import { newUuid } from '../ids.ts'
import { type AuditEventRow, insertAuditEvents } from '../store/audit-rows.ts'
import type { Queryable } from '../store/store.ts'
import type { AuditEvent } from './events.ts'

/** Puts events on record. Nothing is answered before its event is durable. */
export interface AuditWriter {
  /** Resolves when the events are durable; rejects when they could not be written, and then nothing may be answered. */
  record(events: readonly AuditEvent[]): Promise<void>
  /** Writes an event inside the transaction of the change that it describes. */
  recordIn(tx: Queryable, event: AuditEvent): Promise<void>
}

/** Most events of one INSERT; more wait for the next group. */
const groupSizeMax = 2000

interface Waiting {
  readonly rows: readonly AuditEventRow[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: while one INSERT is under way, the events of further requests collect and go with the next one, so
 * that a busy server pays for one durable write per group instead of one per request.
 */
export function createAuditWriter(options: { db: Queryable; clock: Clock }): AuditWriter {
  const { db, clock } = options
  let waiting: Waiting[] = []
  let writing = false

  const toRow = (event: AuditEvent): AuditEventRow => ({
    id: newUuid(),
    occurredAt: clock.now(),
    projectId: event.actor.projectId,
    actor: event.actor.subject,
    tokenId: event.actor.tokenId,
    clientAddress: event.actor.clientAddress,
    requestId: event.actor.requestId,
    action: event.action,
    outcome: event.outcome,
    errorCode: event.errorCode,
    keyId: event.keyId,
    keyRevision: event.keyRevision,
    versionNumber: event.versionNumber,
    details: event.details,
  })

  function takeGroup(): Waiting[] {
    let size = 0
    const end = waiting.findIndex((entry, index) => {
      size += entry.rows.length
      return index > 0 && size > groupSizeMax
    })
    const group = end < 0 ? waiting : waiting.slice(0, end)
    waiting = end < 0 ? [] : waiting.slice(end)
    return group
  }

  async function writeGroups(): Promise<void> {
    writing = true
    try {
      while (waiting.length > 0) {
        const group = takeGroup()
        try {
          await insertAuditEvents(
            db,
            group.flatMap((entry) => entry.rows),
          )
          for (const entry of group) entry.resolve()
        } catch (error) {
          for (const entry of group) entry.reject(error)
        }
      }
    } finally {
      writing = false
    }
  }

  return {
    record(events) {
      if (events.length === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        waiting.push({ rows: events.map(toRow), resolve, reject })
        if (!writing) void writeGroups()
      })
    },
    async recordIn(tx, event) {
      await insertAuditEvents(tx, [toRow(event)])
    },
  }
}
