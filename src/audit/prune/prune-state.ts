import { createHash } from 'node:crypto'
import { sumPruned } from '../../store/audit/chain-rows.ts'
import type { AuditEventRow } from '../../store/audit/event-rows.ts'
import { findKeptRevisions } from '../../store/audit/pruned-rows.ts'
import { inPages, lowestUuid } from '../../store/pages.ts'
import { hex, type Queryable } from '../../store/sql.ts'

/** State after pruning. Every record of pruning holds it, so that the trail vouches for it. */
export interface PruneState {
  /** Records that were ever pruned, over all chains. It grows with each step, so the higher of two is the newer one. */
  readonly removed: number
  /** Number of summary rows of pruned records. */
  readonly keptRows: number
  /** SHA-256 over these rows, in hexadecimal. */
  readonly keptDigest: string
}

const pageSize = 5000

/** State before the first pruning. */
export const neverPruned: PruneState = {
  removed: 0,
  keptRows: 0,
  keptDigest: startDigest().digest('hex'),
}

/** State that a record of pruning holds; null for other records. */
export function pruneStateOf(
  event: Pick<AuditEventRow, 'action' | 'outcome' | 'details'>,
): PruneState | null {
  if (event.action !== 'PRUNE_AUDIT' || event.outcome !== 'SUCCEEDED') return null
  const { removed, keptRows, keptDigest } = event.details
  if (typeof removed !== 'number' || typeof keptRows !== 'number' || typeof keptDigest !== 'string')
    return null
  return { removed, keptRows, keptDigest }
}

/**
 * Reads the state in the database, one page at a time. Returns null if pruning went on meanwhile: the pages are then from
 * several moments.
 */
export async function readPruneState(db: Queryable): Promise<PruneState | null> {
  const removed = await sumPruned(db)
  const digest = startDigest()
  let keptRows = 0
  const pages = inPages({
    after: { keyId: lowestUuid, versionNumber: 0 },
    find: (after) => findKeptRevisions(db, { after, max: pageSize }),
    keyOf: ({ keyId, versionNumber }) => ({ keyId, versionNumber }),
  })
  for await (const page of pages) {
    for (const { keyId, versionNumber, revision, records, keyState } of page) {
      // Rows that an earlier release left keep the text that it gave them, so that its records still vouch for them.
      const rest = records === null && keyState === null ? [] : [records, keyState && hex(keyState)]
      digest.update(`${JSON.stringify([keyId, versionNumber, revision, ...rest])}\n`)
    }
    keptRows += page.length
  }
  if ((await sumPruned(db)) !== removed) return null
  return { removed, keptRows, keptDigest: digest.digest('hex') }
}

/** True if two states are equal. */
export function isSamePruneState(one: PruneState, other: PruneState | null): boolean {
  return (
    one.removed === other?.removed && one.keptRows === other.keptRows && one.keptDigest === other.keptDigest
  )
}

/** The first line names the purpose, and each row has a line of its own, so that no two sets have the same text. */
function startDigest() {
  return createHash('sha256').update('["keystead audit pruned revisions v1"]\n')
}
