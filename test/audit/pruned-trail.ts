import { type PruneReport, pruneAudit } from '../../src/audit/prune/prune.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'

/** Prunes as the operator's command does. */
export const prune = (
  { store, clock, audit, auditKeys }: Dependencies,
  olderThanDays: number,
): Promise<PruneReport> => pruneAudit({ store, clock, audit, chainMac: auditKeys.chainMac, olderThanDays })

/** As the roll-up leaves it that has counted everything, or everything up to a record. */
export async function countUpTo({ store }: Dependencies, sequence = 1_000_000n): Promise<void> {
  await store.db.auditRollupProgress.deleteMany()
  for (const { id } of await store.db.auditChain.findMany()) {
    await store.db.auditRollupProgress.create({ data: { chainId: id, sequence, detailedSequence: sequence } })
  }
}
