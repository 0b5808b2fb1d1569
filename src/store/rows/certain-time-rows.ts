import type { Queryable } from '../sql.ts'

/** Time that has certainly passed, in milliseconds since 1970; prisma/schema.prisma describes the columns. */
export interface TimeMark {
  readonly reachedMs: number
  readonly aheadMs: number
  readonly heldSinceMs: number | null
}

/** The row, with the uptime of the machine that wrote it. */
export interface CertainTimeRow extends TimeMark {
  readonly bootId: string | null
  readonly uptimeMs: number
}

/** Null before the first look at the clock. */
export async function findCertainTime(db: Queryable): Promise<CertainTimeRow | null> {
  const row = await db.certainTime.findUnique({ where: { id: 1 } })
  if (row === null) return null
  return {
    reachedMs: row.reachedAt.getTime(),
    aheadMs: Number(row.aheadMs),
    heldSinceMs: row.heldSince?.getTime() ?? null,
    bootId: row.bootId,
    uptimeMs: Number(row.uptimeMs),
  }
}

/** Writes what is known, unless another replica knows of a later moment that is not after the clock's own. */
export async function writeCertainTime(db: Queryable, row: CertainTimeRow, nowMs: number): Promise<void> {
  const { reachedMs, aheadMs, heldSinceMs, bootId, uptimeMs } = row
  const heldSince = heldSinceMs === null ? null : isoOf(heldSinceMs)
  await db.$executeRaw`
    INSERT INTO certain_time AS t (id, reached_at, ahead_ms, held_since, boot_id, uptime_ms)
    VALUES (1, ${isoOf(reachedMs)}::text::timestamptz, ${BigInt(aheadMs)}::bigint, ${heldSince}::text::timestamptz,
      ${bootId}::text, ${BigInt(Math.round(uptimeMs))}::bigint)
    ON CONFLICT (id) DO UPDATE SET reached_at = excluded.reached_at, ahead_ms = excluded.ahead_ms,
      held_since = excluded.held_since, boot_id = excluded.boot_id, uptime_ms = excluded.uptime_ms
    WHERE t.reached_at < excluded.reached_at OR t.reached_at > ${isoOf(nowMs)}::text::timestamptz`
}

/** Believes the clock from now on. */
export async function confirmTime(db: Queryable, nowMs: number): Promise<void> {
  await db.certainTime.update({
    where: { id: 1 },
    data: { reachedAt: new Date(nowMs), aheadMs: 0n, heldSince: null, bootId: null },
  })
}

const isoOf = (ms: number) => new Date(ms).toISOString()
