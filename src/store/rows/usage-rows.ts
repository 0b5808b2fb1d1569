import { Prisma } from '../generated/client.ts'
import { prepared, type Queryable } from '../sql.ts'

/** Which version of which key. */
export interface VersionPlace {
  readonly keyId: string
  readonly versionNumber: number
}

/** Usage of a version; prisma/schema.prisma describes the columns. */
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
  const rows = await db.$queryRaw<{ encryptions: bigint }[]>`
    INSERT INTO key_version_usage AS u (key_id, version_number, encryptions)
    VALUES (${place.keyId}::uuid, ${place.versionNumber}, ${count}::bigint)
    ON CONFLICT (key_id, version_number) DO UPDATE SET encryptions = u.encryptions + excluded.encryptions
      WHERE u.encryptions + excluded.encryptions <= ${max}::bigint
    RETURNING encryptions`
  return rows[0] === undefined ? null : Number(rows[0].encryptions)
}

/**
 * The same for several versions, each at most once, in one statement and in their order. Also null for a version whose key
 * somebody is changing or has removed: the others do not wait for it.
 */
export async function setEncryptionsOfManyAside(
  db: Queryable,
  places: readonly (VersionPlace & { readonly count: number })[],
  max: number,
): Promise<(number | null)[]> {
  const keyIds = places.map(({ keyId }) => keyId)
  const numbers = places.map(({ versionNumber }) => versionNumber)
  const rows = await db.$queryRaw<(VersionPlace & { encryptions: bigint })[]>(
    prepared(
      'set_encryptions_aside',
      Prisma.sql`
    INSERT INTO key_version_usage AS u (key_id, version_number, encryptions)
    SELECT w.key_id, w.number, w.count
    FROM unnest(${keyIds}::uuid[], ${numbers}::int[], ${places.map(({ count }) => count)}::bigint[])
      AS w(key_id, number, count)
    JOIN keys k ON k.id = w.key_id
    ORDER BY w.key_id, w.number FOR KEY SHARE OF k SKIP LOCKED
    ON CONFLICT (key_id, version_number) DO UPDATE SET encryptions = u.encryptions + excluded.encryptions
      WHERE u.encryptions + excluded.encryptions <= ${max}::bigint
    RETURNING key_id AS "keyId", version_number AS "versionNumber", encryptions`,
    ),
  )
  const made = new Map(rows.map((row) => [nameOf(row), Number(row.encryptions)]))
  return places.map((place) => made.get(nameOf(place)) ?? null)
}

function nameOf({ keyId, versionNumber }: VersionPlace): string {
  return `${keyId} ${versionNumber}`
}

/**
 * Writes when versions were last used, in one statement; versions of keys that are gone are passed over. Keys are locked
 * first, as a change locks them: triggers lock what is derived from them for the uses of one version before another's.
 */
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
    ORDER BY w.key_id, w.number FOR KEY SHARE OF k
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

/** Counts half of the encryptions that versions with these algorithms have left as made. */
export async function giveUpEncryptions(
  tx: Queryable,
  { algorithms, max }: { algorithms: readonly string[]; max: number },
): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO key_version_usage AS u (key_id, version_number, encryptions)
    SELECT v.key_id, v.number, (${max}::bigint + 1) / 2 FROM key_versions v JOIN keys k ON k.id = v.key_id
    WHERE k.algorithm = ANY(${[...algorithms]}::text[])
    ON CONFLICT (key_id, version_number) DO UPDATE
      SET encryptions = u.encryptions + greatest(${max}::bigint - u.encryptions + 1, 0) / 2`
}

/** Raises the counters of existing versions to at least these. */
export async function raiseEncryptions(
  tx: Queryable,
  rows: readonly (VersionPlace & { readonly encryptions: number })[],
): Promise<void> {
  if (rows.length === 0) return
  await tx.$executeRaw`
    UPDATE key_version_usage u SET encryptions = greatest(u.encryptions, w.encryptions)
    FROM unnest(
      ${rows.map(({ keyId }) => keyId)}::uuid[], ${rows.map(({ versionNumber }) => versionNumber)}::int[],
      ${rows.map(({ encryptions }) => BigInt(encryptions))}::bigint[]
    ) AS w(key_id, number, encryptions)
    WHERE u.key_id = w.key_id AND u.version_number = w.number`
}

/** Versions with more encryptions than a number. */
export async function findEncryptionsAbove(
  db: Queryable,
  encryptions: number,
): Promise<(VersionPlace & { readonly encryptions: number })[]> {
  const rows = await db.keyVersionUsage.findMany({
    where: { encryptions: { gt: BigInt(encryptions) } },
    select: { keyId: true, versionNumber: true, encryptions: true },
  })
  return rows.map((row) => ({ ...row, encryptions: Number(row.encryptions) }))
}
