import { setTimeout as sleep } from 'node:timers/promises'
import { dayMs, type GuardedClock } from '../../clock.ts'
import { KeysteadError } from '../../errors.ts'
import { newUuid } from '../../ids.ts'
import { type AuditChainRow, everyChain, lockChains, moveBase } from '../../store/audit/chain-rows.ts'
import type { AuditHead } from '../../store/audit/event-rows.ts'
import {
  type AuditPartition,
  dropPartitions,
  findPartitions,
  isEmpty,
  isPruned,
} from '../../store/audit/partition-rows.ts'
import {
  deletePrunedEvents,
  findCounted,
  findFirstSince,
  findPrunedRevisions,
  lockKeptRevisions,
  type PrunedRevision,
  writePrunedRevisions,
} from '../../store/audit/pruned-rows.ts'
import { findPositionsIn } from '../../store/audit/sink-rows.ts'
import { isUnavailable } from '../../store/errors.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Store } from '../../store/store.ts'
import { type ChainMac, isSameHash } from '../chain.ts'
import { destroyedVersionsOf, keyStateDetail } from '../events.ts'
import { chainFinding, type Finding, recordFinding } from '../verify/finding.ts'
import { type VerifiedPage, walkChain } from '../verify/walk-chain.ts'
import type { AuditWriter } from '../write/writer.ts'
import { findPruneAnchor } from './prune-anchor.ts'
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
  readonly audit: AuditWriter
  /** Records that are older than this many days go. */
  readonly olderThanDays: number
  /** Names of the sinks that must have a record before it goes. */
  readonly sinks?: readonly string[]
  /** Attempts to drop partitions that others read; see {@link dropAttempts}. */
  readonly attemptsMax?: number
  /** Called with the number of records that were verified, and are to be removed. */
  readonly onVerified?: (records: number) => void | Promise<void>
  readonly onProgress?: (pruned: number) => void | Promise<void>
  /** Called for each page that is verified and each step of removing; may throw to stop between two of them. */
  readonly onStep?: () => void | Promise<void>
}

/** Result of pruning. */
export interface PruneReport {
  readonly pruned: number
  /** Records that are old enough, but not counted yet for the use of keys. */
  readonly notCounted: number
  /** Records that are old enough, but not exported to all sinks. */
  readonly notExported: number
  /** Partitions that were dropped. */
  readonly partitions: number
  /**
   * True if a partition could not be dropped, since others kept reading. Its records are no longer part of the trail; their
   * rows go with the next pruning.
   */
  readonly isLeft: boolean
}

/** Timeout of one step, which reads all summaries of pruned records once or twice. */
const stepMs = 120_000

/** Records that are verified, to be removed from the beginning of a chain. */
interface Segment {
  readonly chain: AuditChainRow
  /** The last of them. */
  readonly end: AuditHead
  /** What they say of the revisions of keys and versions. */
  readonly told: ReadonlyMap<string, Told>
}

/**
 * Removes old records from the beginning of each chain. First it verifies them, and what earlier pruning left. Then each
 * chain's beginning moves in a transaction of its own, which puts on record what was removed. Rows before the beginning of a
 * chain are no part of the trail: partitions that have no others are dropped, and the rest is deleted. It can be stopped at any
 * moment and started again.
 *
 * @throws PruneError if anything of what would be removed does not verify: evidence is not removed
 */
export async function pruneAudit(options: PruneOptions): Promise<PruneReport> {
  const { store, clock, olderThanDays, attemptsMax = dropAttempts.max, onProgress, onStep } = options
  const since = new Date(clock.certainNow().getTime() - olderThanDays * dayMs)
  let state = await readTrustedState(options)
  const { segments, notCounted, notExported } = await findSegments(options, since)
  let pruned = 0
  for (const segment of segments) {
    state = await store.transaction((tx) => removeSegment(tx, options, segment, state), stepMs)
    pruned += segment.end.sequence - segment.chain.base.sequence
    await onProgress?.(pruned)
    await onStep?.()
  }
  const { partitions, isLeft } = await dropPruned(store, since, attemptsMax)
  // What is left there would be deleted row by row.
  if (!isLeft)
    await deletePruned(store, async () => {
      await onProgress?.(pruned)
      await onStep?.()
    })
  return { pruned, notCounted, notExported, partitions, isLeft }
}

