import { appendAuditEvents } from '../../store/audit/append-rows.ts'
import { type AuditChainRow, lockChain } from '../../store/audit/chain-rows.ts'
import type { AuditEventRow, AuditHead } from '../../store/audit/event-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { isSameHash, linkEvents } from '../chain.ts'
import { ChainError, type ChainParts, openChain } from './open-chain.ts'

/** The chain of changes; each appends in its own transaction, under a lock on the chain's row. */
export interface ManagementChain {
  open(): Promise<void>
  /** Appends in a transaction, which should end soon: other changes of this process wait for it. */
  appendIn(tx: Queryable, events: readonly AuditEventRow[]): Promise<void>
}

/** The chain that this process appends to, as far as it is known to have been committed. */
interface OwnChain {
  readonly id: string
  readonly number: number
  /** The furthest end that was seen under the lock; null while the chain's own transaction may have been undone. */
  seen: AuditHead | null
}

/** Where the chain ends is read under its lock, since only the database knows which transactions were committed. */
export function createManagementChain(parts: ChainParts): ManagementChain {
  const { store, chainMac, alert } = parts
  let own: OwnChain | null = null

  async function lockEnd(tx: Queryable): Promise<Pick<AuditChainRow, 'id' | 'head'>> {
    const current = own
    const row = current === null ? null : await lockChain(tx, current.id)
    if (current !== null && row !== null && isAsLeft(row, current.seen)) {
      current.seen = row.head
      return row
    }
    if (current !== null && current.seen !== null) alert(new ChainError(current.number))
    const opened = await openChain(tx, parts, 'MANAGEMENT')
    own = { id: opened.id, number: opened.number, seen: null }
    return opened
  }

  function isAsLeft(row: AuditChainRow, seen: AuditHead | null): boolean {
    if (!chainMac.isAuthenticChain(row) || !chainMac.isAuthenticHead(row)) return false
    if (seen === null || row.head.sequence > seen.sequence) return true
    return row.head.sequence === seen.sequence && isSameHash(row.head.hash, seen.hash)
  }

  return {
    async open() {
      const { id, number, head } = await store.transaction((tx) => openChain(tx, parts, 'MANAGEMENT'))
      own = { id, number, seen: head }
    },
    async appendIn(tx, events) {
      const end = await lockEnd(tx)
      const { links, head } = linkEvents(end.head, events)
      const headMac = chainMac.headMac(end.id, head)
      if (!(await appendAuditEvents(tx, { chainId: end.id, after: end.head, links, head, headMac }))) {
        throw new Error('an audit chain moved though it was locked')
      }
    },
  }
}
