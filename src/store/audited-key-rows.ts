import type { Queryable } from './store.ts'

/** The newest revision of a key that is on record, for one of its versions or (0) for none. */
export interface RecordedRevision {
  readonly versionNumber: number
  readonly revision: number
}

/** A key, live or deleted, with what is on record of it. */
export interface AuditedKey {
  readonly id: string
  readonly kind: 'USER' | 'SERVICE'
  readonly revision: number
  readonly isDeleted: boolean
  readonly versions: readonly RecordedRevision[]
  readonly recorded: readonly RecordedRevision[]
  readonly pruned: readonly (RecordedRevision & { readonly mac: string })[]
}

/** The next keys after an ID. One statement, so that keys and records are of the same moment. */
export async function findAuditedKeys(
  db: Queryable,
  page: { after: string; max: number },
): Promise<AuditedKey[]> {
  const rows = await db.$queryRaw<
    (Omit<AuditedKey, 'versions' | 'recorded' | 'pruned'> & {
      versions: string | null
      recorded: string | null
      pruned: string | null
    })[]
  >`
    WITH page AS (
      SELECT id, kind::text AS kind, revision, false AS deleted FROM keys WHERE id > ${page.after}::uuid
      UNION ALL
      SELECT id, 'USER', revision, true FROM deleted_keys WHERE id > ${page.after}::uuid
      ORDER BY id, deleted LIMIT ${page.max}::int
    )
    SELECT id, kind, revision, deleted AS "isDeleted",
      (SELECT json_agg(json_build_object('versionNumber', number, 'revision', v.key_revision))::text
        FROM key_versions v WHERE v.key_id = page.id AND NOT page.deleted) AS versions,
      (SELECT json_agg(json_build_object('versionNumber', number, 'revision', revision))::text
        FROM (SELECT coalesce(version_number, 0) AS number, max(key_revision) AS revision FROM audit_events e
          WHERE e.key_id = page.id AND e.outcome = 'SUCCEEDED' AND e.key_revision IS NOT NULL GROUP BY 1) AS r
      ) AS recorded,
      (SELECT json_agg(json_build_object('versionNumber', version_number, 'revision', p.revision,
        'mac', encode(p.mac, 'hex')))::text FROM audit_pruned_revisions p WHERE p.key_id = page.id) AS pruned
    FROM page ORDER BY id, deleted`
  return rows.map(({ versions, recorded, pruned, ...row }) => ({
    ...row,
    versions: JSON.parse(versions ?? '[]'),
    recorded: JSON.parse(recorded ?? '[]'),
    pruned: JSON.parse(pruned ?? '[]'),
  }))
}

/** The next IDs of keys that are on record, but of which neither a live nor a deleted one is there. */
export async function findVanishedKeys(
  db: Queryable,
  page: { after: string; max: number },
): Promise<string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT DISTINCT key_id AS id FROM (
      SELECT key_id FROM audit_events WHERE outcome = 'SUCCEEDED' AND key_revision IS NOT NULL
      UNION ALL SELECT key_id FROM audit_pruned_revisions
    ) AS recorded
    WHERE key_id > ${page.after}::uuid AND NOT EXISTS (SELECT FROM keys k WHERE k.id = key_id)
      AND NOT EXISTS (SELECT FROM deleted_keys d WHERE d.id = key_id)
    ORDER BY key_id LIMIT ${page.max}::int`
  return rows.map(({ id }) => id)
}