/** What the newest pruning left, as its record says and as it is. */
async function readTrustedState({ store, chainMac }: PruneOptions): Promise<PruneState> {
  const { state, finding } = await findPruneAnchor(store.db, chainMac)
  if (finding !== null) throw unverified(finding)
  if (!isSamePruneState(state, await readPruneState(store.db))) {
    throw new PruneError(
      'Nothing was pruned: what is kept of pruned records is not as the newest pruning left it. Run "keystead audit verify".',
    )
  }
  return state
}

function unverified({ text }: Finding): PruneError {
  return new PruneError(`Nothing was pruned: the audit trail does not verify: ${text}.`)
}

/** Reads and verifies what can be removed of each chain. */
async function findSegments(
  { store, chainMac, sinks = [], onVerified, onStep }: PruneOptions,
  since: Date,
): Promise<{ segments: readonly Segment[]; notCounted: number; notExported: number }> {
  const segments: Segment[] = []
  let [notCounted, notExported, verified] = [0, 0, 0]
  const onPage = async (records: number) => {
    verified += records
    await onVerified?.(verified)
    await onStep?.()
  }
  for await (const chain of everyChain(store.db)) {
    const old = await findLastBefore(store.db, chain, since)
    const counted = Math.min(old, await findCounted(store.db, chain.id))
    const upTo = Math.min(counted, await findExported(store.db, chain, { chainMac, sinks }))
    notExported += Math.max(0, counted - Math.max(upTo, chain.base.sequence))
    notCounted += Math.max(0, old - Math.max(counted, chain.base.sequence))
    if (upTo <= chain.base.sequence) continue
    segments.push(await verifySegment({ db: store.db, chainMac, onPage }, chain, upTo))
  }
  return { segments, notCounted, notExported }
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

/** Follows the records from the beginning of a chain, over the last of them to the record or the end that follows on it. */
async function verifySegment(
  { db, chainMac, onPage }: { db: Queryable; chainMac: ChainMac; onPage: (records: number) => Promise<void> },
  chain: AuditChainRow,
  upTo: number,
): Promise<Segment> {
  if (!chainMac.isAuthenticChain(chain) || !chainMac.isAuthenticHead(chain)) {
    throw unverified(chainFinding(chain.number, 'has a row that was changed'))
  }
  const told = new Map<string, Told>()
  let end = chain.base
  const pages = walkChain(db, { chain, upTo: Math.min(upTo + 1, chain.head.sequence), chainMac })
  for (;;) {
    const { done, value } = await pages.next()
    if (done) {
      if (value !== null) throw unverified(value)
      break
    }
    addTold(
      told,
      value.events.filter(({ sequence }) => sequence <= upTo),
    )
    const last = value.events.findLast(({ sequence }) => sequence <= upTo)
    if (last?.hash) end = { sequence: last.sequence, hash: last.hash }
    await onPage(value.events.length)
  }
  if (end.sequence !== upTo) throw unverified(recordFinding(chain.number, { sequence: upTo }, 'is missing'))
  if (upTo === chain.head.sequence && !isSameHash(end.hash, chain.head.hash)) {
    throw unverified(recordFinding(chain.number, end, 'is not the one that the chain ends with'))
  }
  return { chain, end, told }
}

async function removeSegment(
  tx: Queryable,
  { chainMac, audit, olderThanDays }: PruneOptions,
  { chain, end, told }: Segment,
  before: PruneState,
): Promise<PruneState> {
  await lockChains(tx)
  await lockKeptRevisions(tx)
  // The trail vouches for what this step records, so it must start from exactly what the last step left.
  if (!isSamePruneState(before, await readPruneState(tx))) {
    throw new PruneError(
      'Pruning stopped: another process pruned at the same time, or the summaries of pruned records were changed outside of the server. Run "keystead audit verify".',
    )
  }
  const mac = chainMac.chainMac({ ...chain, base: end })
  if (!(await moveBase(tx, { chainId: chain.id, from: chain.base.sequence, base: end, mac }))) {
    throw new PruneError(`Pruning stopped: another process changed chain ${chain.number} at the same time.`)
  }
  await keepRevisions(tx, chainMac, told)
  const removed = before.removed + end.sequence - chain.base.sequence
  // Operations leave nothing to keep: then there is no need to read it all once more.
  const state = told.size > 0 ? await readPruneState(tx) : { ...before, removed }
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
      last: end.sequence,
      olderThanDays,
      ...state,
    },
  })
  return state
}

