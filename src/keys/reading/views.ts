import type { AuditAction } from '../../audit/events.ts'
import type { KeyType, KeyUsage } from '../../crypto/capabilities.ts'
import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { AccessEntry, AccessFacts, KeyPermission } from '../rules/access.ts'
import type { KeyOrigin, KeyVersionStatus } from '../rules/errors.ts'
import type { KeySetTerms } from '../rules/key-sets.ts'
import type { KeyLabel } from '../rules/labels.ts'
import type { CannotProtectReason } from '../rules/lifecycle.ts'
import type { RoleBinding } from '../rules/role-bindings.ts'

/** Columns of a user key that all callers with a viewing role see. Its views hold them as they are stored. */
export const visibleColumns = ['name', 'description', 'accessControlEnabled', 'createdAt'] as const

/** Further columns, for callers with access. The views of both kinds of keys hold them as they are stored. */
export const fullColumns = [
  'status',
  'algorithm',
  'origin',
  'lastRotatedAt',
  'updatedAt',
  'restoredAt',
  'revision',
] as const

/** Fields of a user key that all callers with a viewing role see. */
export interface VisibleUserKey extends Readonly<Pick<KeyRow, (typeof visibleColumns)[number]>> {
  /** `ukey_…` in the full view, `rkey_…` in the redacted one. */
  readonly id: string
  readonly partialId: string
  /** Subject string. */
  readonly createdBy: string
}

/** Redacted user key, for a caller without access. It does not hold the hidden fields, so they cannot leak. */
export interface RedactedUserKeyView extends VisibleUserKey {
  readonly kind: 'USER'
  readonly access: 'redacted'
}

/** Fields of the full views of both kinds of keys. */
interface FullKeyFields extends Readonly<Pick<KeyRow, (typeof fullColumns)[number]>> {
  /** The row's UUID, for look-ups of versions. */
  readonly uuid: string
  /** For the schema's own, second access check. */
  readonly accessFacts: AccessFacts
  readonly type: KeyType
  readonly usage: KeyUsage
  /** The version that protects new data, in any state but DESTROYED; null when there is none. */
  readonly defaultVersion: KeyVersionView | null
  /** Null if the state of the key allows it to protect new data. */
  readonly cannotProtectReason: CannotProtectReason | null
  readonly automaticRotation: { readonly enabled: boolean; readonly cycleDays: number }
  readonly nextRotationAt: Date | null
}

/** An entry of the access list of a key. */
export interface AccessEntryView extends AccessEntry {
  readonly expired: boolean
}

/** The published key set of a key. */
export interface KeySetView extends KeySetTerms {
  /** Last part of its address. */
  readonly id: string
  /** The version that the key gets next; null until it is made. */
  readonly next: {
    /** `kver_…`. */
    readonly id: string
    readonly signsFrom: Date
  } | null
}

/** A user key for callers with access. */
export interface FullUserKeyView extends VisibleUserKey, FullKeyFields {
  readonly kind: 'USER'
  readonly access: 'full'
  /** Subject string. */
  readonly owner: string
  /** True if queries of a federated graph may decrypt with the key, too. */
  readonly decryptableInGraph: boolean
  /** Null unless its public keys are published. */
  readonly keySet: KeySetView | null
  readonly aliases: readonly string[]
  readonly labels: readonly KeyLabel[]
  /** Subject strings of entries that have not expired; empty while access control is off. */
  readonly allowedSubjects: readonly string[]
  readonly accessList: readonly AccessEntryView[]
  readonly permissions: readonly KeyPermission[]
}

/** A user key, as far as the caller may see it. */
export type UserKeyView = FullUserKeyView | RedactedUserKeyView

/** A service key. */
export interface ServiceKeyView extends FullKeyFields {
  readonly kind: 'SERVICE'
  readonly access: 'full'
  /** `skey_…`. */
  readonly id: string
  readonly partialId: string
  readonly name: string
  /** The service's name as its first caller wrote it. */
  readonly service: string
  readonly createdAt: Date
}

/** A key version. Only for callers with the full view of its key. */
export interface KeyVersionView {
  readonly kind: 'VERSION'
  /** `kver_…`. */
  readonly id: string
  readonly number: number
  readonly status: KeyVersionStatus
  readonly isDefault: boolean
  readonly createdAt: Date
  readonly activatedAt: Date
  readonly deactivatedAt: Date | null
  readonly destroyScheduledFor: Date | null
  readonly destroyedAt: Date | null
  /** SPKI DER; null for symmetric keys. */
  readonly publicKey: Buffer | null
  readonly algorithm: string
  readonly usage: KeyUsage
  readonly origin: KeyOrigin
  /** The `ukey_…` or `skey_…` it belongs to. */
  readonly keyId: string
  /** Time of the last restore of the key from a backup, if any. Uses between backup and restore are not on record. */
  readonly keyRestoredAt: Date | null
  readonly accessFacts: AccessFacts
}

