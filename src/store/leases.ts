import type { Queryable } from './sql.ts'

/** Work of which one server at a time has the lease. */
export interface LeaseKey {
  readonly name: string
  /** UUID of the server. */
  readonly holder: string
}

/**
 * Takes or renews a lease by the clock of the database. Resolves to false if another server holds it. One that is held for
 * longer than it can be was taken before the clock was set back, and counts as over.
 */
export async function takeLease(
  db: Queryable,
  { name, holder, seconds }: LeaseKey & { readonly seconds: number },
): Promise<boolean> {
  const taken = await db.$executeRaw`
    INSERT INTO leases AS l (name, holder, held_until)
    VALUES (${name}, ${holder}::uuid, now() + make_interval(secs => ${seconds}::float8))
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
    WHERE l.holder = excluded.holder OR l.held_until <= now()
      OR l.held_until > now() + make_interval(secs => ${2 * seconds}::float8)`
  return taken === 1
}

/** Gives a lease back, if this server still has it. */
export async function releaseLease(db: Queryable, { name, holder }: LeaseKey): Promise<void> {
  await db.$executeRaw`
    UPDATE leases SET held_until = '-infinity'::timestamptz WHERE name = ${name} AND holder = ${holder}::uuid`
}

/** When work that recurs was last done; null if never. */
export async function findDoneAt(db: Queryable, name: string): Promise<Date | null> {
  const row = await db.lease.findUnique({ where: { name }, select: { doneAt: true } })
  return row?.doneAt ?? null
}

/** Notes that the work was done, if this server still has the lease. */
export async function noteDone(db: Queryable, { name, holder }: LeaseKey, at: Date): Promise<void> {
  await db.lease.updateMany({ where: { name, holder }, data: { doneAt: at } })
}

/** True if work that recurs is due: never done, done that long ago, or done in the future by a clock that was set back. */
export function isDueAgain(doneAt: Date | null, now: Date, intervalMs: number): boolean {
  if (doneAt === null) return true
  const sinceMs = now.getTime() - doneAt.getTime()
  return sinceMs >= intervalMs || sinceMs < 0
}
