import type { Queryable } from '../queryable.ts'

/** What pruned records said of the newest revision of a key, for one of its versions or (0) for none. */
export interface PrunedRevision {
  readonly keyId: string
  readonly versionNumber: number
  readonly revision: number
  /** How many records were pruned; null where an earlier release pruned some of them, which did not count. */
  readonly records: number | null
  /** State of the key that the record of this revision names; null where it names none. */
  readonly keyState: Uint8Array | null
  readonly mac: Uint8Array
}

/** What is kept of pruned records of some keys. */
export async function findPrunedRevisions(
  db: Queryable,
  keyIds: readonly string[],
): Promise<PrunedRevision[]> {
  return db.auditPrunedRevision.findMany({ where: { keyId: { in: [...keyIds] } } })
}

/** Keeps everybody else from changing what is kept until the transaction ends; it can be read meanwhile. */
export async function lockKeptRevisions(tx: Queryable): Promise<void> {
  await tx.$executeRaw`LOCK TABLE audit_pruned_revisions IN SHARE ROW EXCLUSIVE MODE`
}

/** The next rows of what is kept, by key and version. */
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

/** Keeps what records say that are about to be pruned. */
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

/** How far the records of a chain are counted; 0 if they are not. */
export async function findCounted(db: Queryable, chainId: string): Promise<number> {
  const row = await db.auditRollupProgress.findUnique({ where: { chainId } })
  return Number(row?.sequence ?? 0)
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

/** Removes a chain's records up to a number; gives how many there were. */
export async function deleteChainedEvents(
  tx: Queryable,
  where: { chainId: string; upTo: number },
): Promise<number> {
  const { count } = await tx.auditEvent.deleteMany({
    where: { chainId: where.chainId, sequence: { lte: BigInt(where.upTo) } },
  })
  return count
}
