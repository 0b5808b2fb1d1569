import { type AuditChainRow, findChain } from '../../store/audit/chain-rows.ts'
import { type AuditHead, type ChainedEventRow, findChainedEvents } from '../../store/audit/event-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { type ChainMac, hashOf, isSameHash } from '../chain.ts'
import { type Finding, recordFinding } from './finding.ts'

/** Records that are in memory at a time. */
const walkPageSize = 1000

/** Records that follow on each other without a fault. */
export interface VerifiedPage {
  readonly events: readonly (ChainedEventRow & { readonly previousHash: Uint8Array })[]
  /** The last of them. */
  readonly end: AuditHead
}

/** Where a walk begins and ends. */
export interface Walk {
  readonly chain: Pick<AuditChainRow, 'id' | 'number' | 'base'>
  readonly upTo: number
  readonly chainMac: ChainMac
}

/**
 * Reads a chain from its beginning and checks each record on the way; the value at the end is the first fault. Records
 * that are added meanwhile are beyond `upTo`; where others are pruned meanwhile it goes on from the new beginning. The
 * database reads the next page while one is checked.
 */
export async function* walkChain(db: Queryable, walk: Walk): AsyncGenerator<VerifiedPage, Finding | null> {
  const { chain, upTo, chainMac } = walk
  // One more than a page, since a number is unique only within a partition: the next page would begin after its second record.
  const read = (after: number) => {
    const page = findChainedEvents(db, { chainId: chain.id, after, upTo, max: walkPageSize + 1 })
    // It may fail before it is waited for.
    page.catch(() => {})
    return page
  }
  let end: AuditHead = chain.base
  let next = read(end.sequence)
  try {
    for (;;) {
      const found = await next
      const [beyond] = found.slice(walkPageSize)
      const isTwice = beyond !== undefined && beyond.sequence === found.at(-2)?.sequence
      const rows = isTwice ? found : found.slice(0, walkPageSize)
      const last = rows.at(-1)?.sequence ?? upTo
      if (last < upTo) next = read(last)
      const page = checkPage(chain.number, end, rows)
      if (page.events.length > 0) yield { events: page.events, end: page.end }
      end = page.end
      if (page.fault === null && end.sequence >= upTo) return null
      if (page.fault === null && rows.length > 0) continue
      const current = await findChain(db, chain.id)
      if (current !== null && current.base.sequence > end.sequence && chainMac.isAuthenticChain(current)) {
        return yield* walkChain(db, { ...walk, chain: current })
      }
      return page.fault ?? recordFinding(chain.number, { sequence: end.sequence + 1 }, 'is missing')
    }
  } finally {
    // Whoever stops early must not leave a statement behind on a connection that others take.
    await next.catch(() => {})
  }
}

function checkPage(
  chain: number,
  start: AuditHead,
  rows: readonly ChainedEventRow[],
): VerifiedPage & { readonly fault: Finding | null } {
  const events: (ChainedEventRow & { previousHash: Uint8Array })[] = []
  let end = start
  for (const row of rows) {
    const sequence = end.sequence + 1
    if (row.sequence !== sequence) {
      const fault =
        row.sequence > sequence
          ? recordFinding(chain, { sequence }, 'is missing')
          : recordFinding(chain, row, 'is out of order')
      return { events, end, fault }
    }
    const hash = hashOf(end.hash, row)
    if (!isSameHash(hash, row.hash)) {
      const isMoved = [start, ...rows].some(
        (other) => other.hash !== null && isSameHash(hashOf(other.hash, row), row.hash),
      )
      return {
        events,
        end,
        fault: recordFinding(chain, row, isMoved ? 'is out of order' : 'was changed'),
      }
    }
    events.push({ ...row, previousHash: end.hash })
    end = { sequence, hash }
  }
  return { events, end, fault: null }
}
