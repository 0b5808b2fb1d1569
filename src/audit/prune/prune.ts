import { dayMs, type GuardedClock } from '../../clock.ts'
import { KeysteadError } from '../../errors.ts'
import { newUuid } from '../../ids.ts'
import { type AuditChainRow, everyChain, lockChains, moveBase } from '../../store/audit/chain-rows.ts'
import {
  deleteChainedEvents,
  findCounted,
  findFirstSince,
  findPrunedRevisions,
  lockKeptRevisions,
  type PrunedRevision,
  writePrunedRevision,
} from '../../store/audit/pruned-rows.ts'
import { findPositionsIn } from '../../store/audit/sink-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Store } from '../../store/store.ts'
import type { ChainMac } from '../chain.ts'
import { destroyedVersionsOf, keyStateDetail } from '../events.ts'
import { verifyAudit } from '../verify/verify.ts'
import { type VerifiedPage, walkChain } from '../verify/walk-chain.ts'
import type { AuditWriter } from '../write/writer.ts'
import { isSamePruneState, type PruneState, readPruneState } from './prune-state.ts'

/** Pruning did not start, or stopped. The text is for the operator. */
export class PruneError extends KeysteadError {
  readonly code = 'INTERNAL'
}

/** Options of pruning. */
export interface PruneOptions {
  readonly store: Store
  readonly clock: GuardedClock
  readonly chainMac: ChainMac
  /** As in {@link verifyAudit}. */
  readonly predatesChains?: boolean
  readonly audit: AuditWriter
  /** Records that are older than this many days go. */
  readonly olderThanDays: number
  /** Names of the sinks that must have a record before it goes. */
  readonly sinks?: readonly string[]
  readonly onProgress?: (pruned: number) => void | Promise<void>
  /** Called for each page that is verified or pruned; may throw to stop between two steps. */
  readonly onStep?: () => void | Promise<void>
}

/** Result of pruning. */
export interface PruneReport {
  readonly pruned: number
  /** Records that are old enough, but not counted yet for the use of keys. */
  readonly notCounted: number
  /** Records that are old enough, but not exported to all sinks. */
  readonly notExported: number
}

/** Timeout of one step, which reads all summaries of pruned records once or twice. */
const stepMs = 120_000

/** Options of pruning and the state after its last step. */
interface Pruning extends PruneOptions {
  state: PruneState
}

/**
 * Removes old records from the beginning of each chain, in steps of one page, each a transaction of its own that moves
 * the chain's beginning and puts on record what was removed. It can be stopped at any moment and started again.
 *
 * @throws PruneError if anything at all does not verify: evidence is not removed
 */
export async function pruneAudit(options: PruneOptions): Promise<PruneReport> {
  const { store, clock, chainMac, predatesChains = false, olderThanDays } = options
  const { sinks = [], onStep } = options
  const verified = await verifyAudit({
    db: store.db,
    chainMac,
    predatesChains,
    ...(onStep && { onProgress: () => onStep() }),
  })
  const [finding] = verified.findings
  if (finding !== undefined) {
    throw new PruneError(`Nothing was pruned: the audit trail does not verify: ${finding.text}.`)
  }
  // It was verified; what is read again later may have been changed since.
  const pruning: Pruning = { ...options, state: verified.pruneState }
  const since = new Date(clock.certainNow().getTime() - olderThanDays * dayMs)
  let [pruned, notCounted, notExported] = [0, 0, 0]
  for await (const chain of everyChain(store.db)) {
    const old = await findLastBefore(store.db, chain, since)
    const counted = Math.min(old, await findCounted(store.db, chain.id))
    const upTo = Math.min(counted, await findExported(store.db, chain, { chainMac, sinks }))
    notExported += Math.max(0, counted - Math.max(upTo, chain.base.sequence))
    notCounted += Math.max(0, old - Math.max(counted, chain.base.sequence))
    for await (const count of pruneChain(pruning, chain, upTo)) {
      pruned += count
      await options.onProgress?.(pruned)
      await onStep?.()
    }
  }
  return { pruned, notCounted, notExported }
}

/** Number up to which all sinks have the records of a chain. A position that does not verify counts as none. */
async function findExported(
  db: Queryable,
  chain: AuditChainRow,
  { chainMac, sinks }: { readonly chainMac: ChainMac; readonly sinks: readonly string[] },
): Promise<number> {
  if (sinks.length === 0) return chain.head.sequence
  const positions = (await findPositionsIn(db, chain.id)).filter((row) => chainMac.isAuthenticPosition(row))
  return Math.min(...sinks.map((name) => positions.find(({ sink }) => sink === name)?.sequence ?? 0))
}

