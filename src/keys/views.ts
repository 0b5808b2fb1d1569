import type { KeyType, KeyUsage } from '../crypto/capabilities.ts'
import type { AccessFacts, KeyPermission } from './access.ts'
import type { KeyStatus, KeyVersionStatus } from './errors.ts'

/** What every caller with a viewing role sees of a user key of its project. */
export interface VisibleUserKey {
  /** `ukey_…` in the full view, `rkey_…` in the redacted one. */
  readonly id: string
  readonly partialId: string
  readonly name: string
  readonly description: string
  readonly accessControlEnabled: boolean
  readonly createdAt: Date
  /** Subject string. */
  readonly createdBy: string
}

/** A user key for a caller that is not on its list: it does not hold what is hidden, so nothing can leak it. */
export interface RedactedUserKeyView extends VisibleUserKey {
  readonly kind: 'USER'
  readonly access: 'redacted'
}

/** What full views of both kinds of key have. */
interface FullKeyFields {
  /** The row's UUID, for look-ups of versions. */
  readonly uuid: string
  /** For the schema's own, second access check. */
  readonly accessFacts: AccessFacts
  readonly status: KeyStatus
  readonly type: KeyType
  readonly usage: KeyUsage
  /** Name in the algorithm table. */
  readonly algorithm: string
  /** The version that protects new data, in any state but DESTROYED; null when there is none. */
  readonly defaultVersion: KeyVersionView | null
  readonly automaticRotation: { readonly enabled: boolean; readonly cycleDays: number }
  readonly lastRotatedAt: Date | null
  readonly nextRotationAt: Date | null
  readonly updatedAt: Date
  readonly revision: number
}

/** A user key as its entitled callers see it. */
export interface FullUserKeyView extends VisibleUserKey, FullKeyFields {
  readonly kind: 'USER'
  readonly access: 'full'
  /** Subject string. */
  readonly owner: string
  /** Subject strings; empty while access control is off. */
  readonly allowedSubjects: readonly string[]
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

/** A key version; exists only for callers with the full view of its key. */
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
  /** The `ukey_…` or `skey_…` it belongs to. */
  readonly keyId: string
  readonly accessFacts: AccessFacts
}

/** How much a version was used. */
export interface KeyVersionUsageView {
  readonly lastUsedAt: Date | null
  /** Null where encryptions are not limited. */
  readonly encryptions: number | null
  /** Null without a limit. */
  readonly remainingEncryptions: number | null
}

/** Anything with an ID that `node` can find. */
export type NodeView = UserKeyView | ServiceKeyView | KeyVersionView

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
