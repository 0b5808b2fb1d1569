import type { Queryable } from '../sql.ts'

/** A recorded change of a key. */
export interface RecordedChange {
  readonly chainId: string | null
  readonly sequence: number | null
  readonly revision: number
  readonly versionNumber: number | null
  /** The details of the record that tell of versions, rows and import parameters. */
  readonly destroyedVersions: string | null
  readonly keyState: string | null
  readonly importParametersId: string | null
}

/** Summary of a key's pruned records by version (0 for none). Bytes are in hexadecimal. */
export interface PrunedChanges {
  readonly versionNumber: number
  readonly revision: number
  readonly records: number | null
  readonly keyState: string | null
  readonly mac: string
}

/** A version of a key; bytes are in hexadecimal. */
export interface AuditedVersion {
  readonly number: number
  readonly keyRevision: number
  readonly mac: string
  /** As they are counted. */
  readonly encryptions: number
}

/** What the trail can be about: a key, or the role bindings of a project. */
export type AuditedKind = 'USER' | 'SERVICE' | 'ROLES'

/** A key, live or deleted, or role bindings, with what is on record of it. Bytes are in hexadecimal. */
export interface AuditedKey {
  readonly id: string
  readonly kind: AuditedKind
  readonly isDeleted: boolean
  readonly revision: number
  readonly mac: string
  /** Name in the algorithm table; null for a deleted key and for role bindings. */
  readonly algorithm: string | null
  /** In the order of their numbers. */
  readonly versions: readonly AuditedVersion[]
  /** In the order of their revisions. */
  readonly changes: readonly RecordedChange[]
  readonly pruned: readonly PrunedChanges[]
  /** UUIDs of import parameters that were not used, as far as their rows say. */
  readonly openImports: readonly string[]
}

/** The next keys and role bindings after an ID. One statement, so that keys and records are of the same moment. */
export async function findAuditedKeys(
  db: Queryable,
  page: { after: string; max: number },
): Promise<AuditedKey[]> {
  const rows = await db.$queryRaw<{ json: string }[]>`
    WITH page AS (
      SELECT id, kind::text AS kind, false AS deleted, revision, mac, algorithm FROM keys
        WHERE id > ${page.after}::uuid
      UNION ALL
      SELECT id, 'USER', true, revision, mac, NULL FROM deleted_keys WHERE id > ${page.after}::uuid
      UNION ALL
      SELECT id, 'ROLES', false, revision, mac, NULL FROM project_roles WHERE id > ${page.after}::uuid
      ORDER BY id, deleted LIMIT ${page.max}::int
    )
    SELECT json_build_object(
      'id', id, 'kind', kind, 'isDeleted', deleted, 'revision', revision, 'mac', encode(mac, 'hex'),
      'algorithm', algorithm,
      'versions', coalesce((
        SELECT json_agg(json_build_object('number', v.number, 'keyRevision', v.key_revision,
          'mac', encode(v.mac, 'hex'), 'encryptions', coalesce(u.encryptions, 0)) ORDER BY v.number)
        FROM key_versions v
        LEFT JOIN key_version_usage u ON u.key_id = v.key_id AND u.version_number = v.number
        WHERE v.key_id = page.id AND NOT page.deleted), '[]'),
      'changes', coalesce((
        SELECT json_agg(json_build_object('chainId', e.chain_id, 'sequence', e.sequence, 'revision', e.key_revision,
          'versionNumber', e.version_number, 'destroyedVersions', e.details->>'destroyedVersions',
          'keyState', e.details->>'keyState',
          'importParametersId', CASE e.action WHEN 'IMPORT_KEY_VERSION' THEN e.details->>'importParametersId' END
          ) ORDER BY e.key_revision, e.chain_id, e.sequence)
        FROM audit_events e LEFT JOIN audit_chains c ON c.id = e.chain_id
        WHERE e.key_id = page.id AND e.key_revision IS NOT NULL AND e.outcome = 'SUCCEEDED'
          -- What pruning has yet to delete is in the summaries already.
          AND e.sequence <= c.base_sequence IS NOT TRUE), '[]'),
      'pruned', coalesce((
        SELECT json_agg(json_build_object('versionNumber', p.version_number, 'revision', p.revision,
          'records', p.records, 'keyState', encode(p.key_state, 'hex'), 'mac', encode(p.mac, 'hex')))
        FROM audit_pruned_revisions p WHERE p.key_id = page.id), '[]'),
      'openImports', coalesce((
        SELECT json_agg(i.id) FROM import_parameters i WHERE i.key_id = page.id AND i.used_at IS NULL), '[]')
    )::text AS json
    FROM page ORDER BY id, deleted`
  return rows.map(({ json }) => JSON.parse(json) as AuditedKey)
}

