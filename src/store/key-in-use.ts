import type { KeyRow } from './key-rows.ts'
import type { Queryable } from './store.ts'
import type { KeyVersionRow, MaterialRow } from './version-rows.ts'

/** A key with what most uses of it need. */
export interface KeyInUse {
  readonly key: KeyRow
  /** Its newest version; null if it has none. */
  readonly version: KeyVersionRow | null
  /** Wrapped material of that version; null if there is none. */
  readonly material: MaterialRow | null
}

type Prefixed<Row, Prefix extends string> = {
  [Name in keyof Row & string as `${Prefix}${Name}`]: Row[Name] | null
}
type JoinedRow = KeyRow & Prefixed<KeyVersionRow, 'version.'> & Prefixed<MaterialRow, 'material.'>

/** One key with its newest version and the material of that, in one statement; null if the project has none of this ID. */
export async function findKeyInUse(
  db: Queryable,
  { projectId, id }: { projectId: string; id: string },
): Promise<KeyInUse | null> {
  const [row] = await db.$queryRaw<JoinedRow[]>`
    SELECT k.id, k.redacted_id AS "redactedId", k.project_id AS "projectId", k.kind, k.name, k.description,
      k.service_name AS "serviceName", k.usage, k.algorithm, k.origin, k.status, k.created_by AS "createdBy", k.owner,
      k.access_control_enabled AS "accessControlEnabled", k.allowed_subjects AS "allowedSubjects",
      k.rotation_enabled AS "rotationEnabled", k.rotation_cycle_days AS "rotationCycleDays",
      k.rotation_configured_on::text AS "rotationConfiguredOn", k.rotation_due_on::text AS "rotationDueOn",
      k.last_rotated_at AS "lastRotatedAt", k.last_version_number AS "lastVersionNumber", k.revision,
      k.created_at AS "createdAt", k.updated_at AS "updatedAt", k.mac,
      v.id AS "version.id", v.key_id AS "version.keyId", v.number AS "version.number", v.status AS "version.status",
      v.key_revision AS "version.keyRevision", v.created_at AS "version.createdAt",
      v.activated_at AS "version.activatedAt", v.deactivated_at AS "version.deactivatedAt",
      v.destroy_scheduled_for AS "version.destroyScheduledFor", v.destroyed_at AS "version.destroyedAt",
      v.public_key AS "version.publicKey", v.mac AS "version.mac",
      m.version_id AS "material.versionId", m.root_key_id AS "material.rootKeyId", m.wrapped AS "material.wrapped"
    FROM keys k
    LEFT JOIN key_versions v ON v.key_id = k.id AND v.number = k.last_version_number
    LEFT JOIN key_material m ON m.version_id = v.id
    WHERE k.project_id = ${projectId} AND k.id = ${id}::uuid`
  if (row === undefined) return null
  const key: Record<string, unknown> = {}
  const version: Record<string, unknown> = {}
  const material: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(row)) {
    if (name.startsWith('version.')) version[name.slice('version.'.length)] = value
    else if (name.startsWith('material.')) material[name.slice('material.'.length)] = value
    else key[name] = value
  }
  return {
    key: key as unknown as KeyRow,
    version: row['version.id'] === null ? null : (version as unknown as KeyVersionRow),
    material: row['material.versionId'] === null ? null : (material as unknown as MaterialRow),
  }
}
