import { Prisma } from '../generated/client.ts'
import { hex, type Queryable } from '../sql.ts'

/** Bytes under a root key. */
export interface StoredBytes {
  readonly rootKeyId: string
  readonly wrapped: Uint8Array
}

/** Wrapped material with its binding. */
export interface WrappedMaterialRow extends StoredBytes {
  /** The version's UUID; that of the key for a version that is yet to come. */
  readonly id: string
  readonly projectId: string
  readonly keyId: string
  readonly versionNumber: number
  readonly algorithm: string
}

/** Wrapped private key of an import with its binding. */
export interface WrappedImportKeyRow extends StoredBytes {
  /** The import parameters' UUID. */
  readonly id: string
  readonly projectId: string
  readonly keyId: string
}

/** Which rows are wanted, in the order of their IDs. */
export interface WrappedPage {
  /** Rows under this root key are left out. */
  readonly except: string
  readonly after: string
  readonly max: number
}

/** A row's bytes under another root key. */
export interface Rewrapped {
  readonly id: string
  readonly from: StoredBytes
  readonly to: StoredBytes
}

/** Amounts wrapped by one root key. */
export interface RootKeyUse {
  readonly rootKeyId: string
  /** True if the installation secret is. */
  readonly installation: boolean
  /** With the next versions of published keys. */
  readonly versions: number
  readonly imports: number
}

const materialSelection = Prisma.sql`
  SELECT m.version_id AS id, m.root_key_id AS "rootKeyId", m.wrapped, k.project_id AS "projectId",
    k.id AS "keyId", v.number AS "versionNumber", k.algorithm
  FROM key_material m JOIN key_versions v ON v.id = m.version_id JOIN keys k ON k.id = v.key_id`

/** Material under other root keys than one. */
export async function findMaterialToRewrap(db: Queryable, page: WrappedPage): Promise<WrappedMaterialRow[]> {
  return db.$queryRaw<WrappedMaterialRow[]>`${materialSelection}
    WHERE m.root_key_id <> ${page.except} AND m.version_id > ${page.after}::uuid
    ORDER BY m.version_id LIMIT ${page.max}`
}

/** A random sample of the material under a root key. */
export async function pickMaterial(
  db: Queryable,
  { rootKeyId, max }: { rootKeyId: string; max: number },
): Promise<WrappedMaterialRow[]> {
  return db.$queryRaw<WrappedMaterialRow[]>`${materialSelection}
    WHERE m.root_key_id = ${rootKeyId} ORDER BY random() LIMIT ${max}`
}

/** Material of next versions under other root keys than one. Their IDs are those of their keys. */
export async function findNextMaterialToRewrap(
  db: Queryable,
  page: WrappedPage,
): Promise<WrappedMaterialRow[]> {
  return db.$queryRaw<WrappedMaterialRow[]>`
    SELECT m.key_id AS id, m.root_key_id AS "rootKeyId", m.wrapped, k.project_id AS "projectId",
      k.id AS "keyId", m.number AS "versionNumber", k.algorithm
    FROM next_key_material m JOIN keys k ON k.id = m.key_id
    WHERE m.root_key_id <> ${page.except} AND m.key_id > ${page.after}::uuid
    ORDER BY m.key_id LIMIT ${page.max}`
}

/** Private keys of imports under other root keys than one; erased ones are under none. */
export async function findImportKeysToRewrap(
  db: Queryable,
  page: WrappedPage,
): Promise<WrappedImportKeyRow[]> {
  return db.$queryRaw<WrappedImportKeyRow[]>`
    SELECT p.id, p.root_key_id AS "rootKeyId", p.wrapped, k.project_id AS "projectId", k.id AS "keyId"
    FROM import_parameters p JOIN keys k ON k.id = p.key_id
    WHERE p.wrapped IS NOT NULL AND p.root_key_id <> ${page.except} AND p.id > ${page.after}::uuid
    ORDER BY p.id LIMIT ${page.max}`
}

/** Replaces material that is unchanged since it was read. Returns how many rows it replaced. */
export function replaceMaterial(db: Queryable, changes: readonly Rewrapped[]): Promise<number> {
  return replace(db, changes, { table: Prisma.sql`key_material`, id: Prisma.sql`version_id` })
}

/** Replaces material of next versions that is unchanged since it was read. Returns how many rows it replaced. */
export function replaceNextMaterial(db: Queryable, changes: readonly Rewrapped[]): Promise<number> {
  return replace(db, changes, { table: Prisma.sql`next_key_material`, id: Prisma.sql`key_id` })
}

/** Replaces private keys of imports that are unchanged since they were read. Returns how many rows it replaced. */
export function replaceImportKeys(db: Queryable, changes: readonly Rewrapped[]): Promise<number> {
  return replace(db, changes, { table: Prisma.sql`import_parameters`, id: Prisma.sql`id` })
}

/**
 * Compare and set, for many rows in one statement. It never waits: rows that others have locked stay as they are,
 * so that it can take part in no deadlock, and they come up again in the next round.
 */
function replace(
  db: Queryable,
  changes: readonly Rewrapped[],
  { table, id }: { table: Prisma.Sql; id: Prisma.Sql },
): Promise<number> {
  return db.$executeRaw`
    UPDATE ${table} AS t SET root_key_id = c.to_id, wrapped = c.to_bytes
    FROM (
      SELECT r.${id} AS id, w.to_id, decode(w.to_hex, 'hex') AS to_bytes
      FROM unnest(${changes.map((each) => each.id)}::uuid[], ${changes.map(({ from }) => from.rootKeyId)}::text[],
        ${changes.map(({ from }) => hex(from.wrapped))}::text[], ${changes.map(({ to }) => to.rootKeyId)}::text[],
        ${changes.map(({ to }) => hex(to.wrapped))}::text[]) AS w(id, from_id, from_hex, to_id, to_hex)
      JOIN ${table} r ON r.${id} = w.id AND r.root_key_id = w.from_id AND r.wrapped = decode(w.from_hex, 'hex')
      FOR UPDATE OF r SKIP LOCKED
    ) AS c
    WHERE t.${id} = c.id`
}

/** Amounts wrapped by each root key, in one statement, so that nothing is missed while it moves between two. */
export async function countByRootKey(db: Queryable): Promise<RootKeyUse[]> {
  return db.$queryRaw<RootKeyUse[]>`
    SELECT root_key_id AS "rootKeyId", sum(installation) > 0 AS installation,
      sum(versions)::int AS versions, sum(imports)::int AS imports
    FROM (
      SELECT root_key_id, 1 AS installation, 0 AS versions, 0 AS imports FROM installation
      UNION ALL SELECT root_key_id, 0, count(*), 0 FROM key_material GROUP BY root_key_id
      UNION ALL SELECT root_key_id, 0, count(*), 0 FROM next_key_material GROUP BY root_key_id
      UNION ALL SELECT root_key_id, 0, 0, count(*) FROM import_parameters WHERE wrapped IS NOT NULL
        GROUP BY root_key_id
    ) AS each GROUP BY root_key_id ORDER BY root_key_id`
}
