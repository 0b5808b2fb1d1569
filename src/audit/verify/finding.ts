import { formatId } from '../../ids.ts'

/** A fault in the audit trail, or in a row that it covers. */
export interface Finding {
  /** Number of the faulty chain; null if the fault is elsewhere. */
  readonly chain: number | null
  /** Number of the record in the chain. */
  readonly sequence: number | null
  /** For people: one sentence that names what is wrong. */
  readonly text: string
}

/** A finding about a whole chain. */
export function chainFinding(chain: number, what: string): Finding {
  return { chain, sequence: null, text: `chain ${chain} ${what}` }
}

/** A finding about one record of a chain. */
export function recordFinding(
  chain: number,
  record: { sequence: number; id?: string },
  what: string,
): Finding {
  const id = record.id === undefined ? '' : ` (${formatId('auditEvent', record.id)})`
  return { chain, sequence: record.sequence, text: `chain ${chain}, record ${record.sequence}${id} ${what}` }
}

/** A finding about something else. */
export function otherFinding(text: string): Finding {
  return { chain: null, sequence: null, text }
}
