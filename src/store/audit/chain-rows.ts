import { type AuditChain, Prisma } from '../generated/client.ts'
import { inPages } from '../pages.ts'
import type { Queryable } from '../sql.ts'
import type { AuditHead } from './event-rows.ts'

/** Kind of events in a chain: operations and refusals, or changes. */
export type AuditChainKind = AuditChain['kind']

/** A chain; see prisma/schema.prisma for the meaning of the columns. */
export interface AuditChainRow {
  readonly id: string
  readonly number: number
  readonly kind: AuditChainKind
  readonly startedAt: Date
  /** End of the pruned part. */
  readonly base: AuditHead
  readonly mac: Uint8Array
  readonly head: AuditHead
  readonly headMac: Uint8Array
}

/** Columns of a chain under the names that they have in the program. */
const chainColumns = Prisma.raw(
  Object.entries({
    id: 'id',
    number: 'number',
    kind: 'kind',
    startedAt: 'started_at',
    baseSequence: 'base_sequence',
    baseHash: 'base_hash',
    mac: 'mac',
    headSequence: 'head_sequence',
    headHash: 'head_hash',
    headMac: 'head_mac',
  } satisfies Record<keyof AuditChain, string>)
    .map(([field, column]) => `${column} AS "${field}"`)
    .join(', '),
)

const pageSize = 100

/** Advisory lock that serialises opening and pruning of chains. */
const chainsLock = 5_107_339_002n

/** Locks out others that open or prune chains until the transaction ends. */
export async function lockChains(tx: Queryable): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${chainsLock}::bigint)`
}

/** Number of the newest chain; 0 if there is none. */
export async function lastChainNumber(db: Queryable): Promise<number> {
  const { _max } = await db.auditChain.aggregate({ _max: { number: true } })
  return _max.number ?? 0
}

/** Adds a chain. */
export async function insertChain(tx: Queryable, row: AuditChainRow): Promise<void> {
  const { id, number, kind, startedAt, base, mac, head, headMac } = row
  await tx.auditChain.create({
    data: {
      id,
      number,
      kind,
      startedAt,
      baseSequence: BigInt(base.sequence),
      baseHash: new Uint8Array(base.hash),
      mac: new Uint8Array(mac),
      headSequence: BigInt(head.sequence),
      headHash: new Uint8Array(head.hash),
      headMac: new Uint8Array(headMac),
    },
  })
}

/** Several chains, in no order. */
export async function findChainsById(db: Queryable, ids: readonly string[]): Promise<AuditChainRow[]> {
  const rows = await db.auditChain.findMany({ where: { id: { in: [...ids] } } })
  return rows.map(decode)
}

/** One chain, or null. */
export async function findChain(db: Queryable, id: string): Promise<AuditChainRow | null> {
  const row = await db.auditChain.findUnique({ where: { id } })
  return row === null ? null : decode(row)
}

/** Locks a chain against appends until the transaction ends, and reads it. */
export async function lockChain(tx: Queryable, id: string): Promise<AuditChainRow | null> {
  const [row] = await tx.$queryRaw<AuditChain[]>`
    SELECT ${chainColumns} FROM audit_chains WHERE id = ${id}::uuid FOR UPDATE`
  return row === undefined ? null : decode(row)
}

/** All chains after a number, in the order of their numbers. */
export async function* everyChain(db: Queryable, after = 0): AsyncGenerator<AuditChainRow> {
  const pages = inPages({
    after,
    find: (number) =>
      db.auditChain.findMany({
        where: { number: { gt: number } },
        orderBy: { number: 'asc' },
        take: pageSize,
      }),
    keyOf: ({ number }) => number,
  })
  for await (const page of pages) yield* page.map(decode)
}

/** End of a chain and numbers of its first and last record, at one moment; null if the chain is gone. */
export async function findTip(
  db: Queryable,
  id: string,
): Promise<{ headSequence: number; firstSequence: number; lastSequence: number } | null> {
  const [row] = await db.$queryRaw<{ head: bigint; first: bigint; last: bigint }[]>`
    SELECT head_sequence AS head,
      coalesce((SELECT min(sequence) FROM audit_events e WHERE e.chain_id = c.id), base_sequence + 1) AS first,
      coalesce((SELECT max(sequence) FROM audit_events e WHERE e.chain_id = c.id), base_sequence) AS last
    FROM audit_chains c WHERE id = ${id}::uuid`
  if (row === undefined) return null
  return { headSequence: Number(row.head), firstSequence: Number(row.first), lastSequence: Number(row.last) }
}

/** Number of records that were ever pruned, over all chains. */
export async function sumPruned(db: Queryable): Promise<number> {
  const { _sum } = await db.auditChain.aggregate({ _sum: { baseSequence: true } })
  return Number(_sum.baseSequence ?? 0)
}

/** Moves the beginning of a chain. Resolves to false if it is not at `from`. */
export async function moveBase(
  tx: Queryable,
  move: { chainId: string; from: number; base: AuditHead; mac: Uint8Array },
): Promise<boolean> {
  const { count } = await tx.auditChain.updateMany({
    where: { id: move.chainId, baseSequence: BigInt(move.from) },
    data: {
      baseSequence: BigInt(move.base.sequence),
      baseHash: new Uint8Array(move.base.hash),
      mac: new Uint8Array(move.mac),
    },
  })
  return count === 1
}

function decode(row: AuditChain): AuditChainRow {
  const { baseSequence, baseHash, headSequence, headHash, ...rest } = row
  return {
    ...rest,
    base: { sequence: Number(baseSequence), hash: baseHash },
    head: { sequence: Number(headSequence), hash: headHash },
  }
}
