import type { KeyIdentity } from '../key-changes.ts'
import { lowestUuid } from '../pages.ts'
import { hex, type Queryable } from '../sql.ts'
import type { DueKey, DuePage } from './due-rows.ts'
import type { StoredBytes } from './wrapped-rows.ts'

/** The published key set of a key, and the version that the key gets next. */
export interface StoredKeySet {
  /** Last part of its address: 32 random bytes, base64url. */
  readonly id: string
  /** `alg` of its keys; null where they sign in one way alone, or where it is left to the signer. */
  readonly jwsAlgorithm: string | null
  readonly publishAheadHours: number
  readonly tokenLifetimeMinutes: number
  /** Null until it is made. */
  readonly next: StoredNextVersion | null
}

/** The next version of a published key, whose material is in next_key_material. */
export interface StoredNextVersion {
  /** UUID of the version. */
  readonly id: string
  readonly number: number
  /** SPKI DER, base64. */
  readonly publicKey: string
  /** Since when its public key is published, RFC 3339. */
  readonly since: string
}

/** Finds the key of a published set; null if there is no such set. */
export async function findKeyOfSet(db: Queryable, keySetId: string): Promise<KeyIdentity | null> {
  const [row] = await db.$queryRaw<KeyIdentity[]>`
    SELECT project_id AS "projectId", id FROM keys WHERE key_set IS NOT NULL AND key_set->>'id' = ${keySetId}`
  return row ?? null
}

/** Published keys whose next version has yet to be made. */
export async function findKeysWithoutNextVersion(db: Queryable, { after, max }: DuePage): Promise<DueKey[]> {
  return db.$queryRaw<DueKey[]>`
    SELECT id, project_id AS "projectId", id::text AS position FROM keys
    WHERE key_set->'next' = 'null'::jsonb AND id > ${after?.id ?? lowestUuid}::uuid
    ORDER BY id LIMIT ${max}::int`
}

/** Wrapped material of the next version of a key. */
export interface NextMaterialRow extends StoredBytes {
  readonly keyId: string
  /** Number of the version. */
  readonly number: number
}

/** The material of the next version of a key; null if there is none. */
export async function findNextMaterial(db: Queryable, keyId: string): Promise<NextMaterialRow | null> {
  return db.nextKeyMaterial.findUnique({ where: { keyId } })
}

/** Stores material of next versions, in place of what their keys had. */
export async function putNextMaterial(tx: Queryable, rows: readonly NextMaterialRow[]): Promise<void> {
  for (const { keyId, number, rootKeyId, wrapped } of rows) {
    await tx.$executeRaw`
      INSERT INTO next_key_material (key_id, number, root_key_id, wrapped)
      VALUES (${keyId}::uuid, ${number}::int, ${rootKeyId}, decode(${hex(wrapped)}, 'hex'))
      ON CONFLICT (key_id) DO UPDATE
        SET number = EXCLUDED.number, root_key_id = EXCLUDED.root_key_id, wrapped = EXCLUDED.wrapped`
  }
}

/** Erases material of next versions. */
export async function eraseNextMaterial(tx: Queryable, keyIds: readonly string[]): Promise<void> {
  if (keyIds.length === 0) return
  await tx.$executeRaw`DELETE FROM next_key_material WHERE key_id = ANY(${keyIds}::uuid[])`
}
