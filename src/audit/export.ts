import { formatId, type IdKind } from '../ids.ts'
import { type AuditChainRow, everyChain } from '../store/audit/chain-rows.ts'
import {
  type ExportedEvent,
  type ExportFilter,
  findEventsToExport,
  findUnchainedEventsToExport,
} from '../store/audit/export-rows.ts'
import { inPages, lowestUuid } from '../store/pages.ts'
import { hex, type Queryable } from '../store/sql.ts'
import { isAboutRoles } from './events.ts'

const pageSize = 1000

/**
 * All events as lines of JSON, one page at a time: chain by chain, each in order, and at the end those from before there
 * were chains, where there may be some. Events that are added meanwhile are left out.
 */
export async function* exportAudit(
  db: Queryable,
  filter: ExportFilter,
  { predatesChains = false }: { readonly predatesChains?: boolean } = {},
): AsyncGenerator<readonly string[]> {
  for await (const chain of everyChain(db)) {
    const { base, head, id: chainId } = chain
    const pages = inPages({
      after: base.sequence,
      find: (after) =>
        findEventsToExport(db, { ...filter, chainId, after, upTo: head.sequence, max: pageSize }),
      keyOf: ({ sequence }) => Number(sequence),
    })
    for await (const page of pages) yield page.map((event) => lineOf(event, chain))
  }
  if (!predatesChains) return
  const unchained = inPages({
    after: lowestUuid,
    find: (after) => findUnchainedEventsToExport(db, { ...filter, after, max: pageSize }),
    keyOf: ({ id }) => id,
  })
  for await (const page of unchained) yield page.map((event) => lineOf(event, null))
}

function lineOf(event: ExportedEvent, chain: AuditChainRow | null): string {
  const { chainId, sequence, hash, previousHash, keyKind: _kind, ...columns } = event
  const isFirst = chain !== null && sequence === chain.base.sequence + 1
  return JSON.stringify({
    // In the order of the columns; JSON has times as RFC 3339 wants them, in UTC and with milliseconds.
    ...columns,
    id: formatId('auditEvent', event.id),
    keyId: event.keyId && formatId(idKindOf(event), event.keyId),
    chain: chain?.number ?? null,
    chainId,
    sequence,
    previousHash: hexOf(isFirst ? chain.base.hash : previousHash),
    hash: hexOf(hash),
  })
}

function idKindOf(event: ExportedEvent): IdKind {
  if (isAboutRoles(event)) return 'projectRoles'
  // Service keys cannot be deleted, so a key that is missing was a user's.
  return event.keyKind === 'SERVICE' ? 'serviceKey' : 'userKey'
}

function hexOf(bytes: Uint8Array | null): string | null {
  return bytes && hex(bytes)
}