/** Attempts to drop partitions, each of which waits for the table for a moment, and the pause between them in milliseconds. */
const dropAttempts = { max: 20, pauseMs: 500 }

/** Drops the partitions that end before a moment and have nothing of the trail any more. */
async function dropPruned(
  store: Store,
  since: Date,
  attemptsMax: number,
): Promise<Pick<PruneReport, 'partitions' | 'isLeft'>> {
  let partitions = 0
  for (let attempt = 1; ; attempt++) {
    const all = await findPartitions(store.db)
    let isLeft = false
    for (const run of await findPrunedRuns(store.db, all, since)) {
      const isDropped = await dropPartitions(store, await findPartitions(store.db), run.dropped).catch(
        (error: unknown) => {
          if (isUnavailable(error)) return false
          throw error
        },
      )
      if (isDropped) partitions += run.filled
      else isLeft = true
    }
    if (!isLeft || attempt >= attemptsMax) return { partitions, isLeft }
    await sleep(dropAttempts.pauseMs * (1 + Math.random()))
  }
}

/** Neighbouring partitions without anything of the trail, at least one of which has rows. */
async function findPrunedRuns(
  db: Queryable,
  all: readonly AuditPartition[],
  since: Date,
): Promise<{ dropped: AuditPartition[]; filled: number }[]> {
  const runs: { dropped: AuditPartition[]; filled: number }[] = []
  let run: { dropped: AuditPartition[]; filled: number } | null = null
  for (const partition of all) {
    if (partition.to === null || partition.to > since) break
    if (!(await isPruned(db, partition))) {
      run = null
      continue
    }
    if (run === null) {
      run = { dropped: [], filled: 0 }
      runs.push(run)
    }
    run.dropped.push(partition)
    if (!(await isEmpty(db, partition))) run.filled++
  }
  return runs.filter(({ filled }) => filled > 0)
}

/** Rows that are deleted in one statement. */
const deletedMax = 5000

/** Deletes the rows that are before the beginnings of their chains. */
async function deletePruned(store: Store, onDeleted: () => unknown): Promise<void> {
  for await (const { id, base } of everyChain(store.db)) {
    if (base.sequence === 0) continue
    while ((await deletePrunedEvents(store.db, { chainId: id, max: deletedMax })) > 0) await onDeleted()
  }
}

/** Keys whose summaries are read and written in one statement. */
const keysMax = 1000

/** Keeps what removed records say of the revisions of keys and versions. */
async function keepRevisions(
  tx: Queryable,
  chainMac: ChainMac,
  told: ReadonlyMap<string, Told>,
): Promise<void> {
  const byKey = [...Map.groupBy(told.values(), ({ keyId }) => keyId)]
  for (let first = 0; first < byKey.length; first += keysMax) {
    const some = byKey.slice(first, first + keysMax)
    const found = await findPrunedRevisions(
      tx,
      some.map(([keyId]) => keyId),
    )
    const kept = new Map(found.map((row) => [nameOf(row), row]))
    const rows = some
      .flatMap(([, rowsOfKey]) => rowsOfKey)
      .map((row) => {
        const before = kept.get(nameOf(row))
        if (before !== undefined && !chainMac.isAuthenticPruned(before)) {
          throw new PruneError(
            'Pruning stopped: the summaries of pruned records were changed outside of the server. Run "keystead audit verify".',
          )
        }
        const after = before === undefined ? row : joined(before, row)
        return { ...after, mac: chainMac.prunedMac(after) }
      })
    await writePrunedRevisions(tx, rows)
  }
}

type Told = Omit<PrunedRevision, 'mac'>

function joined(before: Told, row: Told): Told {
  const { revision, keyState } = row.revision > before.revision ? row : before
  const records = before.records === null || row.records === null ? null : before.records + row.records
  return { keyId: row.keyId, versionNumber: row.versionNumber, revision, records, keyState }
}

/** Adds the newest revisions of keys and versions that records name, one row for each. */
function addTold(told: Map<string, Told>, events: VerifiedPage['events']): void {
  const add = (row: Told) => {
    const before = told.get(nameOf(row))
    told.set(nameOf(row), before === undefined ? row : joined(before, row))
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
}

function nameOf({ keyId, versionNumber }: Pick<Told, 'keyId' | 'versionNumber'>): string {
  return `${keyId} ${versionNumber}`
}
