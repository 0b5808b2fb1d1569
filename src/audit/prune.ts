import type { Clock } from '../clock.ts'
import { KeysteadError } from '../errors.ts'
import { newUuid } from '../ids.ts'
import { type AuditChainRow, findChains, lockChains, moveBase } from '../store/audit-chain-rows.ts'
import {
  deleteChainedEvents,
  findCounted,
  findFirstSince,
  findPrunedRevisions,
  writePrunedRevision,
} from '../store/audit-pruned-rows.ts'
import type { Queryable, Store } from '../store/store.ts'
import type { ChainMac } from './chain-mac.ts'
import { verifyAudit } from './verify.ts'
import { type VerifiedPage, walkChain } from './walk-chain.ts'
import type { AuditWriter } from './writer.ts'

/** Nothing was pruned, or no more, and why; for the operator. */
export class PruneError extends KeysteadError {
  readonly code = 'INTERNAL'
}

/** What pruning works with. */
export interface PruneOptions {
  readonly store: Store
  readonly clock: Clock
  readonly chainMac: ChainMac
  readonly audit: AuditWriter
  /** Records that are older than this many days go. */
  readonly olderThanDays: number
  readonly onProgress?: (pruned: number) => void | Promise<void>
}

/** What pruning did. */
export interface PruneReport {
  readonly pruned: number
  /** Records that are old enough, but not counted yet for the use of keys. */
  readonly notCounted: number
}

const pageSize = 100
const dayMs = 86_400_000

/**
 * Removes old records from the beginning of each chain, in steps of one page, each a transaction of its own that moves
 * the chain's beginning and puts on record what was removed. It can be stopped at any moment and started again.
 *
 * @throws PruneError if anything at all does not verify: evidence is not removed
 */
export async function pruneAudit(options: PruneOptions): Promise<PruneReport> {
  const { store, clock, chainMac, olderThanDays } = options
  const [finding] = (await verifyAudit({ db: store.db, chainMac })).findings
  if (finding !== undefined) {
    throw new PruneError(`Nothing was pruned, since the audit trail does not verify: ${finding.text}.`)
  }
  const since = new Date(clock.now().getTime() - olderThanDays * dayMs)
  let [pruned, notCounted] = [0, 0]
  for (let last = 0; ; ) {
    const chains = await findChains(store.db, { after: last, max: pageSize })
    if (chains.length === 0) return { pruned, notCounted }
    for (const chain of chains) {
      last = chain.number
      const old = await findLastBefore(store.db, chain, since)
      const upTo = Math.min(old, await findCounted(store.db, chain.id))
      notCounted += Math.max(0, old - Math.max(upTo, chain.base.sequence))
      for await (const count of pruneChain(options, chain, upTo)) {
        pruned += count
        await options.onProgress?.(pruned)
      }
    }
  }
}

async function findLastBefore(db: Queryable, chain: AuditChainRow, since: Date): Promise<number> {
  const first = await findFirstSince(db, { chainId: chain.id, since })
  return first === null ? chain.head.sequence : Math.min(first - 1, chain.head.sequence)
}

async function* pruneChain(
  options: PruneOptions,
  chain: AuditChainRow,
  upTo: number,
): AsyncGenerator<number> {
  const { store, chainMac } = options
  if (upTo <= chain.base.sequence) return
  const pages = walkChain(store.db, { chain, upTo, chainMac })
  let current = chain
  for (;;) {
    const { done, value } = await pages.next()
    if (done) {
      if (value !== null) throw new PruneError(`Pruning stopped: ${value.text}.`)
      return
    }
    current = await store.transaction((tx) => prunePage(tx, options, current, value))
    yield value.events.length
  }
}

async function prunePage(
  tx: Queryable,
  { chainMac, audit, olderThanDays }: PruneOptions,
  chain: AuditChainRow,
  page: VerifiedPage,
): Promise<AuditChainRow> {
  await lockChains(tx)
  const moved = { ...chain, base: page.end }
  const mac = chainMac.chainMac(moved)
  const isMoved = await moveBase(tx, { chainId: chain.id, from: chain.base.sequence, base: page.end, mac })
  const count = await deleteChainedEvents(tx, { chainId: chain.id, upTo: page.end.sequence })
  if (!isMoved || count !== page.events.length) {
    throw new PruneError(`Pruning stopped, since somebody else changed chain ${chain.number} meanwhile.`)
  }
  await keepRevisions(tx, chainMac, page)
  await audit.recordIn(tx, {
    actor: {
      projectId: '',
      subject: 'system:audit',
      tokenId: null,
      clientAddress: null,
      requestId: newUuid(),
    },
    action: 'PRUNE_AUDIT',
    outcome: 'SUCCEEDED',
    errorCode: null,
    keyId: null,
    keyRevision: null,
    versionNumber: null,
    details: {
      chain: chain.number,
      first: chain.base.sequence + 1,
      last: page.end.sequence,
      olderThanDays,
    },
  })
  return { ...moved, mac }
}

/** Keeps what the records say of the newest revision of keys and versions. */
async function keepRevisions(tx: Queryable, chainMac: ChainMac, { events }: VerifiedPage): Promise<void> {
  const newest = new Map<string, { keyId: string; versionNumber: number; revision: number }>()
  for (const { keyId, keyRevision: revision, versionNumber: number, outcome } of events) {
    if (keyId === null || revision === null || outcome !== 'SUCCEEDED') continue
    const versionNumber = number ?? 0
    const name = `${keyId} ${versionNumber}`
    if (revision > (newest.get(name)?.revision ?? 0)) newest.set(name, { keyId, versionNumber, revision })
  }
  const keyIds = [...new Set([...newest.values()].map(({ keyId }) => keyId))]
  const kept = await findPrunedRevisions(tx, keyIds)
  for (const row of newest.values()) {
    const before = kept.find((each) => each.keyId === row.keyId && each.versionNumber === row.versionNumber)
    if (before !== undefined && !chainMac.isAuthenticPruned(before)) {
      throw new PruneError('Pruning stopped, since what is kept of pruned records was changed.')
    }
    if (row.revision > (before?.revision ?? 0)) {
      await writePrunedRevision(tx, { ...row, mac: chainMac.prunedMac(row) })
    }
  }
}
