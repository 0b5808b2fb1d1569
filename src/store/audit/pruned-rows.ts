import type { Queryable } from '../sql.ts'

/** Newest revision that pruned records named for a key and one of its versions (0 for none). */
export interface PrunedRevision {
  readonly keyId: string
  readonly versionNumber: number
  readonly revision: number
  /** Number of pruned records; null if an earlier release, which did not count them, pruned some. */
  readonly records: number | null
  /** State of the key that the record of this revision names; null where it names none. */
  readonly keyState: Uint8Array | null
  readonly mac: Uint8Array
}

/** Summaries of the pruned records of some keys. */
export async function findPrunedRevisions(
  db: Queryable,
  keyIds: readonly string[],
): Promise<PrunedRevision[]> {
  return db.auditPrunedRevision.findMany({ where: { keyId: { in: [...keyIds] } } })
}

/** Locks the summaries of pruned records against changes until the transaction ends. They can still be read. */
export async function lockKeptRevisions(tx: Queryable): Promise<void> {
  await tx.$executeRaw`LOCK TABLE audit_pruned_revisions IN SHARE ROW EXCLUSIVE MODE`
}

/** The next summaries after a key and version, in their order. */
export async function findKeptRevisions(
  db: Queryable,
  { after, max }: { after: Pick<PrunedRevision, 'keyId' | 'versionNumber'>; max: number },
): Promise<Omit<PrunedRevision, 'mac'>[]> {
  return db.$queryRaw`
    SELECT key_id AS "keyId", version_number AS "versionNumber", revision, records, key_state AS "keyState"
    FROM audit_pruned_revisions
    WHERE (key_id, version_number) > (${after.keyId}::uuid, ${after.versionNumber}::int)
    ORDER BY key_id, version_number LIMIT ${max}::int`
}

/** Writes the summary of records that are about to be pruned. */
export async function writePrunedRevision(tx: Queryable, row: PrunedRevision): Promise<void> {
  const { keyId, versionNumber, revision, records } = row
  const keyState = row.keyState === null ? null : new Uint8Array(row.keyState)
  const columns = { revision, records, keyState, mac: new Uint8Array(row.mac) }
  await tx.auditPrunedRevision.upsert({
    where: { keyId_versionNumber: { keyId, versionNumber } },
    create: { keyId, versionNumber, ...columns },
    update: columns,
  })
}

/** Sequence number up to which a chain's records are counted; 0 if none are. */
export async function findCounted(db: Queryable, chainId: string): Promise<number> {
  const row = await db.auditRollupProgress.findUnique({ where: { chainId } })
  if (row === null) return 0
  // Both counts read the records themselves.
  const { sequence, detailedSequence } = row
  return Number(sequence < detailedSequence ? sequence : detailedSequence)
}

/** The number of the first record of a chain that is not older than a moment; null if all are. */
export async function findFirstSince(
  db: Queryable,
  where: { chainId: string; since: Date },
): Promise<number | null> {
  const row = await db.auditEvent.findFirst({
    where: { chainId: where.chainId, sequence: { not: null }, occurredAt: { gte: where.since } },
    orderBy: { sequence: 'asc' },
    select: { sequence: true },
  })
  return row === null ? null : Number(row.sequence)
}

/** Deletes a chain's records up to a number. Returns how many it deleted. */
export async function deleteChainedEvents(
  tx: Queryable,
  where: { chainId: string; upTo: number },
): Promise<number> {
  const { count } = await tx.auditEvent.deleteMany({
    where: { chainId: where.chainId, sequence: { lte: BigInt(where.upTo) } },
  })
  return count
}
