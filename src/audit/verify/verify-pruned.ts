import { everyChain, sumPruned } from '../../store/audit/chain-rows.ts'
import type { AuditEventRow } from '../../store/audit/event-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import type { ChainMac } from '../chain.ts'
import {
  isSamePruneState,
  neverPruned,
  type PruneState,
  pruneStateOf,
  readPruneState,
} from '../prune/prune-state.ts'
import { type Finding, otherFinding } from './finding.ts'
import { verifyChain } from './verify-chain.ts'

/** State that the newest record of pruning holds, and its chain. */
export interface NewestPruning {
  readonly state: PruneState
  /** Number of the chain; 0 if nothing was ever pruned. */
  readonly chain: number
}

/** State before any record was read. */
export const noPruning: NewestPruning = { state: neverPruned, chain: 0 }

/** Attempts while others prune at the same time. */
const turnsMax = 10

/** The newest of what is known and what verified records say. Each step removes records, so that no two are equal. */
export function newestPruning(
  known: NewestPruning,
  chain: number,
  events: readonly AuditEventRow[],
): NewestPruning {
  let newest = known
  for (const event of events) {
    const state = pruneStateOf(event)
    if (state !== null && state.removed > newest.state.removed) newest = { state, chain }
  }
  return newest
}

/**
 * Compares what pruning left behind with what its newest record says.
 *
 * @param walked.removedBefore how many records were pruned when the walk along the chains began
 */
export async function verifyPruned(
  db: Queryable,
  chainMac: ChainMac,
  walked: { newest: NewestPruning; removedBefore: number },
): Promise<Finding[]> {
  let { newest, removedBefore } = walked
  for (let turn = 0; turn < turnsMax; turn++) {
    const present = await readPruneState(db)
    if (isSamePruneState(newest.state, present)) return []
    // No pruning since the walk began: it saw the newest record.
    if (present !== null && present.removed === removedBefore) return differences(newest.state, present)
    removedBefore = await sumPruned(db)
    newest = await walkAgain(db, chainMac, newest)
  }
  return [
    otherFinding('what is kept of pruned records could not be compared, since pruning goes on: verify again'),
  ]
}

/** Later prunings are recorded in the same chain or, as a rule, in one that was opened later. */
async function walkAgain(db: Queryable, chainMac: ChainMac, known: NewestPruning): Promise<NewestPruning> {
  let newest = known
  for await (const chain of everyChain(db, Math.max(0, known.chain - 1))) {
    let own = newest
    const findings = await verifyChain(db, chain, {
      chainMac,
      onRecords: (events) => {
        own = newestPruning(own, chain.number, events)
      },
    })
    if (findings.length === 0) newest = own
  }
  return newest
}

function differences(expected: PruneState, present: PruneState): Finding[] {
  const findings: Finding[] = []
  if (present.removed !== expected.removed) {
    findings.push(
      otherFinding(`${present.removed} records were pruned, but ${expected.removed} are on record as pruned`),
    )
  }
  if (present.keptRows !== expected.keptRows || present.keptDigest !== expected.keptDigest) {
    const how =
      present.keptRows === expected.keptRows
        ? 'rows were changed'
        : `there are ${present.keptRows} rows instead of ${expected.keptRows}`
    findings.push(otherFinding(`what is kept of pruned records is not as the newest pruning left it: ${how}`))
  }
  return findings
}
