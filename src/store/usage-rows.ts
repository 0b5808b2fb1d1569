import type { Queryable } from './store.ts'

/** Which version of which key. */
export interface VersionPlace {
  readonly keyId: string
  readonly versionNumber: number
}

/** How much a version was used; see prisma/schema.prisma. */
export interface UsageRow extends VersionPlace {
  readonly encryptions: number
  readonly lastUsedAt: Date | null
}

/**
 * Sets encryptions aside for the caller to make, and tells how many there are with them; null, and none are, if that
 * would be more than `max` in total.
 */
export async function setEncryptionsAside(
  db: Queryable,
  place: VersionPlace,
  { count, max }: { count: number; max: number },
): Promise<number | null> {
  const rows = await db.$queryRaw<{ encryptions: bigint }[]>`/* prepared as set_encryptions_aside */
    INSERT INTO key_version_usage AS u (key_id, version_number, encryptions)
    VALUES (${place.keyId}::uuid, ${place.versionNumber}, ${count}::bigint)
    ON CONFLICT (key_id, version_number) DO UPDATE SET encryptions = u.encryptions + excluded.encryptions
      WHERE u.encryptions + excluded.encryptions <= ${max}::bigint
    RETURNING encryptions`
  return rows[0] === undefined ? null : Number(rows[0].encryptions)
}

/** Writes when versions were last used, in one statement; versions of keys that are gone are passed over. */
export async function writeLastUses(
  db: Queryable,
  uses: readonly (VersionPlace & { readonly at: Date })[],
): Promise<void> {
  if (uses.length === 0) return
  const keyIds = uses.map(({ keyId }) => keyId)
  const numbers = uses.map(({ versionNumber }) => versionNumber)
  const moments = uses.map(({ at }) => at.toISOString())
  await db.$executeRaw`
    INSERT INTO key_version_usage AS u (key_id, version_number, last_used_at)
    SELECT w.key_id, w.number, w.at::timestamptz
    FROM unnest(${keyIds}::uuid[], ${numbers}::int[], ${moments}::text[]) AS w(key_id, number, at)
    JOIN keys k ON k.id = w.key_id
    ORDER BY w.key_id, w.number
    ON CONFLICT (key_id, version_number)
      DO UPDATE SET last_used_at = GREATEST(u.last_used_at, excluded.last_used_at)`
}

/** The use of several versions, in one statement and in no order; none for versions that were never used. */
export async function findUsage(db: Queryable, places: readonly VersionPlace[]): Promise<UsageRow[]> {
  if (places.length === 0) return []
  const keyIds = places.map(({ keyId }) => keyId)
  const numbers = places.map(({ versionNumber }) => versionNumber)
  const rows = await db.$queryRaw<(Omit<UsageRow, 'encryptions'> & { encryptions: bigint })[]>`
    SELECT u.key_id AS "keyId", u.version_number AS "versionNumber", u.encryptions,
      u.last_used_at AS "lastUsedAt"
    FROM key_version_usage u
    WHERE (u.key_id, u.version_number) IN (
      SELECT * FROM unnest(${keyIds}::uuid[], ${numbers}::int[]))`
  return rows.map((row) => ({ ...row, encryptions: Number(row.encryptions) }))
}