/** The newest revision of a key that is on record, and the state of its rows that the record names. */
export interface RecordedState {
  readonly keyId: string
  readonly revision: number
  /** In hexadecimal; null in records of earlier releases. */
  readonly keyState: string | null
}

/** Newest recorded states of some keys, without keys that have no record. */
export async function findRecordedStates(
  db: Queryable,
  keyIds: readonly string[],
): Promise<ReadonlyMap<string, RecordedState>> {
  const rows = await db.$queryRaw<RecordedState[]>`
    SELECT DISTINCT ON (w.key_id) w.key_id AS "keyId", n.revision, n.key_state AS "keyState"
    FROM unnest(${[...keyIds]}::uuid[]) AS w(key_id)
    CROSS JOIN LATERAL (
      (SELECT e.key_revision AS revision, e.details->>'keyState' AS key_state FROM audit_events e
        WHERE e.key_id = w.key_id AND e.key_revision IS NOT NULL AND e.outcome = 'SUCCEEDED'
        ORDER BY e.key_revision DESC LIMIT 1)
      UNION ALL
      SELECT p.revision, encode(p.key_state, 'hex') FROM audit_pruned_revisions p WHERE p.key_id = w.key_id
    ) AS n
    ORDER BY w.key_id, n.revision DESC, n.key_state NULLS LAST`
  return new Map(rows.map((row) => [row.keyId, row]))
}

/** True if an import with these import parameters is on record. The ID is the one of the API. */
export async function isImportOnRecord(
  db: Queryable,
  { keyId, importParametersId }: { keyId: string; importParametersId: string },
): Promise<boolean> {
  const [row] = await db.$queryRaw<{ found: boolean }[]>`
    SELECT EXISTS (SELECT FROM audit_events WHERE key_id = ${keyId}::uuid AND key_revision IS NOT NULL
      AND action = 'IMPORT_KEY_VERSION' AND outcome = 'SUCCEEDED'
      AND details->>'importParametersId' = ${importParametersId}) AS found`
  return row?.found === true
}

/** The next keys that are on record, but of which neither a live nor a deleted one is there; and such role bindings. */
export async function findVanishedKeys(
  db: Queryable,
  page: { after: string; max: number },
): Promise<{ readonly id: string; readonly kind: AuditedKind }[]> {
  return db.$queryRaw`
    SELECT key_id AS id, coalesce(max(kind), 'USER') AS kind FROM (
      SELECT key_id, CASE WHEN action = 'CREATE_SERVICE_KEY' THEN 'SERVICE'
          WHEN action IN ('BIND_ROLE', 'UNBIND_ROLE') THEN 'ROLES' END AS kind FROM audit_events
        WHERE outcome = 'SUCCEEDED' AND key_revision IS NOT NULL
      UNION ALL SELECT key_id, NULL FROM audit_pruned_revisions
    ) AS recorded
    WHERE key_id > ${page.after}::uuid AND NOT EXISTS (SELECT FROM keys k WHERE k.id = key_id)
      AND NOT EXISTS (SELECT FROM deleted_keys d WHERE d.id = key_id)
      AND NOT EXISTS (SELECT FROM project_roles r WHERE r.id = key_id)
    GROUP BY key_id ORDER BY key_id LIMIT ${page.max}::int`
}