async function findLastBefore(db: Queryable, chain: AuditChainRow, since: Date): Promise<number> {
  const first = await findFirstSince(db, { chainId: chain.id, since })
  return first === null ? chain.head.sequence : Math.min(first - 1, chain.head.sequence)
}

async function* pruneChain(pruning: Pruning, chain: AuditChainRow, upTo: number): AsyncGenerator<number> {
  const { store, chainMac } = pruning
  if (upTo <= chain.base.sequence) return
  const pages = walkChain(store.db, { chain, upTo, chainMac })
  let current = chain
  for (;;) {
    const { done, value } = await pages.next()
    if (done) {
      if (value !== null) throw new PruneError(`Pruning stopped: ${value.text}.`)
      return
    }
    const step = await store.transaction((tx) => prunePage(tx, pruning, current, value), stepMs)
    current = step.chain
    pruning.state = step.state
    yield value.events.length
  }
}

async function prunePage(
  tx: Queryable,
  { chainMac, audit, olderThanDays, state: before }: Pruning,
  chain: AuditChainRow,
  page: VerifiedPage,
): Promise<{ readonly chain: AuditChainRow; readonly state: PruneState }> {
  await lockChains(tx)
  await lockKeptRevisions(tx)
  // The trail vouches for what this step records, so it must start from exactly what the last step left.
  if (!isSamePruneState(before, await readPruneState(tx))) {
    throw new PruneError(
      'Pruning stopped: another process pruned at the same time, or the summaries of pruned records were changed outside of the server. Run "keystead audit verify".',
    )
  }
  const moved = { ...chain, base: page.end }
  const mac = chainMac.chainMac(moved)
  const isMoved = await moveBase(tx, { chainId: chain.id, from: chain.base.sequence, base: page.end, mac })
  const count = await deleteChainedEvents(tx, { chainId: chain.id, upTo: page.end.sequence })
  if (!isMoved || count !== page.events.length) {
    throw new PruneError(`Pruning stopped: another process changed chain ${chain.number} at the same time.`)
  }
  const hasKept = await keepRevisions(tx, chainMac, page)
  const removed = before.removed + page.end.sequence - chain.base.sequence
  // Most steps remove operations, which leave nothing to keep: then there is no need to read it all once more.
  const state = hasKept ? await readPruneState(tx) : { ...before, removed }
  if (state?.removed !== removed) {
    throw new PruneError('Pruning stopped: another process changed chains at the same time.')
  }
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
      ...state,
    },
  })
  return { chain: { ...moved, mac }, state }
}

/** Keeps what the records say of the revisions of keys and versions; false if they say nothing of them. */
async function keepRevisions(tx: Queryable, chainMac: ChainMac, { events }: VerifiedPage): Promise<boolean> {
  const told = toldOfRevisions(events)
  const keyIds = [...new Set([...told.values()].map(({ keyId }) => keyId))]
  const kept = await findPrunedRevisions(tx, keyIds)
  for (const row of told.values()) {
    const before = kept.find((each) => each.keyId === row.keyId && each.versionNumber === row.versionNumber)
    if (before !== undefined && !chainMac.isAuthenticPruned(before)) {
      throw new PruneError(
        'Pruning stopped: the summaries of pruned records were changed outside of the server. Run "keystead audit verify".',
      )
    }
    const after = before === undefined ? row : joined(before, row)
    await writePrunedRevision(tx, { ...after, mac: chainMac.prunedMac(after) })
  }
  return told.size > 0
}

type Told = Omit<PrunedRevision, 'mac'>

function joined(before: Told, row: Told): Told {
  const { revision, keyState } = row.revision > before.revision ? row : before
  const records = before.records === null || row.records === null ? null : before.records + row.records
  return { keyId: row.keyId, versionNumber: row.versionNumber, revision, records, keyState }
}

/** Newest revisions of keys and versions that records name, one row for each. */
function toldOfRevisions(events: VerifiedPage['events']): ReadonlyMap<string, Told> {
  const told = new Map<string, Told>()
  const add = (row: Told) => {
    const name = `${row.keyId} ${row.versionNumber}`
    const before = told.get(name)
    told.set(name, before === undefined ? row : joined(before, row))
  }
  for (const { keyId, keyRevision: revision, versionNumber, outcome, details } of events) {
    if (keyId === null || revision === null || outcome !== 'SUCCEEDED') continue
    const state = details[keyStateDetail]
    const keyState = typeof state === 'string' ? Buffer.from(state, 'hex') : null
    const own = versionNumber ?? 0
    add({ keyId, versionNumber: own, revision, records: 1, keyState })
    // A record of several versions names them in its details alone.
    for (const number of destroyedVersionsOf(details)) {
      if (number !== own) add({ keyId, versionNumber: number, revision, records: 0, keyState })
    }
  }
  return told
}
