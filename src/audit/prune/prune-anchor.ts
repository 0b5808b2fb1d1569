import { findChain } from '../../store/audit/chain-rows.ts'
import { findHashAt, findNewestPruning } from '../../store/audit/pruned-rows.ts'
import type { Queryable } from '../../store/sql.ts'
import { type ChainMac, isSameHash } from '../chain.ts'
import { chainFinding, type Finding, recordFinding } from '../verify/finding.ts'
import { walkChain } from '../verify/walk-chain.ts'
import { neverPruned, type PruneState, pruneStateOf } from './prune-state.ts'

/** State that the newest record of pruning holds, if that record verifies. */
export interface PruneAnchor {
  readonly state: PruneState
  /** Number of its chain; 0 if nothing was ever pruned. */
  readonly chain: number
  /** Why the record, or what follows on it in its chain, cannot be believed. */
  readonly finding: Finding | null
}

/**
 * Finds the newest record of pruning without reading the trail, and follows its chain from there to its end, which has a MAC. That
 * no newer one was hidden shows in the beginnings of the chains: their sum must be what the record says.
 */
export async function findPruneAnchor(db: Queryable, chainMac: ChainMac): Promise<PruneAnchor> {
  const place = await findNewestPruning(db)
  if (place === null) return { state: neverPruned, chain: 0, finding: null }
  const chain = await findChain(db, place.chainId)
  if (chain === null) return { state: neverPruned, chain: 0, finding: null }
  const found = (state: PruneState, finding: Finding | null) => ({ state, chain: chain.number, finding })
  if (!chainMac.isAuthenticChain(chain) || !chainMac.isAuthenticHead(chain)) {
    return found(neverPruned, chainFinding(chain.number, 'has a row that was changed'))
  }
  const sequence = place.sequence - 1
  const hash =
    sequence === chain.base.sequence ? chain.base.hash : await findHashAt(db, { chainId: chain.id, sequence })
  if (hash === null) return found(neverPruned, recordFinding(chain.number, { sequence }, 'is missing'))
  let state: PruneState | null = null
  let end = { sequence, hash }
  const walk = { chain: { ...chain, base: end }, upTo: chain.head.sequence, chainMac }
  const pages = walkChain(db, walk)
  for (;;) {
    const { done, value } = await pages.next()
    if (done) {
      if (value !== null) return found(neverPruned, value)
      break
    }
    for (const event of value.events) {
      const own = pruneStateOf(event)
      if (own !== null && own.removed > (state?.removed ?? 0)) state = own
    }
    end = { sequence: value.end.sequence, hash: value.end.hash }
  }
  if (!isSameHash(end.hash, chain.head.hash)) {
    return found(neverPruned, recordFinding(chain.number, end, 'is not the one that the chain ends with'))
  }
  return found(state ?? neverPruned, null)
}
