import type { Queryable } from '../sql.ts'
import { type AuditChainRow, findChainsById } from './chain-rows.ts'

/** How far a sink has acknowledged the records of a chain. */
export interface SinkPosition {
  readonly sink: string
  readonly chainId: string
  readonly sequence: number
}

/** The row of a position. */
export interface SinkPositionRow extends SinkPosition {
  readonly mac: Uint8Array
}

/** All positions of a sink. Their MACs are not checked here. */
export async function findSinkPositions(db: Queryable, sink: string): Promise<SinkPositionRow[]> {
  const rows = await db.auditSinkPosition.findMany({ where: { sink } })
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }))
}

/** Positions of all sinks in one chain. Their MACs are not checked here. */
export async function findPositionsIn(db: Queryable, chainId: string): Promise<SinkPositionRow[]> {
  const rows = await db.auditSinkPosition.findMany({ where: { chainId } })
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }))
}

/** Chains with records that a sink has not acknowledged, in the order of their numbers; at most `max`. */
export async function findChainsBehind(
  db: Queryable,
  { sink, max }: { readonly sink: string; readonly max: number },
): Promise<{ readonly chain: AuditChainRow; readonly sequence: number }[]> {
  const rows = await db.$queryRaw<{ id: string; sequence: bigint }[]>`
    SELECT c.id, COALESCE(p.sequence, 0) AS sequence
    FROM audit_chains c LEFT JOIN audit_sink_positions p ON p.sink = ${sink} AND p.chain_id = c.id
    WHERE c.head_sequence > GREATEST(COALESCE(p.sequence, 0), c.base_sequence)
    ORDER BY c.number LIMIT ${max}::int`
  const sequences = new Map(rows.map(({ id, sequence }) => [id, Number(sequence)]))
  const chains = await findChainsById(db, [...sequences.keys()])
  return chains
    .toSorted((a, b) => a.number - b.number)
    .map((chain) => ({ chain, sequence: sequences.get(chain.id) ?? 0 }))
}

/** Number of records that a sink has not acknowledged. */
export async function countBehind(db: Queryable, sink: string): Promise<number> {
  const [row] = await db.$queryRaw<{ events: bigint }[]>`
    SELECT COALESCE(sum(c.head_sequence - GREATEST(COALESCE(p.sequence, 0), c.base_sequence)), 0)::bigint AS events
    FROM audit_chains c LEFT JOIN audit_sink_positions p ON p.sink = ${sink} AND p.chain_id = c.id
    WHERE c.head_sequence > GREATEST(COALESCE(p.sequence, 0), c.base_sequence)`
  return Number(row?.events ?? 0)
}

/**
 * Moves a position on. Resolves to false, and changes nothing, if it is not at `from`, or if the lease belongs to another
 * server.
 */
export async function moveSinkPosition(
  db: Queryable,
  move: SinkPositionRow & { readonly from: number; readonly lease: string; readonly holder: string },
): Promise<boolean> {
  const { sink, chainId, sequence, mac, from, lease, holder } = move
  const moved = await db.$executeRaw`
    INSERT INTO audit_sink_positions AS p (sink, chain_id, sequence, mac)
    SELECT ${sink}, ${chainId}::uuid, ${BigInt(sequence)}::bigint, ${new Uint8Array(mac)}::bytea
    FROM leases WHERE name = ${lease} AND holder = ${holder}::uuid
    ON CONFLICT (sink, chain_id) DO UPDATE SET sequence = excluded.sequence, mac = excluded.mac
    WHERE p.sequence = ${BigInt(from)}::bigint`
  return moved === 1
}

/** Removes a position that does not verify, so that the sink begins anew with the chain. */
export async function deleteSinkPosition(
  db: Queryable,
  { sink, chainId, sequence }: SinkPosition,
): Promise<void> {
  await db.auditSinkPosition.deleteMany({ where: { sink, chainId, sequence: BigInt(sequence) } })
}
