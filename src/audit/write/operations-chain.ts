import { type AuditAppend, appendAuditEvents, tryAppend } from '../../store/audit/append-rows.ts'
import { type AuditChainRow, findChain } from '../../store/audit/chain-rows.ts'
import type { AuditEventRow, AuditHead } from '../../store/audit/event-rows.ts'
import { isRetryable } from '../../store/errors.ts'
import { isSameHash, linkEvents } from '../chain.ts'
import { ChainError, type ChainParts, openChain } from './open-chain.ts'

/** Most tries of one group. A chain that is not where it should be is looked at after the first of them. */
const triesMax = 3

/** Most ends that are remembered of groups whose outcome is unknown. */
const doubtfulMax = 1000

/** Chain of the group writer, its only writer, which appends one group at a time. */
export interface OperationsChain {
  open(): Promise<void>
  /**
   * Appends an event and takes it back again.
   *
   * @throws whatever keeps events from being written
   */
  checkAppend(sample: AuditEventRow): Promise<void>
  /** Resolves when the events are durable. */
  append(events: readonly AuditEventRow[]): Promise<void>
}

/**
 * Knows where its chain ends without asking, so that a group costs one statement. That statement writes nothing if the
 * chain ends elsewhere, and only then, or after a failure, is the chain read again.
 */
export function createOperationsChain(parts: ChainParts): OperationsChain {
  const { store, chainMac } = parts
  let chain: Pick<AuditChainRow, 'id' | 'number' | 'head'> | null = null
  /** Ends that the chain may have come to: a connection can break before or after the commit. */
  let doubtful: AuditHead[] = []
  let isCertain = false

  async function open(): Promise<void> {
    chain = await store.transaction((tx) => openChain(tx, parts, 'OPERATIONS'))
    doubtful = []
    isCertain = true
  }

  async function findEnd(): Promise<Pick<AuditChainRow, 'id' | 'number' | 'head'>> {
    if (chain !== null && !isCertain) {
      const { head, id, number } = chain
      const row = await findChain(store.db, id)
      const isPossible = [head, ...doubtful].some((end) => row !== null && isSameHead(end, row.head))
      if (row !== null && isPossible && chainMac.isAuthenticHead(row) && chainMac.isAuthenticChain(row)) {
        if (!isSameHead(head, row.head)) doubtful = []
        chain = row
        isCertain = true
      } else {
        parts.alert(new ChainError(number))
        chain = null
      }
    }
    if (chain === null) await open()
    if (chain === null) throw new TypeError('a chain was opened and is not there')
    return chain
  }

  /** False also where other transactions kept the statement from its end: the next try reads the chain again. */
  function appendUnlessInTheWay(append: AuditAppend, tries: number): Promise<boolean> {
    return appendAuditEvents(store.executor, append).catch((error: unknown) => {
      if (isRetryable(error) && tries + 1 < triesMax) return false
      throw error
    })
  }

  return {
    open,
    async checkAppend(sample) {
      if (chain === null) await open()
      if (chain === null) throw new TypeError('a chain was opened and is not there')
      const { id, head: end } = chain
      const { links, head } = linkEvents(end, [sample])
      await tryAppend(store, { chainId: id, after: end, links, head, headMac: chainMac.headMac(id, head) })
    },
    async append(events) {
      for (let tries = 0; tries < triesMax; tries++) {
        const end = await findEnd()
        const { links, head } = linkEvents(end.head, events)
        const headMac = chainMac.headMac(end.id, head)
        isCertain = false
        doubtful = [...doubtful, head].slice(-doubtfulMax)
        const append = { chainId: end.id, after: end.head, links, head, headMac }
        if (await appendUnlessInTheWay(append, tries)) {
          chain = { ...end, head }
          doubtful = []
          isCertain = true
          return
        }
      }
      throw new Error('the audit chain was changed by another writer')
    },
  }
}

function isSameHead(a: AuditHead, b: AuditHead): boolean {
  return a.sequence === b.sequence && isSameHash(a.hash, b.hash)
}
