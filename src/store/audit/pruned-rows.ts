import { hex, type Queryable } from '../sql.ts'

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

/** Writes summaries of records that are about to be pruned, no two of one place. */
export async function writePrunedRevisions(tx: Queryable, rows: readonly PrunedRevision[]): Promise<void> {
  const bytes = (value: Uint8Array | null) => value && hex(value)
  await tx.$executeRaw`
    INSERT INTO audit_pruned_revisions (key_id, version_number, revision, records, key_state, mac)
    SELECT key_id, number, revision, records, decode(state, 'hex'), decode(mac, 'hex')
    FROM unnest(${rows.map(({ keyId }) => keyId)}::uuid[], ${rows.map(({ versionNumber }) => versionNumber)}::int[],
      ${rows.map(({ revision }) => revision)}::int[], ${rows.map(({ records }) => records)}::int[],
      ${rows.map(({ keyState }) => bytes(keyState))}::text[], ${rows.map(({ mac }) => bytes(mac))}::text[]
    ) AS t(key_id, number, revision, records, state, mac)
    ON CONFLICT (key_id, version_number) DO UPDATE SET revision = excluded.revision, records = excluded.records,
      key_state = excluded.key_state, mac = excluded.mac`
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

/** Deletes the first rows of a chain that are no longer part of it. Returns how many it deleted. */
export async function deletePrunedEvents(
  tx: Queryable,
  { chainId, max }: { chainId: string; max: number },
): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM audit_events WHERE chain_id = ${chainId}::uuid AND sequence >= 1
      AND sequence <= (SELECT base_sequence FROM audit_chains WHERE id = ${chainId}::uuid)
      AND sequence < ${max}::int + (
        SELECT min(sequence) FROM audit_events WHERE chain_id = ${chainId}::uuid AND sequence >= 1)`
}

/**
 * Place of the record of pruning that names most removed records, of those in chains; null if there is none. Such records are
 * of no project, as few others are.
 */
export async function findNewestPruning(
  db: Queryable,
): Promise<{ chainId: string; sequence: number } | null> {
  const [row] = await db.$queryRaw<{ chainId: string; sequence: bigint }[]>`
    SELECT e.chain_id AS "chainId", e.sequence FROM audit_events e JOIN audit_chains c ON c.id = e.chain_id
    WHERE e.project_id = '' AND e.action = 'PRUNE_AUDIT' AND e.outcome = 'SUCCEEDED'
      AND e.sequence > c.base_sequence AND e.sequence <= c.head_sequence
      AND jsonb_typeof(e.details->'removed') = 'number'
    ORDER BY e.details->'removed' DESC LIMIT 1`
  return row === undefined ? null : { chainId: row.chainId, sequence: Number(row.sequence) }
}

/** Hash of one record of a chain; null if it is not there. */
export async function findHashAt(
  db: Queryable,
  { chainId, sequence }: { chainId: string; sequence: number },
): Promise<Uint8Array | null> {
  const row = await db.auditEvent.findFirst({
    where: { chainId, sequence: BigInt(sequence) },
    select: { hash: true },
  })
  return row?.hash ?? null
}
