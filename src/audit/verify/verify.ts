import { counted } from '../../counted.ts'
import { type AuditChainRow, everyChain, findChain, sumPruned } from '../../store/audit/chain-rows.ts'
import { type AuditEventRow, countUnchainedEvents, findStrayEvents } from '../../store/audit/event-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { ChainMac } from '../chain.ts'
import { findPruneAnchor } from '../prune/prune-anchor.ts'
import type { PruneState } from '../prune/prune-state.ts'
import type { Checkpoint } from './checkpoint.ts'
import { chainFinding, type Finding, otherFinding } from './finding.ts'
import { verifyChain } from './verify-chain.ts'
import { createEncryptionTally, verifyKeys } from './verify-keys.ts'
import { newestPruning, noPruning, verifyPruned } from './verify-pruned.ts'
import { type RowMacs, verifyRows } from './verify-rows.ts'

/** Progress of a verification. */
export interface VerifyProgress {
  readonly chains: number
  readonly records: number
  readonly keys: number
}

/** Result of a verification. */
export interface VerifyReport extends VerifyProgress {
  readonly findings: readonly Finding[]
  /** Records from before there were chains, which cannot be verified. */
  readonly recordsBeforeChains: number
  /** State that the newest record of pruning holds. */
  readonly pruneState: PruneState
}

/** Options of a verification. */
export interface VerifyOptions {
  readonly db: Queryable
  readonly chainMac: ChainMac
  /** A checkpoint whose signature was verified. */
  readonly checkpoint?: Checkpoint | undefined
  /** True to read only the records that are later than the checkpoint. Keys and rows are compared as ever. */
  readonly sinceCheckpoint?: boolean
  /** Chains that are read at the same time, each on a connection of its own; 1 by default. */
  readonly readers?: number
  /** Checks the rows themselves; they are only compared with the trail otherwise. */
  readonly rowMacs?: RowMacs
  /** True if there may be records from before there were chains; otherwise each record without one is a finding. */
  readonly predatesChains?: boolean
  readonly onProgress?: (progress: VerifyProgress) => void | Promise<void>
}

/** Most records without a chain that are named. */
const straysMax = 100

/**
 * Checks all chains, and the rows of keys against them. It holds one page in memory and no transaction open: each chain
 * is checked up to where it ended when its turn came, so that servers may go on writing.
 */
export async function verifyAudit(options: VerifyOptions): Promise<VerifyReport> {
  const { db, chainMac, predatesChains = false, onProgress } = options
  const findings: Finding[] = []
  let [records, keys] = [0, 0]
  const removedBefore = await sumPruned(db)
  let newest = noPruning
  if (options.sinceCheckpoint === true) {
    // The newest record of pruning may be older than the checkpoint.
    const { state, chain, finding } = await findPruneAnchor(db, chainMac)
    if (finding === null) newest = { state, chain }
    else findings.push(finding)
  }
  const encryptions = createEncryptionTally()
  const chains = await verifyChains(options, findings, async (chain, events, chainsSoFar) => {
    newest = newestPruning(newest, chain, events)
    records += events.length
    encryptions.add(events)
    await onProgress?.({ chains: chainsSoFar, records, keys })
  })
  for (const { id } of await findStrayEvents(db, straysMax)) {
    findings.push(otherFinding(`the record ${id} names a place in a chain that is not there`))
  }
  const { before, since } = await countUnchainedEvents(db)
  const unchained = predatesChains ? since : before + since
  if (unchained > 0) {
    const why = predatesChains
      ? 'though there were chains already'
      : 'though this installation has had chains from the beginning'
    findings.push(
      otherFinding(`${counted(unchained, 'record')} ${unchained === 1 ? 'is' : 'are'} in no chain, ${why}`),
    )
  }
  findings.push(...(await verifyPruned(db, chainMac, { newest, removedBefore })))
  for await (const page of verifyKeys(db, { chainMac, encryptions })) {
    findings.push(...page.findings)
    keys += page.keys
    await onProgress?.({ chains, records, keys })
  }
  if (options.rowMacs !== undefined) {
    for await (const found of verifyRows(db, options.rowMacs)) {
      findings.push(...found)
      await onProgress?.({ chains, records, keys })
    }
  }
  const { state: pruneState } = newest
  return { findings, chains, records, keys, recordsBeforeChains: predatesChains ? before : 0, pruneState }
}

async function verifyChains(
  { db, chainMac, checkpoint, sinceCheckpoint = false, readers = 1 }: VerifyOptions,
  findings: Finding[],
  onRecords: (chain: number, events: readonly AuditEventRow[], chains: number) => Promise<void>,
): Promise<number> {
  const expected = new Map(checkpoint?.chains.map((chain) => [chain.id, chain]))
  // In the order of chains, whichever is done first.
  const found: Finding[][] = []
  let count = 0
  let last = 0

  async function verifyNext({ id, number }: AuditChainRow, own: Finding[]): Promise<void> {
    // Read again: the chain may have grown since the page was read, and the checkpoint may know that.
    const chain = await findChain(db, id)
    if (chain?.number !== number) {
      own.push(chainFinding(number, 'is missing'))
      return
    }
    count++
    const known = expected.get(id)
    expected.delete(id)
    own.push(
      ...(await verifyChain(db, chain, {
        chainMac,
        checkpoint: known,
        sinceCheckpoint,
        onRecords: (events) => onRecords(number, events, count),
      })),
    )
  }

  const chains = everyChain(db)
  async function read(): Promise<void> {
    for (;;) {
      const { done, value: chain } = await chains.next()
      if (done) return
      const own: Finding[] = []
      found.push(own)
      if (chain.number > last + 1) own.push(missingChains(last + 1, chain.number - 1))
      last = chain.number
      await verifyNext(chain, own)
    }
  }
  const reading = Array.from({ length: readers }, read)
  // All of them end before this does, so that none goes on with a connection that is given back.
  const failed = (await Promise.allSettled(reading)).find((each) => each.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  findings.push(...found.flat())
  for (const { number } of expected.values()) {
    findings.push(chainFinding(number, 'is missing: the checkpoint knows it'))
  }
  return count
}

function missingChains(first: number, last: number): Finding {
  if (first === last) return chainFinding(first, 'is missing')
  return { chain: first, sequence: null, text: `chains ${first} to ${last} are missing` }
}
