import { formatId } from '../ids.ts'
import { type AuditChainRow, findChains } from '../store/audit/chain-rows.ts'
import {
  type ExportedEvent,
  type ExportFilter,
  findEventsToExport,
  findUnchainedEventsToExport,
} from '../store/audit/export-rows.ts'
import type { Queryable } from '../store/queryable.ts'
import { hex } from '../store/rows/hex.ts'

const pageSize = 1000
const beforeAll = '00000000-0000-0000-0000-000000000000'

/**
 * All records as lines of JSON, one page at a time: chain by chain, in each in order, and at the end those from before
 * there were chains, where there may be some. Records that are added meanwhile are left out.
 */
export async function* exportAudit(
  db: Queryable,
  filter: ExportFilter,
  { predatesChains = false }: { readonly predatesChains?: boolean } = {},
): AsyncGenerator<readonly string[]> {
  for (let last = 0; ; ) {
    const chains = await findChains(db, { after: last, max: pageSize })
    if (chains.length === 0) break
    for (const chain of chains) {
      yield* exportChain(db, chain, filter)
      last = chain.number
    }
  }
  for (let after = beforeAll; predatesChains; ) {
    const events = await findUnchainedEventsToExport(db, { ...filter, after, max: pageSize })
    if (events.length === 0) return
    yield events.map((event) => lineOf(event, null))
    after = events.at(-1)?.id ?? after
  }
}

async function* exportChain(
  db: Queryable,
  chain: AuditChainRow,
  filter: ExportFilter,
): AsyncGenerator<readonly string[]> {
  for (let after = chain.base.sequence; ; ) {
    const page = { ...filter, chainId: chain.id, after, upTo: chain.head.sequence, max: pageSize }
    const events = await findEventsToExport(db, page)
    if (events.length === 0) return
    yield events.map((event) => lineOf(event, chain))
    after = events.at(-1)?.sequence ?? after
  }
}

function lineOf(event: ExportedEvent, chain: AuditChainRow | null): string {
  const { chainId, sequence, hash, previousHash, keyKind, ...columns } = event
  const isFirst = chain !== null && sequence === chain.base.sequence + 1
  return JSON.stringify({
    // In the order of the columns; JSON has times as RFC 3339 wants them, in UTC and with milliseconds.
    ...columns,
    id: formatId('auditEvent', event.id),
    // Service keys cannot be deleted, so a key that is missing was a user's.
    keyId: event.keyId && formatId(keyKind === 'SERVICE' ? 'serviceKey' : 'userKey', event.keyId),
    chain: chain?.number ?? null,
    chainId,
    sequence,
    previousHash: hexOf(isFirst ? chain.base.hash : previousHash),
    hash: hexOf(hash),
  })
}

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes && hex(bytes)
}
