import { type ChainMac, linkEvents } from '../../src/audit/chain.ts'
import { keepPartitions } from '../../src/audit/partitions.ts'
import { openChain } from '../../src/audit/write/open-chain.ts'
import { dayMs } from '../../src/clock.ts'
import { newUuid } from '../../src/ids.ts'
import { appendAuditEvents } from '../../src/store/audit/append-rows.ts'
import type { AuditChainKind } from '../../src/store/audit/chain-rows.ts'
import type { AuditEventRow } from '../../src/store/audit/event-rows.ts'
import type { Store } from '../../src/store/store.ts'

/** A trail of a year as servers leave it. */
export interface YearOfEvents {
  /** Events of operations, at least one for each chain. */
  readonly events: number
  /** Chains of operations, each with its share of the year one after the other, but for the first, which is of all of it. */
  readonly chains: number
  /** Project of the caller; others have the other half of the events. */
  readonly projectId: string
  readonly keyIds: readonly string[]
  /** Where the year ends. */
  readonly until: Date
  readonly groupSize?: number
  readonly onProgress?: (written: number) => void
}

/** Writes the events with their chains, and makes the partitions as housekeeping would have made them meanwhile. */
export async function writeYearOfEvents(
  { store, chainMac }: { readonly store: Store; readonly chainMac: ChainMac },
  { events, chains, projectId, keyIds, until, groupSize = 2000, onProgress = () => {} }: YearOfEvents,
): Promise<void> {
  const start = until.getTime() - 365 * dayMs
  let now = new Date(start)
  const clock = { now: () => now }
  const open = (kind: AuditChainKind) => store.transaction((tx) => openChain(tx, { clock, chainMac }, kind))
  const first = await open('OPERATIONS')
  const ends = new Map([[first.id, first.head]])
  let own = first
  let month = -1
  for (let written = 0; written < events; ) {
    now = new Date(start + Math.floor((written / events) * 365 * dayMs))
    if (now.getUTCMonth() !== month) await keepPartitions(store, now)
    month = now.getUTCMonth()
    if (ends.size < Math.ceil((written / events) * chains)) {
      own = await open('OPERATIONS')
      ends.set(own.id, own.head)
    }
    // The first chain is that of a server which ran all year.
    const chainId = (written / groupSize) % 2 < 1 ? first.id : own.id
    const after = ends.get(chainId)
    if (after === undefined) throw new TypeError('the chain was opened')
    const count = Math.min(groupSize, events - written)
    const rows = Array.from({ length: count }, (_, index) =>
      eventAt(written + index, now, { projectId, keyIds }),
    )
    const { links, head } = linkEvents(after, rows)
    const append = { chainId, after, links, head, headMac: chainMac.headMac(chainId, head) }
    if (!(await appendAuditEvents(store.executor, append)))
      throw new TypeError('the chain has another writer')
    ends.set(chainId, head)
    written += count
    onProgress(written)
  }
}

function eventAt(
  index: number,
  now: Date,
  { projectId, keyIds }: Pick<YearOfEvents, 'projectId' | 'keyIds'>,
): AuditEventRow {
  return {
    id: newUuid(),
    projectId: index % 2 === 0 ? projectId : `other-${index % 7}`,
    occurredAt: new Date(now.getTime() + (index % 2000)),
    action: index % 3 === 0 ? 'DECRYPT' : 'ENCRYPT',
    outcome: 'SUCCEEDED',
    errorCode: null,
    actor: `user:${index % 50}`,
    tokenId: '0198f6a0-0000-4000-8000-00000000abcd',
    clientAddress: '192.0.2.7',
    requestId: newUuid(),
    keyId: keyIds[index % keyIds.length] ?? null,
    keyRevision: null,
    versionNumber: 1,
    details: {},
  }
}