/** Use of a version. */
export interface KeyVersionUsageView {
  readonly lastUsedAt: Date | null
  /** Null where encryptions are not limited. */
  readonly encryptions: number | null
  /** Null without a limit. */
  readonly remainingEncryptions: number | null
  /** False without a limit. */
  readonly nearLimit: boolean
}

/** An audit event. Only for callers that may read the audit trail of its key. */
export interface AuditEventView {
  readonly kind: 'AUDIT_EVENT'
  /** `audt_…`. */
  readonly id: string
  readonly projectId: string
  /** Access facts of its key; null for an event about no key. */
  readonly accessFacts: AccessFacts | null
  readonly occurredAt: Date
  readonly action: AuditAction
  readonly outcome: 'SUCCEEDED' | 'DENIED' | 'FAILED'
  readonly errorCode: string | null
  /** Subject string. */
  readonly actor: string
  /** Its display name then. */
  readonly actorDisplayName: string | null
  readonly tokenId: string | null
  readonly clientAddress: string | null
  readonly requestId: string
  /** The key's real ID. */
  readonly keyId: string | null
  /** The key's name now, or its last one. */
  readonly keyName: string | null
  readonly keyDeleted: boolean | null
  readonly keyRevision: number | null
  readonly versionNumber: number | null
  /** All versions of the key that it is about, in order. */
  readonly versionNumbers: readonly number[]
  /** Encryption context of the operation; of a re-encryption, the new one. Empty for none. */
  readonly context: EncryptionContext
  /** Encryption context that a re-encryption under the same key decrypted with; empty for none. */
  readonly sourceContext: EncryptionContext
  readonly details: Readonly<Record<string, string | number | boolean>>
}

/** A role binding, for callers who may manage roles. */
export interface RoleBindingView extends Omit<RoleBinding, 'id'> {
  readonly kind: 'ROLE_BINDING'
  /** `rolb_…`. */
  readonly id: string
  readonly projectId: string
}

/** Operations that use the material of a version. A re-encryption counts for both of its versions. */
export const versionOperations = [
  'ENCRYPT',
  'DECRYPT',
  'RE_ENCRYPT',
  'RE_ENCRYPT_FROM',
  'GENERATE_DATA_KEY',
  'GENERATE_DATA_KEY_PAIR',
  'SIGN',
  'VERIFY',
  'GENERATE_MAC',
  'VERIFY_MAC',
  'ENCAPSULATE',
  'DECAPSULATE',
  'DERIVE_SHARED_SECRET',
  'SERVICE_ENCRYPT',
  'SERVICE_DECRYPT',
  'SERVICE_GENERATE_DATA_KEY',
] as const

/** Uses of a version by one caller for one operation. */
export interface VersionCallerView {
  /** Subject string. */
  readonly caller: string
  readonly operation: (typeof versionOperations)[number]
  readonly operations: number
  readonly failedOperations: number
  readonly lastUsedAt: Date | null
  readonly lastFailedAt: Date | null
}

/** Use over time. Hours and days in which nothing happened have no points. */
export interface UsageSeriesView {
  readonly interval: 'HOUR' | 'DAY'
  /** Start of the first hour or day (UTC). */
  readonly from: Date
  /** End of the last one. */
  readonly to: Date
  readonly points: readonly UsagePointView[]
}

/** Operations of one kind in an hour or a day. */
export interface UsagePointView {
  readonly start: Date
  readonly operation: (typeof versionOperations)[number]
  readonly succeeded: number
  readonly denied: number
  readonly failed: number
}

/** Impact of destroying a version. */
export interface DestroyImpactView {
  readonly version: KeyVersionView
  readonly verdict:
    | 'IN_USE'
    | 'STILL_ATTEMPTED'
    | 'NEVER_USED'
    | 'SAFE_UNUSED'
    | 'RECORDS_TOO_SHORT'
    | 'ALREADY_DESTROYED'
  readonly summary: string
  readonly since: Date
  readonly recordsSince: Date
  readonly operations: number
  readonly failedOperations: number
  /** Null for a caller without the audit permission. */
  readonly callers: readonly VersionCallerView[] | null
}

/** A key of either kind, all of whose fields the caller may see. */
export type FullKeyView = FullUserKeyView | ServiceKeyView

/** A key of either kind, perhaps redacted. */
export type KeyView = UserKeyView | ServiceKeyView

/** Anything with an ID that `node` can find. */
export type NodeView = KeyView | KeyVersionView | AuditEventView | RoleBindingView

/** A public key in the forms that other software reads. */
export interface PublicKeyView {
  /** SubjectPublicKeyInfo in PEM (RFC 7468 §13). */
  readonly pem: string
  /** JSON Web Key (RFC 7517). */
  readonly jwk: Readonly<Record<string, unknown>>
  /** JWK thumbprint with SHA-256 (RFC 7638), base64url. */
  readonly fingerprint: string
  readonly algorithm: string
}
