// Made from the schema by `npm run print`; do not edit.
import type { CallOptions } from '../call-options.ts'
import type { KeysteadError } from '../errors.ts'

/** Names and values that bind a ciphertext to where it belongs. They are recorded in the audit trail in clear. */
export type EncryptionContext = Readonly<Record<string, string>>

/** The kind of operation. A batch has one event for each of its items. */
export type AuditAction =
  | 'CREATE_USER_KEY'
  | 'UPDATE_USER_KEY'
  | 'ACTIVATE_USER_KEY'
  | 'ROTATE_KEY'
  | 'CONFIGURE_AUTOMATIC_ROTATION'
  | 'ENABLE_ACCESS_CONTROL'
  | 'DISABLE_ACCESS_CONTROL'
  | 'ADD_ALLOWED_SUBJECTS'
  | 'REMOVE_ALLOWED_SUBJECTS'
  | 'ACTIVATE_KEY_VERSION'
  | 'DEACTIVATE_KEY_VERSION'
  | 'SCHEDULE_KEY_VERSION_DESTRUCTION'
  | 'DESTROY_KEY_VERSION'
  | 'RESTORE_KEY_VERSION'
  | 'DELETE_USER_KEY'
  | 'TRANSFER_OWNERSHIP'
  | 'CREATE_ALIAS'
  | 'REPOINT_ALIAS'
  | 'DELETE_ALIAS'
  | 'LABEL_USER_KEY'
  | 'PUBLISH_JWKS'
  | 'UNPUBLISH_JWKS'
  | 'PREPARE_KEY_VERSION'
  | 'GET_IMPORT_PARAMETERS'
  | 'IMPORT_KEY_VERSION'
  | 'PRUNE_AUDIT'
  | 'ROTATE_ROOT_KEY'
  | 'RESTORE_BACKUP'
  | 'CONFIRM_CLOCK'
  | 'BIND_ROLE'
  | 'UNBIND_ROLE'
  | 'CREATE_SERVICE_KEY'
  | 'ENCRYPT'
  | 'DECRYPT'
  | 'RE_ENCRYPT'
  | 'RE_ENCRYPT_FROM'
  | 'GENERATE_DATA_KEY'
  | 'SIGN'
  | 'VERIFY'
  | 'GENERATE_MAC'
  | 'VERIFY_MAC'
  | 'ENCAPSULATE'
  | 'DECAPSULATE'
  | 'DERIVE_SHARED_SECRET'
  | 'GENERATE_DATA_KEY_PAIR'
  | 'GENERATE_RANDOM'
  | 'SERVICE_ENCRYPT'
  | 'SERVICE_DECRYPT'
  | 'SERVICE_GENERATE_DATA_KEY'

/** Outcome of an operation. */
export type AuditOutcome =
  | 'SUCCEEDED'
  | 'DENIED'
  | 'FAILED'

/** All codes of error types, and of `extensions.code` of top-level errors. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'BAD_REQUEST'
  | 'BAD_USER_INPUT'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNTRUSTED_DOCUMENT'
  | 'PERSISTED_QUERY_NOT_SUPPORTED'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'INTERNAL'
  | 'INPUT_VALIDATION'
  | 'KEY_NOT_FOUND'
  | 'KEY_VERSION_NOT_FOUND'
  | 'NAME_TAKEN'
  | 'INVALID_KEY_STATE'
  | 'INVALID_KEY_USAGE'
  | 'INVALID_KEY_ORIGIN'
  | 'INVALID_IMPORT_PARAMETERS'
  | 'INVALID_KEY_MATERIAL'
  | 'CONFLICT'
  | 'LOCKOUT'
  | 'INVALID_CIPHERTEXT'
  | 'NOT_DECRYPTABLE_IN_GRAPH'
  | 'ENCRYPTION_LIMIT'
  | 'OTHER'

/** Kind of a subject. */
export type SubjectKind =
  | 'USER'
  | 'GROUP'
  | 'SERVICE_ACCOUNT'
  | 'SERVICE_AGENT'
  | 'SYSTEM'

/** State of a key version (after NIST SP 800-57 Part 1 §7). */
export type KeyVersionStatus =
  | 'ACTIVE'
  | 'DEACTIVATED'
  | 'DESTROY_SCHEDULED'
  | 'DESTROYED'

/** Origin of the key material. */
export type KeyOrigin =
  | 'KEYSTEAD'
  | 'EXTERNAL'

/** Algorithm and size of a key. `keyAlgorithms` tells which ones this server lets you create. */
export type KeyAlgorithm =
  | 'AES_256_GCM'
  | 'AES_128_GCM'
  | 'CHACHA20_POLY1305'
  | 'XAES_256_GCM'
  | 'RSA_2048'
  | 'RSA_3072'
  | 'RSA_4096'
  | 'EC_P256'
  | 'EC_P384'
  | 'EC_P521'
  | 'EC_SECP256K1'
  | 'ED25519'
  | 'ED448'
  | 'ML_DSA_44'
  | 'ML_DSA_65'
  | 'ML_DSA_87'
  | 'HMAC_SHA256'
  | 'HMAC_SHA384'
  | 'HMAC_SHA512'
  | 'ML_KEM_768'
  | 'ML_KEM_1024'
  | 'X25519'

/** Verdict on destroying a version, by its use. Data that is read less often than every 30 days, such as backups and archives, does not show. */
export type DestroyVerdict =
  | 'IN_USE'
  | 'STILL_ATTEMPTED'
  | 'NEVER_USED'
  | 'SAFE_UNUSED'
  | 'RECORDS_TOO_SHORT'
  | 'ALREADY_DESTROYED'

/** Operation that used a version. A re-encryption counts for both of its versions. */
export type VersionOperation =
  | 'ENCRYPT'
  | 'DECRYPT'
  | 'RE_ENCRYPT'
  | 'RE_ENCRYPT_FROM'
  | 'GENERATE_DATA_KEY'
  | 'GENERATE_DATA_KEY_PAIR'
  | 'SIGN'
  | 'VERIFY'
  | 'GENERATE_MAC'
  | 'VERIFY_MAC'
  | 'ENCAPSULATE'
  | 'DECAPSULATE'
  | 'DERIVE_SHARED_SECRET'
  | 'SERVICE_ENCRYPT'
  | 'SERVICE_DECRYPT'
  | 'SERVICE_GENERATE_DATA_KEY'

/** Visibility of a key for a subject whose roles let it view keys. */
export type KeyVisibility =
  | 'ABSENT'
  | 'REDACTED'
  | 'FULL'

/** Kind of a reason for access. */
export type AccessReasonKind =
  | 'OWNER'
  | 'LIST_ENTRY'
  | 'NO_ACCESS_CONTROL'
  | 'ROLE'
  | 'ROLE_BINDING'
  | 'PERMISSION'
  | 'CONTEXT'
  | 'EXPIRED'
  | 'USAGE'

/** Role of a caller in its project, from its token or by a role binding. */
export type Role =
  | 'PROJECT_ADMIN'
  | 'PROJECT_MEMBER'
  | 'PROJECT_READER'
  | 'KMS_MANAGER'
  | 'KMS_USER'
  | 'KMS_VIEWER'
  | 'KMS_ENCRYPTER'
  | 'KMS_DECRYPTER'
  | 'KMS_SIGNER'
  | 'KMS_VERIFIER'
  | 'KMS_AUDITOR'

/** What an explanation of access can be about. */
export type KeyOperation =
  | 'VIEW'
  | 'ENCRYPT'
  | 'DECRYPT'
  | 'SIGN'
  | 'VERIFY'
  | 'GENERATE_MAC'
  | 'VERIFY_MAC'
  | 'ENCAPSULATE'
  | 'DECAPSULATE'
  | 'DERIVE'
  | 'MANAGE'
  | 'READ_AUDIT'

/** One secret key, or a key pair. */
export type KeyType =
  | 'SYMMETRIC'
  | 'ASYMMETRIC'

/** Purpose of a key. A key has one usage for life (NIST SP 800-57 Part 1 §5.2). */
export type KeyUsage =
  | 'ENCRYPT_DECRYPT'
  | 'SIGN_VERIFY'
  | 'KEY_AGREEMENT'
  | 'GENERATE_VERIFY_MAC'
  | 'KEY_ENCAPSULATION'

/** Signature scheme and hash. */
export type SigningAlgorithm =
  | 'RSASSA_PSS_SHA_256'
  | 'RSASSA_PSS_SHA_384'
  | 'RSASSA_PSS_SHA_512'
  | 'RSASSA_PKCS1_V1_5_SHA_256'
  | 'RSASSA_PKCS1_V1_5_SHA_384'
  | 'RSASSA_PKCS1_V1_5_SHA_512'
  | 'ECDSA_SHA_256'
  | 'ECDSA_SHA_384'
  | 'ECDSA_SHA_512'
  | 'ED25519'
  | 'ED448'
  | 'ML_DSA_44'
  | 'ML_DSA_65'
  | 'ML_DSA_87'

/** Padding of RSA encryption: RSAES-OAEP (RFC 8017 §7.1), MGF1 with the same hash, empty label. */
export type EncryptionAlgorithm =
  | 'RSAES_OAEP_SHA_256'
  | 'RSAES_OAEP_SHA_1'
  | 'RSAES_OAEP_SHA_384'
  | 'RSAES_OAEP_SHA_512'

/** State of a key; it follows from the states of its versions. */
export type KeyStatus =
  | 'PRE_ACTIVATION'
  | 'ACTIVE'
  | 'DEACTIVATED'

/** Why a key does not protect new data, that is encrypt, make data keys, sign, generate MACs and encapsulate: because of its state, or because the caller may not see its state. */
export type CannotProtectReason =
  | 'NO_VERSION'
  | 'DEFAULT_VERSION_DEACTIVATED'
  | 'DEFAULT_VERSION_DESTROY_SCHEDULED'
  | 'DEFAULT_VERSION_DESTROYED'
  | 'NO_ACCESS'

/** Permission that an entry of an access list can name. */
export type AccessListPermission =
  | 'VIEW'
  | 'ENCRYPT'
  | 'DECRYPT'
  | 'SIGN'
  | 'VERIFY'
  | 'GENERATE_MAC'
  | 'VERIFY_MAC'
  | 'ENCAPSULATE'
  | 'DECAPSULATE'
  | 'DERIVE'
  | 'MANAGE'

/** Permission of a caller on a key, or in its project. */
export type KeyPermission =
  | 'VIEW'
  | 'ENCRYPT'
  | 'DECRYPT'
  | 'SIGN'
  | 'VERIFY'
  | 'GENERATE_MAC'
  | 'VERIFY_MAC'
  | 'ENCAPSULATE'
  | 'DECAPSULATE'
  | 'DERIVE'
  | 'CREATE'
  | 'MANAGE'
  | 'MANAGE_OWN'
  | 'READ_AUDIT'
  | 'MANAGE_ROLES'

/** Length of the steps of a series. */
export type UsageInterval =
  | 'HOUR'
  | 'DAY'

/** What will happen to a key. */
export type UpcomingEventKind =
  | 'ROTATION'
  | 'DESTRUCTION'

/** Fields that user keys can be ordered by. A redacted key takes the place of a key without a value, so that its place discloses nothing. */
export type UserKeyOrderField =
  | 'NAME'
  | 'CREATED_AT'
  | 'NEXT_ROTATION'
  | 'LAST_USE'

/** Direction of an order. */
export type OrderDirection =
  | 'ASC'
  | 'DESC'

/** Form of key material to import, before it is wrapped. */
export type KeyMaterialFormat =
  | 'RAW'
  | 'PKCS8_DER'

/** Tells whether the bytes to sign are the message or its digest. */
export type MessageType =
  | 'MESSAGE'
  | 'DIGEST'

/** Form of ECDSA signatures; other schemes have one form only and ignore it. */
export type SignatureEncoding =
  | 'DER'
  | 'P1363'

/** Algorithm of a data key pair. */
export type DataKeyPairAlgorithm =
  | 'RSA_2048'
  | 'RSA_3072'
  | 'RSA_4096'
  | 'EC_P256'
  | 'EC_P384'
  | 'EC_P521'
  | 'EC_SECP256K1'
  | 'ED25519'

/** Kind of a change of a key. */
export type KeyChangeKind =
  | 'DETAILS'
  | 'STATE'
  | 'ROTATED'
  | 'AUTOMATIC_ROTATION'
  | 'ACCESS'
  | 'GONE'

/** A state of a key or of a version. */
export type AllowedState =
  | 'PRE_ACTIVATION'
  | 'ACTIVE'
  | 'DEACTIVATED'
  | 'DESTROY_SCHEDULED'
  | 'DESTROYED'

/** Why import parameters cannot be used. */
export type ImportParametersFault =
  | 'UNKNOWN'
  | 'EXPIRED'
  | 'USED'

/** Why material is refused. */
export type KeyMaterialFault =
  | 'UNWRAPPING_FAILED'
  | 'NOT_A_KEY'
  | 'OTHER_ALGORITHM'
  | 'WRONG_SIZE'
  | 'INCONSISTENT'

/** Filter of audit events; all conditions must hold. */
export interface AuditEventFilter {
  /** Of the key with this ID, deleted or not, or of the live key with this name or alias. What names a redacted key finds nothing. */
  readonly key?: string | null | undefined
  /** About this version, alone or as one of several: those whose `versionNumbers` have it. The versions of a deleted key are found by its ID and number. What names a version that the caller does not see finds nothing. */
  readonly version?: KeyVersionRef | null | undefined
  /** Of live keys that have all of these labels now; redacted keys match none. At most 10 entries. */
  readonly labels?: readonly LabelCondition[] | null | undefined
  /** One of these actions. At most as many entries as the enum has values. */
  readonly action?: readonly AuditAction[] | null | undefined
  /** With one of these outcomes. At most as many entries as the enum has values. */
  readonly outcome?: readonly AuditOutcome[] | null | undefined
  /** By this subject, e.g. `user:alice` or `system:rotation`. */
  readonly actor?: string | null | undefined
  /** Of operations whose encryption context has all of these pairs; re-encryptions count with the old and the new one. Give `from` and `to` on a large trail. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
  /** At this moment or later. */
  readonly from?: string | null | undefined
  /** Before this moment. */
  readonly to?: string | null | undefined
}

/** One version of a user key: either `id`, or `key` and `number`. */
export interface KeyVersionRef {
  /** ID of the version: `kver_…`. */
  readonly id?: string | null | undefined
  /** The key: its ID, name or alias. */
  readonly key?: string | null | undefined
  /** Number of the version, from 1. */
  readonly number?: number | null | undefined
}

/** A label that a key must have. */
export interface LabelCondition {
  /** 1 to 63 characters in Unicode Normalization Form C, without control or invisible format characters, and no space at either end; case counts. A key has one label of each name. */
  readonly name: string
  /** The value of the label; any without it. Case counts. */
  readonly value?: string | null | undefined
}

/** Filter of role bindings; all conditions must hold. */
export interface RoleBindingFilter {
  /** Of this subject, e.g. `user:alice` or `group:payments`. */
  readonly subject?: string | null | undefined
  /** To one of these roles. At most as many entries as the enum has values. */
  readonly role?: readonly Role[] | null | undefined
}

/** How a service key is looked up. */
export type ServiceKeyBy =
  | { readonly key: string; readonly service?: never }
  | { readonly service: string; readonly key?: never }

/** Filter of service keys; all conditions must hold. */
export interface ServiceKeyFilter {
  /** Names that start with this: up to 64 letters, digits, `-`, `_`. */
  readonly namePrefix?: string | null | undefined
  /** In one of these states. At most as many entries as the enum has values. */
  readonly status?: readonly KeyStatus[] | null | undefined
}

/** Filter of the operations that a series counts; all conditions must hold. */
export interface UsageSeriesFilter {
  /** With the key of this ID, deleted or not, or the live key with this name or alias. What names a redacted key finds nothing. */
  readonly key?: string | null | undefined
  /** With live keys that have all of these labels now; redacted keys match none. At most 10 entries. */
  readonly labels?: readonly LabelCondition[] | null | undefined
  /** Of these kinds. At most as many entries as the enum has values. */
  readonly operation?: readonly VersionOperation[] | null | undefined
}

/** Filter of user keys; all conditions must hold. A redacted key matches no condition on a field that it hides. */
export interface UserKeyFilter {
  /** Contains this text, without regard to case: in the name, the description, an alias, or the name or value of a label. A redacted key is found by its name only, also not by its description. 1 to 256 characters; spaces at the ends do not count. */
  readonly search?: string | null | undefined
  /** With all of these labels. Leaves redacted keys out. At most 10 entries. */
  readonly labels?: readonly LabelCondition[] | null | undefined
  /** Names that start with this: up to 64 letters, digits, `-`, `_`. */
  readonly namePrefix?: string | null | undefined
  /** With access control on, or off. */
  readonly accessControlEnabled?: boolean | null | undefined
  /** Owned by this subject, e.g. `user:alice` or `group:payments`. Leaves redacted keys out. */
  readonly owner?: string | null | undefined
  /** Created by this subject, e.g. `user:alice`. */
  readonly createdBy?: string | null | undefined
  /** Created after this moment. */
  readonly createdAfter?: string | null | undefined
  /** Created before this moment. */
  readonly createdBefore?: string | null | undefined
  /** In one of these states. At most as many entries as the enum has values. Leaves redacted keys out. */
  readonly status?: readonly KeyStatus[] | null | undefined
  /** Of this type. Leaves redacted keys out. */
  readonly type?: KeyType | null | undefined
  /** With this usage. Leaves redacted keys out. */
  readonly usage?: KeyUsage | null | undefined
  /** With one of these algorithms. At most as many entries as the enum has values. Leaves redacted keys out. */
  readonly algorithm?: readonly KeyAlgorithm[] | null | undefined
  /** With material of this origin. Leaves redacted keys out. */
  readonly origin?: KeyOrigin | null | undefined
  /** With a version in one of these states. DESTROYED from the end of the waiting period on. At most as many entries as the enum has values. Leaves redacted keys out. */
  readonly versionStatus?: readonly KeyVersionStatus[] | null | undefined
  /** With automatic rotation on, or off. Leaves redacted keys out. */
  readonly automaticRotationEnabled?: boolean | null | undefined
  /** With a `nextRotationAt` before this moment. Leaves redacted keys out. */
  readonly nextRotationBefore?: string | null | undefined
  /** With a version that will be destroyed before this moment. Leaves redacted keys out. */
  readonly destructionScheduledBefore?: string | null | undefined
  /** Created before this moment, and without a successful operation at it or after it. Uses are written with each round of housekeeping. Leaves redacted keys out. */
  readonly unusedSince?: string | null | undefined
  /** Without any successful operation so far, or with one. Uses are written with each round of housekeeping. Leaves redacted keys out. */
  readonly neverUsed?: boolean | null | undefined
  /** With a state that lets the key protect new data, or not: `canProtect` of keys that the caller sees in full. Leaves redacted keys out. They answer `canProtect: false` without regard to their state, and so match neither value. */
  readonly canProtect?: boolean | null | undefined
  /** True: can protect new data, with a default version whose `encryptionUsage.nearLimit` is true. False: all others. Leaves redacted keys out. */
  readonly nearEncryptionLimit?: boolean | null | undefined
}

/** How user keys are ordered. */
export interface UserKeyOrder {
  /** The field to order by. */
  readonly field: UserKeyOrderField
  /** The direction. */
  readonly direction: OrderDirection
}

/** The version. */
export interface ActivateKeyVersionInput {
  /** The version. */
  readonly version: KeyVersionRef
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key. */
export interface ActivateUserKeyInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key, and the entries to add. */
export interface AddAllowedSubjectsInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Subjects that may do all that their roles give, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`. At most 1,000 entries. */
  readonly subjects?: readonly string[] | null | undefined
  /** Entries that say what a subject may do, with which encryption context, and until when. At most 200 entries. */
  readonly entries?: readonly AccessListEntryInput[] | null | undefined
  /** Allow the change even if the caller then no longer has access itself. False if not given. */
  readonly allowLockout?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** An entry of an access list. With a subject alone it is the same as that subject in a list of subjects. */
export interface AccessListEntryInput {
  /** E.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`. */
  readonly subject: string
  /** What the subject may do, as far as its roles allow: VIEW or operations that the key has, and MANAGE with them. All that the roles give if not given. At most as many entries as the enum has values. */
  readonly permissions?: readonly AccessListPermission[] | null | undefined
  /** Pairs that the encryption context of an operation must have; it may have more. Viewing and managing have no condition. Symmetric keys for ENCRYPT_DECRYPT only. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
  /** From when on the entry gives nothing; in the future. It does not expire if not given. */
  readonly expiresAt?: string | null | undefined
  /** A note for people, up to 256 characters without control or invisible format characters. It is in the audit trail, too. */
  readonly note?: string | null | undefined
}

/** The subject, and the role that it gets. */
export interface BindRoleInput {
  /** The subject: `user:NAME`, `group:NAME` or `service-account:NAME`. */
  readonly subject: string
  /** The role. */
  readonly role: Role
  /** When the binding ends by itself, in the future. Never if not given. */
  readonly expiresAt?: string | null | undefined
  /** A note for people, up to 256 characters without control or invisible format characters. It is in the audit trail, too. */
  readonly note?: string | null | undefined
  /** Allow the change even if then nobody is bound to PROJECT_ADMIN in the project, or only for a shorter time. Not needed by callers whose own token gives that role. False if not given. */
  readonly allowLockout?: boolean | null | undefined
}

/** The key, and its automatic rotation. */
export interface ConfigureAutomaticRotationInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Whether the system rotates the key by itself. */
  readonly enabled: boolean
  /** Days from one rotation to the next, 1 to 1,095. If not given it stays, or is 365 when rotation was off. */
  readonly cycleDays?: number | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key, and its new alias. */
export interface CreateAliasInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** 1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first; no key of the project has it as its name or alias. A key has at most 50 aliases. */
  readonly alias: string
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key to create. */
export interface CreateUserKeyInput {
  /** 1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first; unique in the project. */
  readonly name: string
  /** Up to 256 characters without control or invisible format characters. */
  readonly description?: string | null | undefined
  /** Whether queries may decrypt with the key, too, through `EncryptedValue` in a federated graph. Symmetric keys for ENCRYPT_DECRYPT only. A new key is not unless given. */
  readonly decryptableInGraph?: boolean | null | undefined
  /** Its labels; none if not given. At most 50 entries. */
  readonly labels?: readonly LabelInput[] | null | undefined
  /** Create it without a version, to be activated later. False if not given. */
  readonly preActivation?: boolean | null | undefined
  /** Where its material comes from; KEYSTEAD if not given. A key of origin EXTERNAL starts without a version: see getImportParameters. */
  readonly origin?: KeyOrigin | null | undefined
  /** Follows from the algorithm; if given, it must fit. */
  readonly type?: KeyType | null | undefined
  /** Follows from the algorithm where that has one usage only; ENCRYPT_DECRYPT if nothing is given. */
  readonly usage?: KeyUsage | null | undefined
  /** If not given: AES_256_GCM, RSA_3072 for asymmetric encryption, EC_P256 for signatures. */
  readonly algorithm?: KeyAlgorithm | null | undefined
  /** Off if not given. */
  readonly automaticRotation?: AutomaticRotationInput | null | undefined
  /** Off if not given. */
  readonly accessControl?: AccessControlInput | null | undefined
}

/** A name and a value that people give to a key, to find it by. Labels never grant anything. */
export interface LabelInput {
  /** 1 to 63 characters in Unicode Normalization Form C, without control or invisible format characters, and no space at either end; case counts. A key has one label of each name. */
  readonly name: string
  /** Up to 256 characters in Unicode Normalization Form C, without control or invisible format characters. It is in the audit trail in clear: nothing secret. */
  readonly value: string
}

/** Automatic rotation of a new key. */
export interface AutomaticRotationInput {
  /** Whether the system rotates the key by itself. */
  readonly enabled: boolean
  /** Days from one rotation to the next, 1 to 1,095; 365 if not given. */
  readonly cycleDays?: number | null | undefined
}

/** Access control of a new key. */
export interface AccessControlInput {
  /** Whether only the owner and the subjects below see and use the key. */
  readonly enabled: boolean
  /** Subjects, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`. At most 1,000 entries. */
  readonly allowedSubjects?: readonly string[] | null | undefined
  /** Entries that say what a subject may do, with which encryption context, and until when. At most 200 entries. */
  readonly entries?: readonly AccessListEntryInput[] | null | undefined
}

/** The version. */
export interface DeactivateKeyVersionInput {
  /** The version. */
  readonly version: KeyVersionRef
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** A batch of changes. */
export interface DeactivateKeyVersionBatchInput {
  /** The items. At most 100 entries. */
  readonly items: readonly DeactivateKeyVersionBatchItemInput[]
}

/** The version. */
export interface DeactivateKeyVersionBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The version. */
  readonly version: KeyVersionRef
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The ciphertext to decrypt. */
export interface DecryptWithServiceKeyInput {
  /** A ciphertext from `encryptWithServiceKey` or `generateServiceDataKey`. */
  readonly ciphertext: Uint8Array
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** The ciphertext to decrypt. */
export interface DecryptInput {
  /** A ciphertext from `encrypt`, or, for RSA, any RSAES-OAEP ciphertext. */
  readonly ciphertext: Uint8Array
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. Symmetric keys only. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. Symmetric keys only. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
  /** Symmetric keys: the ciphertext names its key; if given, it must be that one. Not together with `version`. */
  readonly key?: string | null | undefined
  /** RSA: required, the version whose public key was used. Not for symmetric keys. */
  readonly version?: KeyVersionRef | null | undefined
  /** RSA only: padding; RSAES_OAEP_SHA_256 if not given. */
  readonly encryptionAlgorithm?: EncryptionAlgorithm | null | undefined
}

/** A batch, within the limits of the server (500 items and 1 MiB unless configured). */
export interface DecryptBatchInput {
  /** The items. At most 500 entries unless the server is configured otherwise. */
  readonly items: readonly DecryptBatchItemInput[]
}

/** The ciphertext to decrypt. */
export interface DecryptBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** A ciphertext from `encrypt`, or, for RSA, any RSAES-OAEP ciphertext. */
  readonly ciphertext: Uint8Array
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. Symmetric keys only. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. Symmetric keys only. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
  /** Symmetric keys: the ciphertext names its key; if given, it must be that one. Not together with `version`. */
  readonly key?: string | null | undefined
  /** RSA: required, the version whose public key was used. Not for symmetric keys. */
  readonly version?: KeyVersionRef | null | undefined
  /** RSA only: padding; RSAES_OAEP_SHA_256 if not given. */
  readonly encryptionAlgorithm?: EncryptionAlgorithm | null | undefined
}

/** The alias. */
export interface DeleteAliasInput {
  /** The alias to remove. */
  readonly alias: string
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key, with its name as confirmation. */
export interface DeleteUserKeyInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The exact name of the key. */
  readonly confirmName: string
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The version. */
export interface DestroyKeyVersionInput {
  /** The version. */
  readonly version: KeyVersionRef
  /** Days until then, 0 to 30; the server has a default (7 unless configured) and may have a minimum. 0 means at once, but not before 20 seconds after the deactivation of the version, unless configured otherwise: until then a request that began before it, or a server that has not noticed it yet, may still use the version. After these 20 seconds the answer shows the version DESTROYED. Before, it shows it DESTROY_SCHEDULED, and housekeeping destroys it within 30 seconds of `destroyScheduledFor`. */
  readonly waitingPeriodDays?: number | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** A batch of changes. */
export interface DestroyKeyVersionBatchInput {
  /** The items. At most 100 entries. */
  readonly items: readonly DestroyKeyVersionBatchItemInput[]
}

/** The version. */
export interface DestroyKeyVersionBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The version. */
  readonly version: KeyVersionRef
  /** Days until then, 0 to 30; the server has a default (7 unless configured) and may have a minimum. 0 means at once, but not before 20 seconds after the deactivation of the version, unless configured otherwise: until then a request that began before it, or a server that has not noticed it yet, may still use the version. After these 20 seconds the answer shows the version DESTROYED. Before, it shows it DESTROY_SCHEDULED, and housekeeping destroys it within 30 seconds of `destroyScheduledFor`. */
  readonly waitingPeriodDays?: number | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key. */
export interface DisableAccessControlInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Allow the change even if the caller then no longer has access itself. False if not given. */
  readonly allowLockout?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key, and the entries of its access list. */
export interface EnableAccessControlInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Subjects that may do all that their roles give, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`. At most 1,000 entries. */
  readonly subjects?: readonly string[] | null | undefined
  /** Entries that say what a subject may do, with which encryption context, and until when. At most 200 entries. */
  readonly entries?: readonly AccessListEntryInput[] | null | undefined
  /** Allow the change even if the caller then no longer has access itself. False if not given. */
  readonly allowLockout?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The data to encrypt. */
export interface EncryptWithServiceKeyInput {
  /** The bytes to encrypt: at most 64 KiB. */
  readonly plaintext: Uint8Array
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** The data to encrypt, and the key. */
export interface EncryptInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The bytes to encrypt: at most 64 KiB, or what the padding leaves for RSA (190 bytes with RSA_2048). */
  readonly plaintext: Uint8Array
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. Symmetric keys only. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. Symmetric keys only. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** A batch, within the limits of the server (500 items and 1 MiB unless configured). */
export interface EncryptBatchInput {
  /** The items. At most 500 entries unless the server is configured otherwise. */
  readonly items: readonly EncryptBatchItemInput[]
}

/** The data to encrypt, and the key. */
export interface EncryptBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The bytes to encrypt: at most 64 KiB, or what the padding leaves for RSA (190 bytes with RSA_2048). */
  readonly plaintext: Uint8Array
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. Symmetric keys only. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. Symmetric keys only. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** The key, and the length of the data key. */
export interface GenerateDataKeyInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Length in bytes, 1 to 1,024. */
  readonly lengthBytes?: number | null | undefined
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. Symmetric keys only. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. Symmetric keys only. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** The length of the data key. */
export interface GenerateServiceDataKeyInput {
  /** Length in bytes, 1 to 1,024. */
  readonly lengthBytes?: number | null | undefined
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** The key. */
export interface GetImportParametersInput {
  /** A key of origin EXTERNAL: its ID, name or alias. */
  readonly key: string
}

/** The material to import. */
export interface ImportKeyVersionInput {
  /** A key of origin EXTERNAL: its ID, name or alias. */
  readonly key: string
  /** From getImportParameters for this key: `impt_…`. They can be used once. */
  readonly importParametersId: string
  /** The wrapped AES-256 key (512 bytes) and behind it the wrapped material, as ImportParameters describes; 528 to 16,896 bytes. */
  readonly wrappedMaterial: Uint8Array
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key, and what its set promises. */
export interface PublishJwksInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Longest lifetime of what the key signs, 1 to 129,600 minutes. The public key of a version that was replaced stays published for so long. */
  readonly tokenLifetimeMinutes: number
  /** Hours for which a public key is published before its version signs, 1 to 720; 24 if not given. Verifiers may keep the set for so long. */
  readonly publishAheadHours?: number | null | undefined
  /** `alg` of the keys in the set, such as RS256, for keys that sign in several ways. Verifiers then accept no other one. If not given, such keys have no `alg`. */
  readonly jwsAlgorithm?: string | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key. */
export interface UnpublishJwksInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The ciphertext to re-encrypt, and the destination. */
export interface ReEncryptInput {
  /** A ciphertext of a symmetric key. */
  readonly ciphertext: Uint8Array
  /** The data that it was encrypted with. */
  readonly sourceAdditionalAuthenticatedData?: Uint8Array | null | undefined
  /** The encryption context that it was encrypted with; recorded in the audit trail. At most 16 entries. */
  readonly sourceContext?: EncryptionContext | null | undefined
  /** The key to encrypt with: its ID, name or alias; the same as before if not given. */
  readonly destinationKey?: string | null | undefined
  /** The data to encrypt it with, none if empty. Without data and context they are the same as before. */
  readonly destinationAdditionalAuthenticatedData?: Uint8Array | null | undefined
  /** The encryption context to encrypt it with; recorded in the audit trail. Without data and context they are the same as before. At most 16 entries. */
  readonly destinationContext?: EncryptionContext | null | undefined
}

/** A batch, within the limits of the server (500 items and 1 MiB unless configured). */
export interface ReEncryptBatchInput {
  /** The items. At most 500 entries unless the server is configured otherwise. */
  readonly items: readonly ReEncryptBatchItemInput[]
}

/** The ciphertext to re-encrypt, and the destination. */
export interface ReEncryptBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** A ciphertext of a symmetric key. */
  readonly ciphertext: Uint8Array
  /** The data that it was encrypted with. */
  readonly sourceAdditionalAuthenticatedData?: Uint8Array | null | undefined
  /** The encryption context that it was encrypted with; recorded in the audit trail. At most 16 entries. */
  readonly sourceContext?: EncryptionContext | null | undefined
  /** The key to encrypt with: its ID, name or alias; the same as before if not given. */
  readonly destinationKey?: string | null | undefined
  /** The data to encrypt it with, none if empty. Without data and context they are the same as before. */
  readonly destinationAdditionalAuthenticatedData?: Uint8Array | null | undefined
  /** The encryption context to encrypt it with; recorded in the audit trail. Without data and context they are the same as before. At most 16 entries. */
  readonly destinationContext?: EncryptionContext | null | undefined
}

/** The key, and the subjects to remove. */
export interface RemoveAllowedSubjectsInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Subjects to remove; those not on the list are ignored, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`. At most 1,000 entries. */
  readonly subjects: readonly string[]
  /** Allow the change even if the caller then no longer has access itself. False if not given. */
  readonly allowLockout?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key, and the labels to set or to remove. */
export interface LabelUserKeyInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Labels to set: new ones, and new values of those that the key has. At most 50 entries. */
  readonly set?: readonly LabelInput[] | null | undefined
  /** Names of labels to remove. A name that the key has no label of changes nothing. At most 50 entries. */
  readonly remove?: readonly string[] | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** A batch of changes. */
export interface LabelUserKeyBatchInput {
  /** The items. At most 100 entries. */
  readonly items: readonly LabelUserKeyBatchItemInput[]
}

/** The key, and the labels to set or to remove. */
export interface LabelUserKeyBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Labels to set: new ones, and new values of those that the key has. At most 50 entries. */
  readonly set?: readonly LabelInput[] | null | undefined
  /** Names of labels to remove. A name that the key has no label of changes nothing. At most 50 entries. */
  readonly remove?: readonly string[] | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The alias, and the key that it is to stand for. */
export interface RepointAliasInput {
  /** The alias. */
  readonly alias: string
  /** The key that the alias stands for from now on: its ID, name or another alias. */
  readonly key: string
}

/** The version. */
export interface RestoreKeyVersionInput {
  /** The version. */
  readonly version: KeyVersionRef
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The key. */
export interface RotateUserKeyInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Refuse with ConflictError unless this is still the number of the default version, so that a repeated request does not rotate twice. */
  readonly expectedDefaultVersionNumber?: number | null | undefined
  /** Rotate a published key even if its next public key has been published for a shorter time than `publishAheadHours`: verifiers may refuse its signatures until they fetch the set again. For emergencies. False if not given. */
  readonly allowUnknownKey?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** A batch of changes. */
export interface RotateUserKeyBatchInput {
  /** The items. At most 100 entries. */
  readonly items: readonly RotateUserKeyBatchItemInput[]
}

/** The key. */
export interface RotateUserKeyBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The key: its ID, name or alias. */
  readonly key: string
  /** Refuse with ConflictError unless this is still the number of the default version, so that a repeated request does not rotate twice. */
  readonly expectedDefaultVersionNumber?: number | null | undefined
  /** Rotate a published key even if its next public key has been published for a shorter time than `publishAheadHours`: verifiers may refuse its signatures until they fetch the set again. For emergencies. False if not given. */
  readonly allowUnknownKey?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The message to sign, and the key. */
export interface SignInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The bytes to sign: at most 64 KiB. */
  readonly message: Uint8Array
  /** Whether `message` is the message or its digest. */
  readonly messageType?: MessageType | null | undefined
  /** The scheme; the first of the algorithm of the key (see `keyAlgorithms`) if not given. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  /** Form of ECDSA signatures. */
  readonly encoding?: SignatureEncoding | null | undefined
}

/** A batch, within the limits of the server (500 items and 1 MiB unless configured). */
export interface SignBatchInput {
  /** The items. At most 500 entries unless the server is configured otherwise. */
  readonly items: readonly SignBatchItemInput[]
}

/** The message to sign, and the key. */
export interface SignBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The bytes to sign: at most 64 KiB. */
  readonly message: Uint8Array
  /** Whether `message` is the message or its digest. */
  readonly messageType?: MessageType | null | undefined
  /** The scheme; the first of the algorithm of the key (see `keyAlgorithms`) if not given. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  /** Form of ECDSA signatures. */
  readonly encoding?: SignatureEncoding | null | undefined
}

/** The key, and its new owner. */
export interface TransferOwnershipInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The new owner, e.g. `user:bob`, `group:payments`, `service-account:ci` or `service-agent:Secrets Manager`. Every member of a group is then an owner. */
  readonly to: string
  /** Allow the change even if the caller then no longer has access itself. False if not given. */
  readonly allowLockout?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The binding to remove. */
export interface UnbindRoleInput {
  /** The subject, e.g. `user:alice`. */
  readonly subject: string
  /** The role. */
  readonly role: Role
  /** Allow the change even if then nobody is bound to PROJECT_ADMIN in the project, or only for a shorter time. Not needed by callers whose own token gives that role. False if not given. */
  readonly allowLockout?: boolean | null | undefined
}

/** The changes. Fields that are not given stay as they are. */
export interface UpdateUserKeyInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** A new name: 1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first. */
  readonly name?: string | null | undefined
  /** Up to 256 characters without control or invisible format characters. */
  readonly description?: string | null | undefined
  /** Whether queries may decrypt with the key, too, through `EncryptedValue` in a federated graph. Symmetric keys for ENCRYPT_DECRYPT only. A new key is not unless given. */
  readonly decryptableInGraph?: boolean | null | undefined
  /** Refuse with ConflictError unless the key still has this revision. */
  readonly expectedRevision?: number | null | undefined
}

/** The ciphertext to decapsulate, and the key. */
export interface DecapsulateInput {
  /** The version whose public key was used. */
  readonly version: KeyVersionRef
  /** The standard's bytes, in their exact length. */
  readonly ciphertext: Uint8Array
}

/** The key, the public key of the other party, and the context of the secret. */
export interface DeriveSharedSecretInput {
  /** The version whose public key the other party uses. */
  readonly version: KeyVersionRef
  /** Public key of the other party on the same curve: SubjectPublicKeyInfo in DER, with a named curve and an uncompressed point (RFC 5480 §2). */
  readonly peerPublicKey: Uint8Array
  /** Purpose of the secret, at most 512 bytes; may be empty. Another context gives an unrelated secret. */
  readonly context: Uint8Array
  /** Length of the output in bytes, 1 to 1,024. */
  readonly lengthBytes?: number | null | undefined
}

/** The key. */
export interface EncapsulateInput {
  /** The key: its ID, name or alias. */
  readonly key: string
}

/** The key that encrypts the private key, and the algorithm of the pair. */
export interface GenerateDataKeyPairInput {
  /** The symmetric key that encrypts the private key: its ID, name or alias. */
  readonly key: string
  /** Algorithm of the pair. */
  readonly algorithm: DataKeyPairAlgorithm
  /** Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. */
  readonly additionalAuthenticatedData?: Uint8Array | null | undefined
  /** Encryption context, in place of `additionalAuthenticatedData`: pairs, in any order, that must be given again to decrypt. They are recorded in the audit trail in clear, and access lists can ask for them. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** The message to authenticate, and the key. */
export interface GenerateMacInput {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The bytes to authenticate: at most 64 KiB. */
  readonly message: Uint8Array
}

/** A batch, within the limits of the server (500 items and 1 MiB unless configured). */
export interface GenerateMacBatchInput {
  /** The items. At most 500 entries unless the server is configured otherwise. */
  readonly items: readonly GenerateMacBatchItemInput[]
}

/** The message to authenticate, and the key. */
export interface GenerateMacBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The bytes to authenticate: at most 64 KiB. */
  readonly message: Uint8Array
}

/** The number of bytes. */
export interface GenerateRandomInput {
  /** Length in bytes, 1 to 1,024. */
  readonly lengthBytes?: number | null | undefined
}

/** The code to verify, with its message and key. */
export interface VerifyMacInput {
  /** The version that made the code. */
  readonly version: KeyVersionRef
  /** The bytes that were authenticated: at most 64 KiB. */
  readonly message: Uint8Array
  /** The code, in full length. */
  readonly mac: Uint8Array
}

/** The signature to verify, with its message and key. */
export interface VerifyInput {
  /** The version that signed. */
  readonly version: KeyVersionRef
  /** The bytes that were signed: at most 64 KiB. */
  readonly message: Uint8Array
  /** The signature. */
  readonly signature: Uint8Array
  /** Whether `message` is the message or its digest. */
  readonly messageType?: MessageType | null | undefined
  /** The scheme; the first of the algorithm of the key (see `keyAlgorithms`) if not given. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  /** Form of ECDSA signatures. */
  readonly encoding?: SignatureEncoding | null | undefined
}

/** A batch, within the limits of the server (500 items and 1 MiB unless configured). */
export interface VerifyBatchInput {
  /** The items. At most 500 entries unless the server is configured otherwise. */
  readonly items: readonly VerifyBatchItemInput[]
}

/** The signature to verify, with its message and key. */
export interface VerifyBatchItemInput {
  /** Any string by which the caller recognises the item. Returned with its result. */
  readonly reference?: string | null | undefined
  /** The version that signed. */
  readonly version: KeyVersionRef
  /** The bytes that were signed: at most 64 KiB. */
  readonly message: Uint8Array
  /** The signature. */
  readonly signature: Uint8Array
  /** Whether `message` is the message or its digest. */
  readonly messageType?: MessageType | null | undefined
  /** The scheme; the first of the algorithm of the key (see `keyAlgorithms`) if not given. */
  readonly signingAlgorithm?: SigningAlgorithm | null | undefined
  /** Form of ECDSA signatures. */
  readonly encoding?: SignatureEncoding | null | undefined
}

/** A page of a list of AuditEvent (Relay Cursor Connections). */
export interface AuditEventConnection {
  /** The items without their cursors. At most 200 entries. */
  readonly nodes: readonly AuditEvent[]
  /** Position of the page. */
  readonly pageInfo: PageInfo
  /** How many items match on all pages. Counted when asked for, at the cost of one more statement. */
  readonly totalCount: number
}

/** One operation, done or refused. The caller sees no events of keys that are redacted for it now. For a deleted key its last access list decides. */
export interface AuditEvent {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** Time of the event. */
  readonly occurredAt: string
  /** The kind of operation. */
  readonly action: AuditAction
  /** The outcome. */
  readonly outcome: AuditOutcome
  /** Code of the error that the caller got; null if the operation succeeded. */
  readonly errorCode: ErrorCode | null
  /** The subject that acted. */
  readonly actor: Subject
  /** Name of the actor as its token showed it then, for people to read; null if the token had none. It identifies nobody: `actor` does. */
  readonly actorDisplayName: string | null
  /** The `jti` claim of the caller's token; null for the system, and for tokens without it. */
  readonly tokenId: string | null
  /** Network address that the request came from; null for the system. */
  readonly clientAddress: string | null
  /** ID of the request, also in its response and in the log. */
  readonly requestId: string
  /** The real ID of the key, deleted or not; null if the event is about no key of the project. */
  readonly keyId: string | null
  /** Name that the key has now; of a deleted key the last one. */
  readonly keyName: string | null
  /** The key's revision after a change; null if nothing changed. */
  readonly keyRevision: number | null
  /** Number of the version that was used or changed; null unless it was exactly one. */
  readonly versionNumber: number | null
  /** Numbers of all versions of the key that were used or changed, in order: one for most events, several for a destruction of several, both for a re-encryption under the same key, none for what is about no version. At most 10,000 entries. */
  readonly versionNumbers: readonly number[]
  /** Encryption context of the operation; of a re-encryption, the new one. Empty if none was given. An operation that was refused on its key has what its caller gave. At most 16 entries. */
  readonly context: EncryptionContext
  /** Encryption context that a re-encryption under the same key decrypted with; empty if none was given. Under another key, the event RE_ENCRYPT_FROM has it. At most 16 entries. */
  readonly sourceContext: EncryptionContext
  /** Further facts by name, e.g. `plaintextDisclosed` of a data key. Never plaintext, key material or tokens. */
  readonly details: Readonly<Record<string, unknown>>
}

/** A subject that acts, owns a key, or is on its access list. */
export interface Subject {
  /** Canonical spelling of the subject, e.g. `user:alice`, `group:payments`, `service-agent:Secrets Manager`. Each word of a service's name, between spaces and hyphens, begins with a capital letter, however the service or a caller spells it. */
  readonly id: string
  /** The kind of the subject. */
  readonly kind: SubjectKind
  /** Its name without the kind. */
  readonly name: string
}

/** Position of a page in its list (Relay Cursor Connections). */
export interface PageInfo {
  /** True if more items follow. */
  readonly hasNextPage: boolean
  /** True if there are items before the page. */
  readonly hasPreviousPage: boolean
  /** Cursor of the first item of the page; null if it is empty. */
  readonly startCursor: string | null
  /** Cursor of the last item of the page; null if it is empty. */
  readonly endCursor: string | null
}

/** Impact of destroying a version, by its use in the last 30 days. */
export interface DestroyImpact {
  /** The version. */
  readonly version: KeyVersion
  /** The verdict. */
  readonly verdict: DestroyVerdict
  /** The verdict in a sentence for people, e.g. `user:alice decrypted with it 12 times, last 2 hours ago.` Names callers to readers of the audit trail only. */
  readonly summary: string
  /** Uses are counted from here on: whole days in UTC, today and the 30 days before. */
  readonly since: string
  /** Since when uses are on record: the creation of the version, or the start of the records if that was later. */
  readonly recordsSince: string
  /** Operations of all callers that succeeded. */
  readonly operations: number
  /** Operations of all callers that failed or were refused. */
  readonly failedOperations: number
  /** Callers and their operations with the version, most used first. At most 200 entries. Null for callers without the permission READ_AUDIT. */
  readonly callers: readonly VersionCaller[] | null
}

/** One piece of key material of a key. The material itself never leaves the server. */
export interface KeyVersion {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** From 1 on, in the order of generation; never used twice. */
  readonly number: number
  /** State of the version. */
  readonly versionStatus: KeyVersionStatus
  /** True if it protects new data: it is the newest version and not destroyed. */
  readonly isDefault: boolean
  /** Origin of its material. */
  readonly materialOrigin: KeyOrigin
  /** When it was generated. */
  readonly createdAt: string
  /** When it last became ACTIVE. */
  readonly activatedAt: string
  /** Since when it is not ACTIVE; null while it is. */
  readonly deactivatedAt: string | null
  /** When it will be destroyed; null unless it is DESTROY_SCHEDULED. */
  readonly destroyScheduledFor: string | null
  /** When it was destroyed; null before. */
  readonly destroyedAt: string | null
  /** When the version last carried out an operation, to within half a minute (the interval of housekeeping); null if never. */
  readonly lastUsedAt: string | null
  /** Use of its limit of encryptions; null if there is no practical limit. */
  readonly encryptionUsage: KeyVersionUsage | null
  /** Its public key; null for symmetric keys. */
  readonly publicKey: PublicKey | null
}

/** Encryptions of a version, if its algorithm limits them. */
export interface KeyVersionUsage {
  /** Encryptions by all servers. Never less than were made: servers set them aside in blocks of up to 65,536. */
  readonly encryptions: number
  /** Encryptions that are left of 2^32, the most that are safe with random 96-bit nonces (NIST SP 800-38D §8.3). Rotate the key well before it is 0: then the version refuses to encrypt. */
  readonly remainingEncryptions: number
  /** True from 80 % of the limit on: rotate the key. */
  readonly nearLimit: boolean
}

/** The public half of a key version, for encrypting and verifying elsewhere. Not a secret. */
export interface PublicKey {
  /** SubjectPublicKeyInfo as PEM (RFC 7468 §13). */
  readonly pem: string
  /** JSON Web Key (RFC 7517). That of a version has its ID as `kid`, `use`, and `alg` if the key signs in one way alone. */
  readonly jwk: Readonly<Record<string, unknown>>
  /** SHA-256 thumbprint of the JWK, base64url (RFC 7638). */
  readonly fingerprint: string
  /** Algorithm of the key. */
  readonly algorithm: KeyAlgorithm
}

/** Uses of a version by one caller for one operation. */
export interface VersionCaller {
  /** The caller. */
  readonly caller: Subject
  /** The operation. */
  readonly operation: VersionOperation
  /** Operations that succeeded. */
  readonly operations: number
  /** Operations that named the version and failed or were refused, for instance since it is deactivated. */
  readonly failedOperations: number
  /** Last operation that succeeded; null if none did. */
  readonly lastUsedAt: string | null
}

/** Explanation of why a subject may or may not do something with a key. */
export interface AccessExplanation {
  /** The verdict; null when it depends on groups, roles or an encryption context that were not given, or on role bindings that the caller may not know. */
  readonly allowed: boolean | null
  /** How the key appears to the subject, with the groups that were given. */
  readonly visibility: KeyVisibility
  /** Reasons for access. At most 1,005 entries. */
  readonly grantedBy: readonly AccessReason[]
  /** Reasons that are or may be missing. Empty if access is allowed. At most 1,005 entries. */
  readonly missing: readonly AccessReason[]
  /** Roles of which each alone is enough. None while the key itself gives the subject no access. At most as many entries as the enum has values. */
  readonly rolesThatSuffice: readonly Role[]
}

/** A reason for access, or a missing one. */
export interface AccessReason {
  /** The kind of reason. */
  readonly kind: AccessReasonKind
  /** The owner or the entry of the list, where it is about one. */
  readonly subject: Subject | null
  /** For the kinds ROLE and ROLE_BINDING: the roles that grant access, or one of which is missing. At most as many entries as the enum has values. */
  readonly roles: readonly Role[]
  /** One sentence for people. */
  readonly message: string
}

/** One algorithm that new keys can have, with all that a form for creating keys needs. */
export interface KeyAlgorithmInfo {
  /** Its name in this API. */
  readonly algorithm: KeyAlgorithm
  /** Its name for people, e.g. `AES-256`. */
  readonly displayName: string
  /** Symmetric or asymmetric. */
  readonly type: KeyType
  /** The usages that a key of it can have; it has one of them. At most as many entries as the enum has values. */
  readonly usages: readonly KeyUsage[]
  /** Security strength in bits (NIST SP 800-57 Part 1, table 2). */
  readonly securityBits: number
  /** The standard that defines it. */
  readonly standard: string
  /** One sentence about it. */
  readonly description: string
  /** Its signature schemes, the default first; empty if it cannot sign. At most as many entries as the enum has values. */
  readonly signingAlgorithms: readonly SigningAlgorithm[]
  /** Its paddings, the default first; empty unless it encrypts with a public key. At most as many entries as the enum has values. */
  readonly encryptionAlgorithms: readonly EncryptionAlgorithm[]
}

/** A key that the system created for one service of the platform. Users see it; only that service uses it, and only the system manages it. */
export interface ServiceKey {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** Prefix and last six characters of the ID, for people to recognise a key. Not unique. */
  readonly partialId: string
  /** Unique among the live keys of the project; compared by bytes. */
  readonly name: string
  /** When the key was created. */
  readonly createdAt: string
  /** State of the key. */
  readonly status: KeyStatus | null
  /** Symmetric or asymmetric. */
  readonly type: KeyType | null
  /** Purpose of the key. */
  readonly usage: KeyUsage | null
  /** Algorithm and size. */
  readonly algorithm: KeyAlgorithm | null
  /** Origin of its key material. */
  readonly origin: KeyOrigin | null
  /** The version that protects new data, whatever its state: the newest, unless it is DESTROYED; then there is none until the next rotation. */
  readonly defaultVersion: KeyVersion | null
  /** True if the state of the key lets it protect new data with its default version. Needs no further read of the database, so that the limit of encryptions does not count: see `encryptionUsage` of the version. */
  readonly canProtect: boolean
  /** Why the key cannot protect new data, and by the value what to do; null if it can. */
  readonly cannotProtectReason: CannotProtectReason | null
  /** Automatic rotation. */
  readonly automaticRotation: AutomaticRotation | null
  /** When the newest version was made by a rotation; null before the first. */
  readonly lastRotatedAt: string | null
  /** When the system rotates the key next: the start of a day in the time zone of the server. A published key waits until `jwks.nextSignsFrom` if that is later. Null while automatic rotation is off or the default version is not ACTIVE. */
  readonly nextRotationAt: string | null
  /** Name of the service, as it called itself when the key was made, e.g. `Secrets Manager`. The key's name is derived from it, here `Secrets-manager`: spaces become hyphens, and hyphens become underscores. */
  readonly service: string
}

/** Automatic rotation of a key by the system. */
export interface AutomaticRotation {
  /** True if automatic rotation is on. */
  readonly enabled: boolean
  /** Days from one rotation to the next, 1 to 1,095. */
  readonly cycleDays: number
}

/** A key created and managed by users of a project. With access control on, callers who are neither its owner nor on its list get it redacted: `id` is then another ID that stands in for the real one, `viewerCanAccess` is false, and all but name, description, access control, creation and creator is null (`canProtect`, which cannot be null, is false). */
export interface UserKey {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** Prefix and last six characters of the ID, for people to recognise a key. Not unique. */
  readonly partialId: string
  /** Unique among the live keys of the project; compared by bytes. */
  readonly name: string
  /** When the key was created. */
  readonly createdAt: string
  /** State of the key. Null when redacted. */
  readonly status: KeyStatus | null
  /** Symmetric or asymmetric. Null when redacted. */
  readonly type: KeyType | null
  /** Purpose of the key. Null when redacted. */
  readonly usage: KeyUsage | null
  /** Algorithm and size. Null when redacted. */
  readonly algorithm: KeyAlgorithm | null
  /** Origin of its key material. Null when redacted. */
  readonly origin: KeyOrigin | null
  /** The version that protects new data, whatever its state: the newest, unless it is DESTROYED; then there is none until the next rotation. Null when redacted. */
  readonly defaultVersion: KeyVersion | null
  /** True if the state of the key lets it protect new data with its default version. Needs no further read of the database, so that the limit of encryptions does not count: see `encryptionUsage` of the version. False when redacted. */
  readonly canProtect: boolean
  /** Why the key cannot protect new data, and by the value what to do; null if it can. NO_ACCESS when redacted. */
  readonly cannotProtectReason: CannotProtectReason | null
  /** Automatic rotation. Null when redacted. */
  readonly automaticRotation: AutomaticRotation | null
  /** When the newest version was made by a rotation; null before the first. Null when redacted. */
  readonly lastRotatedAt: string | null
  /** When the system rotates the key next: the start of a day in the time zone of the server. A published key waits until `jwks.nextSignsFrom` if that is later. Null while automatic rotation is off or the default version is not ACTIVE. Null when redacted. */
  readonly nextRotationAt: string | null
  /** Up to 256 characters for people. */
  readonly description: string
  /** True if only its owner and the subjects on its list have access. */
  readonly accessControlEnabled: boolean
  /** Creator of the key. */
  readonly createdBy: Subject
  /** False if the key is redacted for the caller: null fields are then hidden, not empty, and `canProtect` is false for NO_ACCESS. */
  readonly viewerCanAccess: boolean
  /** Owner of the key: its creator, unless it was transferred. May be a group. Null when redacted. */
  readonly owner: Subject | null
  /** The access list: who has access, what for, with which encryption context, and until when; also entries that have expired. At most 1,000 entries. Null when redacted. */
  readonly accessList: readonly AccessListEntry[] | null
  /** True if queries may decrypt with the key, too, through `EncryptedValue` in a federated graph. Off unless somebody switched it on. Null when redacted. */
  readonly decryptableInGraph: boolean | null
  /** Where the public keys of the key are published; null if they are not. Null when redacted. */
  readonly jwks: PublishedKeySet | null
  /** Further names by which operations and queries find the key, sorted by bytes. At most 50 entries. Null when redacted. */
  readonly aliases: readonly string[] | null
  /** The labels, sorted by name. They say something about the key and grant nothing. At most 50 entries. Null when redacted. */
  readonly labels: readonly Label[] | null
  /** When the key, or one of its versions, last changed. Null when redacted. */
  readonly updatedAt: string | null
  /** Counts the changes of the key and its versions; for `expectedRevision`. Null when redacted. */
  readonly revision: number | null
  /** Permissions of the caller on the key: operations that it has, also those that are allowed with some encryption contexts only. At most as many entries as the enum has values. Null when redacted. */
  readonly viewerPermissions: readonly KeyPermission[] | null
  /** True if its state allows deletion: it has no version, or all are DESTROYED. Null when redacted. */
  readonly deletable: boolean | null
}

/** An entry of an access list. It narrows what the roles of its subject give, and never adds to it; several entries of a caller and its groups give together what each of them gives. */
export interface AccessListEntry {
  /** The subject that has access. */
  readonly subject: Subject
  /** What the subject may do, as far as its roles allow; null for all that they give. At most as many entries as the enum has values. */
  readonly permissions: readonly AccessListPermission[] | null
  /** Pairs that the encryption context of an operation must have; it may have more. Viewing and managing have no condition. Null for no condition. At most 16 entries. */
  readonly context: EncryptionContext | null
  /** From when on the entry gives nothing; null if it does not expire. */
  readonly expiresAt: string | null
  /** True if it has expired. The next change of the list drops it. */
  readonly expired: boolean
  /** A note for people; may be empty. */
  readonly note: string
}

/** The published public keys of a key, as a JWK Set (RFC 7517 §5) for those who verify its signatures. It needs no token. */
export interface PublishedKeySet {
  /** Path of the set below the address of the server: `/jwks/`, 43 random characters, and `.json`. Whoever knows it can read the public keys, and nothing else. */
  readonly path: string
  /** `alg` of its keys, if one was chosen. Keys that sign in one way alone have that one in any case. */
  readonly jwsAlgorithm: string | null
  /** Hours for which the public key of a version is published before the version signs. */
  readonly publishAheadHours: number
  /** Longest lifetime of what the key signs, in minutes. The public key of a version that was replaced stays published for so long. */
  readonly tokenLifetimeMinutes: number
  /** `kid` of the next version, which is published and does not sign yet. It becomes the ID of that version. Null until the system has made it. */
  readonly nextKeyId: string | null
  /** From when the key can be rotated: the next public key has then been published for `publishAheadHours`. Null like `nextKeyId`. */
  readonly nextSignsFrom: string | null
}

/** A name and a value that people give to a key, to find it by. Labels never grant anything. */
export interface Label {
  /** 1 to 63 characters in Unicode Normalization Form C, without control or invisible format characters, and no space at either end; case counts. A key has one label of each name. */
  readonly name: string
  /** Up to 256 characters in Unicode Normalization Form C, without control or invisible format characters. It is in the audit trail in clear: nothing secret. */
  readonly value: string
}

/** A role that a subject has in the project, in addition to the roles of its tokens. One for each pair of subject and role. */
export interface RoleBinding {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** The subject; all its members if it is a group. */
  readonly subject: Subject
  /** The role. */
  readonly role: Role
  /** From this moment on it has no effect; null if it does not expire. */
  readonly expiresAt: string | null
  /** A note for people; may be empty. */
  readonly note: string
  /** Who made it, or last changed it. */
  readonly createdBy: Subject
  /** When it was made, or last changed. */
  readonly createdAt: string
}

/** KeyVersion in a list, with fewer fields. */
export interface ListedKeyVersion {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** From 1 on, in the order of generation; never used twice. */
  readonly number: number
  /** State of the version. */
  readonly versionStatus: KeyVersionStatus
  /** True if it protects new data: it is the newest version and not destroyed. */
  readonly isDefault: boolean
  /** Origin of its material. */
  readonly materialOrigin: KeyOrigin
  /** When it was generated. */
  readonly createdAt: string
  /** When it last became ACTIVE. */
  readonly activatedAt: string
  /** Since when it is not ACTIVE; null while it is. */
  readonly deactivatedAt: string | null
  /** When it will be destroyed; null unless it is DESTROY_SCHEDULED. */
  readonly destroyScheduledFor: string | null
  /** When it was destroyed; null before. */
  readonly destroyedAt: string | null
  /** When the version last carried out an operation, to within half a minute (the interval of housekeeping); null if never. */
  readonly lastUsedAt: string | null
}

/** ServiceKey in a list, with fewer fields. */
export interface ListedServiceKey {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** Prefix and last six characters of the ID, for people to recognise a key. Not unique. */
  readonly partialId: string
  /** Unique among the live keys of the project; compared by bytes. */
  readonly name: string
  /** When the key was created. */
  readonly createdAt: string
  /** State of the key. */
  readonly status: KeyStatus | null
  /** Symmetric or asymmetric. */
  readonly type: KeyType | null
  /** Purpose of the key. */
  readonly usage: KeyUsage | null
  /** Algorithm and size. */
  readonly algorithm: KeyAlgorithm | null
  /** Origin of its key material. */
  readonly origin: KeyOrigin | null
  /** The version that protects new data, whatever its state: the newest, unless it is DESTROYED; then there is none until the next rotation. */
  readonly defaultVersion: ListedKeyVersion | null
  /** True if the state of the key lets it protect new data with its default version. Needs no further read of the database, so that the limit of encryptions does not count: see `encryptionUsage` of the version. */
  readonly canProtect: boolean
  /** Why the key cannot protect new data, and by the value what to do; null if it can. */
  readonly cannotProtectReason: CannotProtectReason | null
  /** Automatic rotation. */
  readonly automaticRotation: AutomaticRotation | null
  /** When the newest version was made by a rotation; null before the first. */
  readonly lastRotatedAt: string | null
  /** When the system rotates the key next: the start of a day in the time zone of the server. A published key waits until `jwks.nextSignsFrom` if that is later. Null while automatic rotation is off or the default version is not ACTIVE. */
  readonly nextRotationAt: string | null
  /** Name of the service, as it called itself when the key was made, e.g. `Secrets Manager`. The key's name is derived from it, here `Secrets-manager`: spaces become hyphens, and hyphens become underscores. */
  readonly service: string
}

/** UserKey in a list, with fewer fields. */
export interface ListedUserKey {
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** Prefix and last six characters of the ID, for people to recognise a key. Not unique. */
  readonly partialId: string
  /** Unique among the live keys of the project; compared by bytes. */
  readonly name: string
  /** When the key was created. */
  readonly createdAt: string
  /** State of the key. Null when redacted. */
  readonly status: KeyStatus | null
  /** Symmetric or asymmetric. Null when redacted. */
  readonly type: KeyType | null
  /** Purpose of the key. Null when redacted. */
  readonly usage: KeyUsage | null
  /** Algorithm and size. Null when redacted. */
  readonly algorithm: KeyAlgorithm | null
  /** Origin of its key material. Null when redacted. */
  readonly origin: KeyOrigin | null
  /** The version that protects new data, whatever its state: the newest, unless it is DESTROYED; then there is none until the next rotation. Null when redacted. */
  readonly defaultVersion: ListedKeyVersion | null
  /** True if the state of the key lets it protect new data with its default version. Needs no further read of the database, so that the limit of encryptions does not count: see `encryptionUsage` of the version. False when redacted. */
  readonly canProtect: boolean
  /** Why the key cannot protect new data, and by the value what to do; null if it can. NO_ACCESS when redacted. */
  readonly cannotProtectReason: CannotProtectReason | null
  /** Automatic rotation. Null when redacted. */
  readonly automaticRotation: AutomaticRotation | null
  /** When the newest version was made by a rotation; null before the first. Null when redacted. */
  readonly lastRotatedAt: string | null
  /** When the system rotates the key next: the start of a day in the time zone of the server. A published key waits until `jwks.nextSignsFrom` if that is later. Null while automatic rotation is off or the default version is not ACTIVE. Null when redacted. */
  readonly nextRotationAt: string | null
  /** Up to 256 characters for people. */
  readonly description: string
  /** True if only its owner and the subjects on its list have access. */
  readonly accessControlEnabled: boolean
  /** Creator of the key. */
  readonly createdBy: Subject
  /** False if the key is redacted for the caller: null fields are then hidden, not empty, and `canProtect` is false for NO_ACCESS. */
  readonly viewerCanAccess: boolean
  /** Owner of the key: its creator, unless it was transferred. May be a group. Null when redacted. */
  readonly owner: Subject | null
  /** True if queries may decrypt with the key, too, through `EncryptedValue` in a federated graph. Off unless somebody switched it on. Null when redacted. */
  readonly decryptableInGraph: boolean | null
  /** Where the public keys of the key are published; null if they are not. Null when redacted. */
  readonly jwks: PublishedKeySet | null
  /** Further names by which operations and queries find the key, sorted by bytes. At most 50 entries. Null when redacted. */
  readonly aliases: readonly string[] | null
  /** The labels, sorted by name. They say something about the key and grant nothing. At most 50 entries. Null when redacted. */
  readonly labels: readonly Label[] | null
  /** When the key, or one of its versions, last changed. Null when redacted. */
  readonly updatedAt: string | null
  /** Counts the changes of the key and its versions; for `expectedRevision`. Null when redacted. */
  readonly revision: number | null
  /** Permissions of the caller on the key: operations that it has, also those that are allowed with some encryption contexts only. At most as many entries as the enum has values. Null when redacted. */
  readonly viewerPermissions: readonly KeyPermission[] | null
  /** True if its state allows deletion: it has no version, or all are DESTROYED. Null when redacted. */
  readonly deletable: boolean | null
}

/** A page of a list of RoleBinding (Relay Cursor Connections). */
export interface RoleBindingConnection {
  /** The items without their cursors. At most 200 entries. */
  readonly nodes: readonly RoleBinding[]
  /** Position of the page. */
  readonly pageInfo: PageInfo
  /** How many items match on all pages. Counted when asked for, at the cost of one more statement. */
  readonly totalCount: number
}

/** A page of a list of ServiceKey (Relay Cursor Connections). */
export interface ServiceKeyConnection {
  /** The items without their cursors. At most 200 entries. */
  readonly nodes: readonly ListedServiceKey[]
  /** Position of the page. */
  readonly pageInfo: PageInfo
  /** How many items match on all pages. Counted when asked for, at the cost of one more statement. */
  readonly totalCount: number
}

/** Operations by hour or day, kind and outcome, counted up to the moment of the answer. */
export interface UsageSeries {
  /** Hours or days, as asked for. */
  readonly interval: UsageInterval
  /** Start of the first hour or day: that of the moment that was asked for. */
  readonly from: string
  /** End of the last hour or day. */
  readonly to: string
  /** Points by time, those of one time by operation. An hour or day without operations of a kind has no point for it, so that the answer is as long as there was use. At most 17,552 entries. */
  readonly points: readonly UsagePoint[]
}

/** Operations of one kind in an hour or a day. */
export interface UsagePoint {
  /** Start of the hour or day. */
  readonly start: string
  /** The kind of operation. */
  readonly operation: VersionOperation
  /** Operations that succeeded. */
  readonly succeeded: number
  /** Operations that were refused since their caller had no permission for the key. They count for the key, and not for a version: permission is decided before the version is looked up. What the roles of a caller allow with no key counts for none. */
  readonly denied: number
  /** Operations that failed, or were refused for another reason. */
  readonly failed: number
}

/** A page of a list of UpcomingEvent (Relay Cursor Connections). */
export interface UpcomingEventConnection {
  /** The items without their cursors. At most 200 entries. */
  readonly nodes: readonly ListedUpcomingEvent[]
  /** Position of the page. */
  readonly pageInfo: PageInfo
  /** How many items match on all pages. Counted when asked for, at the cost of one more statement. */
  readonly totalCount: number
}

/** UpcomingEvent in a list, with fewer fields. */
export interface ListedUpcomingEvent {
  /** What will happen. */
  readonly kind: UpcomingEventKind
  /** When it is due. A rotation that is overdue has a moment in the past. */
  readonly at: string
  /** The key. */
  readonly key: Key
  /** The version that will be destroyed; null for a rotation. */
  readonly version: ListedKeyVersion | null
}

/** A key: created by a user, or by the system for a service. */
export interface Key {
  readonly __typename: 'ServiceKey' | 'UserKey'
  /** TypeID: a prefix that tells the kind, `_`, and 26 characters. Stable and never used again. The same text is the argument of mutations. */
  readonly id: string
  /** Prefix and last six characters of the ID, for people to recognise a key. Not unique. */
  readonly partialId: string
  /** Unique among the live keys of the project; compared by bytes. */
  readonly name: string
  /** When the key was created. */
  readonly createdAt: string
  /** State of the key. Null when redacted. */
  readonly status: KeyStatus | null
  /** Symmetric or asymmetric. Null when redacted. */
  readonly type: KeyType | null
  /** Purpose of the key. Null when redacted. */
  readonly usage: KeyUsage | null
  /** Algorithm and size. Null when redacted. */
  readonly algorithm: KeyAlgorithm | null
  /** Origin of its key material. Null when redacted. */
  readonly origin: KeyOrigin | null
  /** True if the state of the key lets it protect new data with its default version. Needs no further read of the database, so that the limit of encryptions does not count: see `encryptionUsage` of the version. False when redacted. */
  readonly canProtect: boolean
  /** Why the key cannot protect new data, and by the value what to do; null if it can. NO_ACCESS when redacted. */
  readonly cannotProtectReason: CannotProtectReason | null
  /** When the newest version was made by a rotation; null before the first. Null when redacted. */
  readonly lastRotatedAt: string | null
  /** When the system rotates the key next: the start of a day in the time zone of the server. A published key waits until `jwks.nextSignsFrom` if that is later. Null while automatic rotation is off or the default version is not ACTIVE. Null when redacted. */
  readonly nextRotationAt: string | null
}

/** How many user keys match a filter. */
export interface UserKeyCounts {
  /** All that match. */
  readonly total: number
  /** Those that are redacted for the caller. They hide their state, so no state counts them. */
  readonly redacted: number
  /** The others by their state; one entry for each state. At most as many entries as the enum has values. */
  readonly byStatus: readonly UserKeyStatusCount[]
}

/** How many user keys are in a state. */
export interface UserKeyStatusCount {
  /** The state. */
  readonly status: KeyStatus
  /** The number of keys. */
  readonly count: number
}

/** A page of a list of UserKey (Relay Cursor Connections). */
export interface UserKeyConnection {
  /** The items without their cursors. At most 200 entries. */
  readonly nodes: readonly ListedUserKey[]
  /** Position of the page. */
  readonly pageInfo: PageInfo
  /** How many items match on all pages. Counted when asked for, at the cost of one more statement. */
  readonly totalCount: number
}

/** The caller, as described by its token and by the roles that are bound to it. */
export interface Viewer {
  /** The subject. */
  readonly subject: Subject
  /** Its name as its token shows it, for people to read; null if the token has none. */
  readonly displayName: string | null
  /** The kind of the subject. */
  readonly kind: SubjectKind
  /** The project of the caller. Nothing outside of it exists for the caller. */
  readonly projectId: string
  /** Its roles in that project that Keystead knows: those of its token, and those bound to it. At most as many entries as the enum has values. */
  readonly roles: readonly Role[]
  /** Those of its roles that its token does not give: they are bound to it or to one of its groups (`bindRole`). At most as many entries as the enum has values. */
  readonly boundRoles: readonly Role[]
  /** Names of its groups. At most 1,000 entries. */
  readonly groups: readonly string[]
  /** What its roles allow, before access control of single keys. At most as many entries as the enum has values. */
  readonly permissions: readonly KeyPermission[]
  /** When its token expires. */
  readonly tokenExpiresAt: string
}

/** An activated version. */
export interface ActivateKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** An activated key. */
export interface ActivateUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** A key with its new list. */
export interface AddAllowedSubjectsPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** The binding that was made. */
export interface BindRolePayload {
  /** The binding. */
  readonly roleBinding: RoleBinding
}

/** A key with its new rotation. */
export interface ConfigureAutomaticRotationPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A key with its new alias. */
export interface CreateAliasPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A created key. */
export interface CreateUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A deactivated version. */
export interface DeactivateKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** The items of a batch in their order. */
export interface DeactivateKeyVersionBatchPayload {
  /** One for each item. At most 100 entries. */
  readonly results: readonly DeactivateKeyVersionBatchItem[]
}

/** One item of a batch. */
export interface DeactivateKeyVersionBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: ListedDeactivateKeyVersionPayload | KeysteadError
}

/** DeactivateKeyVersionPayload in a list, with fewer fields. */
export interface ListedDeactivateKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: ListedUserKey
  /** The version that changed. */
  readonly version: ListedKeyVersion
}

/** Decrypted bytes. */
export interface DecryptWithServiceKeyPayload {
  /** The decrypted bytes. */
  readonly plaintext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** Decrypted bytes. */
export interface DecryptPayload {
  /** The decrypted bytes. */
  readonly plaintext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The items of a batch in their order. */
export interface DecryptBatchPayload {
  /** One for each item. At most 500 entries unless the server is configured otherwise. */
  readonly results: readonly DecryptBatchItem[]
}

/** One item of a batch. */
export interface DecryptBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: DecryptPayload | KeysteadError
}

/** A key without the alias. */
export interface DeleteAliasPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A deleted key. */
export interface DeleteUserKeyPayload {
  /** The ID that it had. */
  readonly deletedKeyId: string
  /** The name that it had. Another key can use it now. */
  readonly deletedKeyName: string
}

/** A version that is going to be destroyed; `destroyScheduledFor` says when. */
export interface DestroyKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** The items of a batch in their order. */
export interface DestroyKeyVersionBatchPayload {
  /** One for each item. At most 100 entries. */
  readonly results: readonly DestroyKeyVersionBatchItem[]
}

/** One item of a batch. */
export interface DestroyKeyVersionBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: ListedDestroyKeyVersionPayload | KeysteadError
}

/** DestroyKeyVersionPayload in a list, with fewer fields. */
export interface ListedDestroyKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: ListedUserKey
  /** The version that changed. */
  readonly version: ListedKeyVersion
}

/** A key without access control. */
export interface DisableAccessControlPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A key with access control; redacted if the caller locked itself out. */
export interface EnableAccessControlPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** Encrypted bytes. */
export interface EncryptWithServiceKeyPayload {
  /** Self-describing ciphertext. */
  readonly ciphertext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** Encrypted bytes. */
export interface EncryptPayload {
  /** Symmetric keys: self-describing, so that `decrypt` needs nothing else. RSA: RSAES-OAEP with SHA-256 (RFC 8017 §7.1). */
  readonly ciphertext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The items of a batch in their order. */
export interface EncryptBatchPayload {
  /** One for each item. At most 500 entries unless the server is configured otherwise. */
  readonly results: readonly EncryptBatchItem[]
}

/** One item of a batch. */
export interface EncryptBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: EncryptPayload | KeysteadError
}

/** A data key: fresh random bytes to encrypt with elsewhere (envelope encryption). */
export interface GenerateDataKeyPayload {
  /** The data key, encrypted; `decrypt` opens it. */
  readonly ciphertext: Uint8Array
  /** The plaintext of the data key. It leaves the server only if it is selected, and the audit trail records whether it was. */
  readonly plaintext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** A data key. */
export interface GenerateServiceDataKeyPayload {
  /** The data key, encrypted; `decryptWithServiceKey` opens it. */
  readonly ciphertext: Uint8Array
  /** The plaintext of the data key. It leaves the server only if it is selected. */
  readonly plaintext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** New import parameters. */
export interface GetImportParametersPayload {
  /** For one import. */
  readonly importParameters: ImportParameters
}

/** Parameters for wrapping the material of one version: with RSAES-OAEP (RFC 8017 §7.1; SHA-256, MGF1 with SHA-256, no label) wrap a fresh AES-256 key for `publicKey`; with AES-KWP (RFC 5649) wrap the material under that key; put the two side by side. PKCS #11 calls this CKM_RSA_AES_KEY_WRAP. */
export interface ImportParameters {
  /** `impt_…`, for importKeyVersion. */
  readonly id: string
  /** The wrapping key, RSA with 4096 bits, made for this one import. */
  readonly publicKey: PublicKey
  /** Form of the material to wrap. */
  readonly materialFormat: KeyMaterialFormat
  /** Size of a symmetric key in bytes; null for private keys. */
  readonly materialBytes: number | null
  /** End of their lifetime: 24 hours after they were made. */
  readonly expiresAt: string
}

/** A key and its imported version. */
export interface ImportKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** A key whose public keys are published. */
export interface PublishJwksPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A key whose public keys are not published. */
export interface UnpublishJwksPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** Re-encrypted bytes. */
export interface ReEncryptPayload {
  /** The new ciphertext. */
  readonly ciphertext: Uint8Array
  /** The key that it was encrypted with before. */
  readonly sourceKeyId: string
  /** Number of the version that it was encrypted with before. */
  readonly sourceVersionNumber: number
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The items of a batch in their order. */
export interface ReEncryptBatchPayload {
  /** One for each item. At most 500 entries unless the server is configured otherwise. */
  readonly results: readonly ReEncryptBatchItem[]
}

/** One item of a batch. */
export interface ReEncryptBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: ReEncryptPayload | KeysteadError
}

/** A key with its new list; redacted if the caller locked itself out. */
export interface RemoveAllowedSubjectsPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** A key with its new labels. */
export interface LabelUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** The items of a batch in their order. */
export interface LabelUserKeyBatchPayload {
  /** One for each item. At most 100 entries. */
  readonly results: readonly LabelUserKeyBatchItem[]
}

/** One item of a batch. */
export interface LabelUserKeyBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: ListedLabelUserKeyPayload | KeysteadError
}

/** LabelUserKeyPayload in a list, with fewer fields. */
export interface ListedLabelUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: ListedUserKey
}

/** The key that the alias stands for now. */
export interface RepointAliasPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The key that the alias stood for before, after the change. */
  readonly previousUserKey: UserKey
}

/** A restored version. */
export interface RestoreKeyVersionPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** A rotated key and its new version. */
export interface RotateUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
  /** The version that changed. */
  readonly version: KeyVersion
}

/** The items of a batch in their order. */
export interface RotateUserKeyBatchPayload {
  /** One for each item. At most 100 entries. */
  readonly results: readonly RotateUserKeyBatchItem[]
}

/** One item of a batch. */
export interface RotateUserKeyBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: ListedRotateUserKeyPayload | KeysteadError
}

/** RotateUserKeyPayload in a list, with fewer fields. */
export interface ListedRotateUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: ListedUserKey
  /** The version that changed. */
  readonly version: ListedKeyVersion
}

/** A signature. Keep the version with it: verifying needs it. */
export interface SignPayload {
  /** The bytes of the standard, for any software. */
  readonly signature: Uint8Array
  /** The scheme that was used. */
  readonly signingAlgorithm: SigningAlgorithm
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The items of a batch in their order. */
export interface SignBatchPayload {
  /** One for each item. At most 500 entries unless the server is configured otherwise. */
  readonly results: readonly SignBatchItem[]
}

/** One item of a batch. */
export interface SignBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: SignPayload | KeysteadError
}

/** A key with its new owner; redacted if the caller locked itself out. */
export interface TransferOwnershipPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** The binding that was removed. */
export interface UnbindRolePayload {
  /** The removed binding; null if there was none. */
  readonly roleBinding: RoleBinding | null
}

/** An updated key. */
export interface UpdateUserKeyPayload {
  /** The key after the change; redacted if the caller has locked itself out. */
  readonly userKey: UserKey
}

/** The shared secret of a ciphertext. */
export interface DecapsulatePayload {
  /** 32 bytes. A ciphertext that was changed gives another secret and no error (FIPS 203 §6.3, implicit rejection). */
  readonly sharedSecret: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** A derived secret. The raw shared secret never leaves the server. */
export interface DeriveSharedSecretPayload {
  /** Output of HKDF (RFC 5869); its inputs are described in docs/algorithms.md. */
  readonly sharedSecret: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** A new shared secret, and the ciphertext from which it can be decapsulated. */
export interface EncapsulatePayload {
  /** 32 bytes (FIPS 203); derive keys from them. */
  readonly sharedSecret: Uint8Array
  /** The standard's bytes: 1,088 with ML-KEM-768, 1,568 with ML-KEM-1024. */
  readonly ciphertext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** A fresh key pair for use elsewhere. Keystead keeps no copy of it. */
export interface GenerateDataKeyPairPayload {
  /** The public key. */
  readonly publicKey: PublicKey
  /** The private key (PKCS#8 DER, RFC 5958), encrypted; `decrypt` opens it. */
  readonly privateKeyCiphertext: Uint8Array
  /** The plaintext of the private key (PKCS#8 DER). It leaves the server only if it is selected, and the audit trail records whether it was. */
  readonly privateKeyPlaintext: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** A message authentication code. Keep the version with it: verifying needs it. */
export interface GenerateMacPayload {
  /** The whole output of HMAC (RFC 2104, FIPS 198-1), as long as the hash. */
  readonly mac: Uint8Array
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The items of a batch in their order. */
export interface GenerateMacBatchPayload {
  /** One for each item. At most 500 entries unless the server is configured otherwise. */
  readonly results: readonly GenerateMacBatchItem[]
}

/** One item of a batch. */
export interface GenerateMacBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: GenerateMacPayload | KeysteadError
}

/** Random bytes. */
export interface GenerateRandomPayload {
  /** Output of OpenSSL's random bit generator (NIST SP 800-90A). */
  readonly bytes: Uint8Array
}

/** The outcome of a check. */
export interface VerifyMacPayload {
  /** True if the code fits message, key and version. False for a code of another length. */
  readonly valid: boolean
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The outcome of a verification. */
export interface VerifyPayload {
  /** True if the signature fits message, key and version. */
  readonly valid: boolean
  /** The key that was used. */
  readonly keyId: string
  /** Number of the version that was used. */
  readonly versionNumber: number
}

/** The items of a batch in their order. */
export interface VerifyBatchPayload {
  /** One for each item. At most 500 entries unless the server is configured otherwise. */
  readonly results: readonly VerifyBatchItem[]
}

/** One item of a batch. */
export interface VerifyBatchItem {
  /** The `reference` of the item, as the caller gave it. */
  readonly reference: string | null
  /** The result of the item; null, with a top-level error, if the server failed. */
  readonly result: VerifyPayload | KeysteadError
}

/** A change of a key. */
export interface KeyEvent {
  /** Changes since the last event that the caller may see. Empty in the first event, which shows the current key. At most as many entries as the enum has values. */
  readonly changes: readonly KeyChangeKind[]
  /** The current key, redacted if the caller has no access to it. Null if the project has no such key (any more); this is then the last event. */
  readonly key: Key | null
  /** The ID by which the caller knew the key before, if it has another one now or is gone: caches forget what they have under it. At most one entry. */
  readonly goneKeyIds: readonly string[]
  /** When the key was read. */
  readonly at: string
}

/** User keys of the project that were changed, created or deleted since the last event. */
export interface UserKeysEvent {
  /** Changed and new keys in their current state. At most 100 entries. */
  readonly changedKeys: readonly ListedUserKey[]
  /** IDs by which the caller knew keys that no longer exist for it, or are redacted now: caches forget what they have under them. At most 100 entries. */
  readonly goneKeyIds: readonly string[]
  /** Query the list of keys again: this is the first event, or more keys changed than one event names, or the server may have missed changes. */
  readonly listAgain: boolean
  /** When the keys were read. */
  readonly at: string
}

/** One issue of an input. */
export interface InputIssue {
  /** Path below `input`: names of fields and positions in lists. At most 8 entries. */
  readonly path: readonly string[]
  /** The problem, or the allowed values. */
  readonly message: string
}

/** Arguments of `auditEvents`. */
export interface AuditEventsArguments {
  /** Items from the start, 0 to 200; 20 if neither `first` nor `last` is given. */
  readonly first?: number | null | undefined
  /** Start after the item with this cursor. */
  readonly after?: string | null | undefined
  /** Items from the end, 0 to 200. Not together with `first`. */
  readonly last?: number | null | undefined
  /** End before the item with this cursor. */
  readonly before?: string | null | undefined
  /** The filter; all without it. */
  readonly filter?: AuditEventFilter | null | undefined
}

/** Arguments of `destroyImpact`. */
export interface DestroyImpactArguments {
  /** The version. */
  readonly version: KeyVersionRef
}

/** Arguments of `explainAccess`. */
export interface ExplainAccessArguments {
  /** The key: its ID, name or alias. */
  readonly key: string
  /** The subject, e.g. `user:alice`; not a group. */
  readonly subject: string
  /** Supposed groups of the subject, by name; null if unknown. At most 200 entries. */
  readonly groups?: readonly string[] | null | undefined
  /** Supposed roles in the token of the subject; null if unknown. At most as many entries as the enum has values. */
  readonly roles?: readonly Role[] | null | undefined
  /** The operation. */
  readonly operation: KeyOperation
  /** Supposed encryption context of the operation, empty for none; null if unknown. It matters for ENCRYPT and DECRYPT alone. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** Arguments of `explainMyAccess`. */
export interface ExplainMyAccessArguments {
  /** The key: its ID, the stand-in ID that a redacted key shows, its name or an alias. */
  readonly key: string
  /** The operation. */
  readonly operation: KeyOperation
  /** Supposed encryption context of the operation, empty for none; null if unknown. It matters for ENCRYPT and DECRYPT alone. At most 16 entries. */
  readonly context?: EncryptionContext | null | undefined
}

/** Arguments of `keyAlgorithms`. */
export interface KeyAlgorithmsArguments {
  /** Only those with this usage. */
  readonly usage?: KeyUsage | null | undefined
  /** Only those of this type. */
  readonly type?: KeyType | null | undefined
}

/** Arguments of `node`. */
export interface NodeArguments {
  /** A TypeID, e.g. `ukey_…`. The stand-in ID of a redacted key finds it too. */
  readonly id: string
}

/** Arguments of `nodes`. */
export interface NodesArguments {
  /** The TypeIDs. At most 100 entries. */
  readonly ids: readonly string[]
}

/** Arguments of `roleBindings`. */
export interface RoleBindingsArguments {
  /** Items from the start, 0 to 200; 20 if neither `first` nor `last` is given. */
  readonly first?: number | null | undefined
  /** Start after the item with this cursor. */
  readonly after?: string | null | undefined
  /** Items from the end, 0 to 200. Not together with `first`. */
  readonly last?: number | null | undefined
  /** End before the item with this cursor. */
  readonly before?: string | null | undefined
  /** The filter; all without it. */
  readonly filter?: RoleBindingFilter | null | undefined
}

/** Arguments of `serviceKey`. */
export interface ServiceKeyArguments {
  /** By ID or name, or by service. */
  readonly by: ServiceKeyBy
}

/** Arguments of `serviceKeys`. */
export interface ServiceKeysArguments {
  /** Items from the start, 0 to 200; 20 if neither `first` nor `last` is given. */
  readonly first?: number | null | undefined
  /** Start after the item with this cursor. */
  readonly after?: string | null | undefined
  /** Items from the end, 0 to 200. Not together with `first`. */
  readonly last?: number | null | undefined
  /** End before the item with this cursor. */
  readonly before?: string | null | undefined
  /** The filter; all without it. */
  readonly filter?: ServiceKeyFilter | null | undefined
}

/** Arguments of `usageSeries`. */
export interface UsageSeriesArguments {
  /** Start of the series. All of its hour or day counts. */
  readonly from: string
  /** End of the series, after `from`. All of its hour or day counts. */
  readonly to: string
  /** Hours or days. */
  readonly interval: UsageInterval
  /** The filter; all operations without it. */
  readonly filter?: UsageSeriesFilter | null | undefined
}

/** Arguments of `upcomingEvents`. */
export interface UpcomingEventsArguments {
  /** Items from the start, 0 to 200; 20 if neither `first` nor `last` is given. */
  readonly first?: number | null | undefined
  /** Start after the item with this cursor. */
  readonly after?: string | null | undefined
  /** Items from the end, 0 to 200. Not together with `first`. */
  readonly last?: number | null | undefined
  /** End before the item with this cursor. */
  readonly before?: string | null | undefined
  /** The last moment: in the future, at most 1100 days ahead. */
  readonly until: string
}

/** Arguments of `userKeyCounts`. */
export interface UserKeyCountsArguments {
  /** The filter; all without it. */
  readonly filter?: UserKeyFilter | null | undefined
}

/** Arguments of `userKey`. */
export interface UserKeyArguments {
  /** The key: its ID, the stand-in ID that a redacted key shows, its name or an alias. */
  readonly key: string
}

/** Arguments of `userKeys`. */
export interface UserKeysArguments {
  /** Items from the start, 0 to 200; 20 if neither `first` nor `last` is given. */
  readonly first?: number | null | undefined
  /** Start after the item with this cursor. */
  readonly after?: string | null | undefined
  /** Items from the end, 0 to 200. Not together with `first`. */
  readonly last?: number | null | undefined
  /** End before the item with this cursor. */
  readonly before?: string | null | undefined
  /** The filter; all without it. */
  readonly filter?: UserKeyFilter | null | undefined
  /** The order; newest first without it. */
  readonly orderBy?: UserKeyOrder | null | undefined
}

/** Arguments of `keyEvents`. */
export interface KeyEventsArguments {
  /** A user key or service key: its ID, the stand-in ID that a redacted key shows, its name or an alias. A name or alias stands for the key that has it when the stream starts. */
  readonly key: string
}

/** Every operation of the API as a method. Refusals are thrown. */
export interface Operations {
  /** Audit events of the caller's project, newest first. Only for callers with a role that gives READ_AUDIT, and for owners that filter by their key or a version of it. Events of keys that are redacted for the caller are neither shown nor counted. */
  auditEvents(args?: AuditEventsArguments, options?: CallOptions): Promise<AuditEventConnection>
  /** Impact of destroying a version. Only for callers that may manage its key; null if the caller sees no such version. */
  destroyImpact(args: DestroyImpactArguments, options?: CallOptions): Promise<DestroyImpact | null>
  /** Explains whether a subject may do something with a user key. Only for callers that may manage the key; null for all others. Roles and groups are in the tokens of the subject, so give those that you suppose; roles that are bound to it or to these groups count by themselves, if you may read the audit trail or manage roles. */
  explainAccess(args: ExplainAccessArguments, options?: CallOptions): Promise<AccessExplanation | null>
  /** Explains whether the caller itself may do something with a user key, e.g. after FORBIDDEN. It says no more about the key than the caller may see: of a redacted key, that it is redacted. Null for a key that does not exist for the caller. */
  explainMyAccess(args: ExplainMyAccessArguments, options?: CallOptions): Promise<AccessExplanation | null>
  /** The algorithms that new keys can have on this server. At most 22 entries. */
  keyAlgorithms(args?: KeyAlgorithmsArguments, options?: CallOptions): Promise<readonly KeyAlgorithmInfo[]>
  /** The object with this ID, as far as the caller may see it; null for an ID that is unknown, malformed, or of another project. */
  node(args: NodeArguments, options?: CallOptions): Promise<({ readonly __typename: 'KeyVersion' } & KeyVersion) | ({ readonly __typename: 'ServiceKey' } & ServiceKey) | ({ readonly __typename: 'AuditEvent' } & AuditEvent) | ({ readonly __typename: 'UserKey' } & UserKey) | ({ readonly __typename: 'RoleBinding' } & RoleBinding) | null>
  /** Like `node`, for several IDs, in their order. At most 100 entries. */
  nodes(args: NodesArguments, options?: CallOptions): Promise<readonly (({ readonly __typename: 'KeyVersion' } & ListedKeyVersion) | ({ readonly __typename: 'ServiceKey' } & ListedServiceKey) | ({ readonly __typename: 'AuditEvent' } & AuditEvent) | ({ readonly __typename: 'UserKey' } & ListedUserKey) | ({ readonly __typename: 'RoleBinding' } & RoleBinding) | null)[]>
  /** Role bindings of the caller's project that have not expired, by subject and role. Only for callers with the permission MANAGE_ROLES. Roles that tokens give are not among them. */
  roleBindings(args?: RoleBindingsArguments, options?: CallOptions): Promise<RoleBindingConnection>
  /** One service key; null if the project has no such key. */
  serviceKey(args: ServiceKeyArguments, options?: CallOptions): Promise<ServiceKey | null>
  /** The service keys of the caller's project, by name. */
  serviceKeys(args?: ServiceKeysArguments, options?: CallOptions): Promise<ServiceKeyConnection>
  /** Operations with all keys of the caller's project, by hour or day. They are counted from the audit trail, so the series needs what `auditEvents` needs: a role that gives READ_AUDIT, or the ownership of the key that the filter names. Operations with keys that are redacted for the caller do not count. */
  usageSeries(args: UsageSeriesArguments, options?: CallOptions): Promise<UsageSeries>
  /** Rotations and destructions that are due for the user keys and service keys of the caller's project, in order of time. Those of keys that are redacted for the caller are neither shown nor counted. */
  upcomingEvents(args: UpcomingEventsArguments, options?: CallOptions): Promise<UpcomingEventConnection>
  /** How many user keys of the caller's project match a filter, by state. Counts all of them, at the cost of one statement. */
  userKeyCounts(args?: UserKeyCountsArguments, options?: CallOptions): Promise<UserKeyCounts>
  /** One user key; null if the project has no such key. Redacted if the caller has no access to it. */
  userKey(args: UserKeyArguments, options?: CallOptions): Promise<UserKey | null>
  /** The user keys of the caller's project, newest first unless ordered otherwise. */
  userKeys(args?: UserKeysArguments, options?: CallOptions): Promise<UserKeyConnection>
  /** The caller itself. Open to all callers with a token, whatever their roles. */
  viewer(args?: undefined, options?: CallOptions): Promise<Viewer>
  /** Brings a DEACTIVATED version back into use. The default version signs at once, also if verifiers of a published key set have dropped its public key meanwhile. Needs MANAGE. */
  activateKeyVersion(input: ActivateKeyVersionInput, options?: CallOptions): Promise<ActivateKeyVersionPayload>
  /** Generates version 1 of a key that was created with pre-activation. Needs MANAGE. */
  activateUserKey(input: ActivateUserKeyInput, options?: CallOptions): Promise<ActivateUserKeyPayload>
  /** Adds entries to the access list of a key. Those of a subject replace the entries that it had. Needs MANAGE. */
  addAllowedSubjects(input: AddAllowedSubjectsInput, options?: CallOptions): Promise<AddAllowedSubjectsPayload>
  /** Gives a subject a role in the caller's project, in addition to the roles of its tokens. A binding of the same subject and role is replaced. A project can have 1000 bindings. Needs MANAGE_ROLES. */
  bindRole(input: BindRoleInput, options?: CallOptions): Promise<BindRolePayload>
  /** Switches automatic rotation on or off, or changes its cycle, which starts again today. With asymmetric keys each rotation changes the public key. Needs MANAGE. */
  configureAutomaticRotation(input: ConfigureAutomaticRotationInput, options?: CallOptions): Promise<ConfigureAutomaticRotationPayload>
  /** Gives a key an alias: a further name by which operations find it, and which can be repointed to another key later. Needs MANAGE. */
  createAlias(input: CreateAliasInput, options?: CallOptions): Promise<CreateAliasPayload>
  /** Creates a user key, owned by the caller. Needs a role that gives CREATE. */
  createUserKey(input: CreateUserKeyInput, options?: CallOptions): Promise<CreateUserKeyPayload>
  /** Stops all use of an ACTIVE version at once, including decryption. It can be activated again. Other replicas of the server follow within their cache lifetime. Needs MANAGE. */
  deactivateKeyVersion(input: DeactivateKeyVersionInput, options?: CallOptions): Promise<DeactivateKeyVersionPayload>
  /** Deactivates many versions. Each item is a change of its own, with its own record; one that fails does not fail the others. Items of one key are carried out in their order; a second item for the same key, or for the same version where items name versions, is refused with InputValidationError. An `expectedRevision` counts the changes of earlier items, too. If the request times out, what was done stays done. */
  deactivateKeyVersionBatch(input: DeactivateKeyVersionBatchInput, options?: CallOptions): Promise<DeactivateKeyVersionBatchPayload>
  /** Decrypts with the service key of the calling service. Only for a service itself: a token of kind SERVICE_AGENT. */
  decryptWithServiceKey(input: DecryptWithServiceKeyInput, options?: CallOptions): Promise<DecryptWithServiceKeyPayload>
  /** Decrypts a ciphertext while the version that encrypted it is ACTIVE. All failures are the same InvalidCiphertextError. Needs DECRYPT. */
  decrypt(input: DecryptInput, options?: CallOptions): Promise<DecryptPayload>
  /** Decrypts many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations. */
  decryptBatch(input: DecryptBatchInput, options?: CallOptions): Promise<DecryptBatchPayload>
  /** Removes an alias from its key. Operations by this alias then find no key, until another key gets it. Needs MANAGE. */
  deleteAlias(input: DeleteAliasInput, options?: CallOptions): Promise<DeleteAliasPayload>
  /** Deletes a key that has no version, or whose versions are all DESTROYED. Its ID is never used again, and its audit events stay. Needs MANAGE. */
  deleteUserKey(input: DeleteUserKeyInput, options?: CallOptions): Promise<DeleteUserKeyPayload>
  /** Schedules the destruction of a DEACTIVATED version. When the waiting period ends its material is erased, and nothing that only this version opens can be read again. Needs MANAGE. */
  destroyKeyVersion(input: DestroyKeyVersionInput, options?: CallOptions): Promise<DestroyKeyVersionPayload>
  /** Schedules the destruction of many versions. Each item is a change of its own, with its own record; one that fails does not fail the others. Items of one key are carried out in their order; a second item for the same key, or for the same version where items name versions, is refused with InputValidationError. An `expectedRevision` counts the changes of earlier items, too. If the request times out, what was done stays done. */
  destroyKeyVersionBatch(input: DestroyKeyVersionBatchInput, options?: CallOptions): Promise<DestroyKeyVersionBatchPayload>
  /** Switches access control off, so that roles alone decide who has access. Clears the access list. Needs MANAGE. */
  disableAccessControl(input: DisableAccessControlInput, options?: CallOptions): Promise<DisableAccessControlPayload>
  /** Limits a key to its owner and the given entries; everyone else, a project administrator too, gets it redacted. Needs MANAGE. */
  enableAccessControl(input: EnableAccessControlInput, options?: CallOptions): Promise<EnableAccessControlPayload>
  /** Encrypts under the service key of the calling service, which its first encryption creates. Only for a service itself: a token of kind SERVICE_AGENT. */
  encryptWithServiceKey(input: EncryptWithServiceKeyInput, options?: CallOptions): Promise<EncryptWithServiceKeyPayload>
  /** Encrypts under the default version of a key. Needs ENCRYPT. */
  encrypt(input: EncryptInput, options?: CallOptions): Promise<EncryptPayload>
  /** Encrypts many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations. */
  encryptBatch(input: EncryptBatchInput, options?: CallOptions): Promise<EncryptBatchPayload>
  /** Generates a data key and encrypts it under the default version of a symmetric key. Select `plaintext` only if the data key is used at once. Needs ENCRYPT. */
  generateDataKey(input: GenerateDataKeyInput, options?: CallOptions): Promise<GenerateDataKeyPayload>
  /** Generates a data key under the service key of the calling service, which its first use creates. Only for a service itself: a token of kind SERVICE_AGENT. */
  generateServiceDataKey(input: GenerateServiceDataKeyInput, options?: CallOptions): Promise<GenerateServiceDataKeyPayload>
  /** Makes a key pair for one import of key material; its private key never leaves the server. The five newest of a key stay usable until they expire. Needs MANAGE. */
  getImportParameters(input: GetImportParametersInput, options?: CallOptions): Promise<GetImportParametersPayload>
  /** Makes the next version of a key of origin EXTERNAL from material that was made elsewhere: ACTIVE and the default at once. Older versions stay as they are. The material is checked: size, type, curve, modulus and public exponent, and whether private and public parts fit together. Needs MANAGE. */
  importKeyVersion(input: ImportKeyVersionInput, options?: CallOptions): Promise<ImportKeyVersionPayload>
  /** Publishes the public keys of an asymmetric key for signatures as a JWK Set at an address without a token, or changes what the set promises; the address stays. The next version is made and published ahead, so that a rotation never surprises verifiers. Needs MANAGE. */
  publishJwks(input: PublishJwksInput, options?: CallOptions): Promise<PublishJwksPayload>
  /** Ends the publication of the public keys of a key: its address answers 404, and is never used again. Verifiers that fetch the set fail from then on. A key that is not published stays as it is. Needs MANAGE. */
  unpublishJwks(input: UnpublishJwksInput, options?: CallOptions): Promise<UnpublishJwksPayload>
  /** Decrypts a ciphertext and encrypts it again under the default version of the same or another key, without disclosing the plaintext. Needs DECRYPT of the key before, and ENCRYPT of the key after. */
  reEncrypt(input: ReEncryptInput, options?: CallOptions): Promise<ReEncryptPayload>
  /** Re-encrypts many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations. */
  reEncryptBatch(input: ReEncryptBatchInput, options?: CallOptions): Promise<ReEncryptBatchPayload>
  /** Removes subjects from the access list of a key. Needs MANAGE. */
  removeAllowedSubjects(input: RemoveAllowedSubjectsInput, options?: CallOptions): Promise<RemoveAllowedSubjectsPayload>
  /** Sets labels of a key, removes others, and leaves the rest as they are. A key has at most 50. Needs MANAGE. */
  labelUserKey(input: LabelUserKeyInput, options?: CallOptions): Promise<LabelUserKeyPayload>
  /** Sets and removes labels of many keys. Each item is a change of its own, with its own record; one that fails does not fail the others. Items of one key are carried out in their order; a second item for the same key, or for the same version where items name versions, is refused with InputValidationError. An `expectedRevision` counts the changes of earlier items, too. If the request times out, what was done stays done. */
  labelUserKeyBatch(input: LabelUserKeyBatchInput, options?: CallOptions): Promise<LabelUserKeyBatchPayload>
  /** Makes an alias stand for another key, in one step. Services that use the alias follow at once on this server, and within CACHE_LIFETIME_MS on others; what they encrypted before still opens, since ciphertexts name their key. Needs MANAGE of both keys. */
  repointAlias(input: RepointAliasInput, options?: CallOptions): Promise<RepointAliasPayload>
  /** Cancels a scheduled destruction. The version is DEACTIVATED again. Needs MANAGE. */
  restoreKeyVersion(input: RestoreKeyVersionInput, options?: CallOptions): Promise<RestoreKeyVersionPayload>
  /** Generates the next version of a key: ACTIVE and the default at once. Older versions stay as they are, so what they encrypted still opens. A published key is refused (`OtherError`, NEXT_VERSION_TOO_NEW) until its next public key has been published for `publishAheadHours`. Needs MANAGE. */
  rotateUserKey(input: RotateUserKeyInput, options?: CallOptions): Promise<RotateUserKeyPayload>
  /** Rotates many keys. Each item is a change of its own, with its own record; one that fails does not fail the others. Items of one key are carried out in their order; a second item for the same key, or for the same version where items name versions, is refused with InputValidationError. An `expectedRevision` counts the changes of earlier items, too. If the request times out, what was done stays done. */
  rotateUserKeyBatch(input: RotateUserKeyBatchInput, options?: CallOptions): Promise<RotateUserKeyBatchPayload>
  /** Signs with the default version of a key. Needs SIGN. */
  sign(input: SignInput, options?: CallOptions): Promise<SignPayload>
  /** Signs many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations. */
  signBatch(input: SignBatchInput, options?: CallOptions): Promise<SignBatchPayload>
  /** Makes another subject the owner of a key. The access list stays as it is. For the owner, whatever its role, and for callers with MANAGE. */
  transferOwnership(input: TransferOwnershipInput, options?: CallOptions): Promise<TransferOwnershipPayload>
  /** Takes a role from a subject that has it by a binding. Roles of its tokens stay. In force at once on this server, and within CACHE_LIFETIME_MS on others. Needs MANAGE_ROLES. */
  unbindRole(input: UnbindRoleInput, options?: CallOptions): Promise<UnbindRolePayload>
  /** Changes name or description of a key, or whether queries may decrypt with it. Needs MANAGE. */
  updateUserKey(input: UpdateUserKeyInput, options?: CallOptions): Promise<UpdateUserKeyPayload>
  /** Decapsulates a shared secret with an ACTIVE version (FIPS 203 §7.3). Needs DECAPSULATE. */
  decapsulate(input: DecapsulateInput, options?: CallOptions): Promise<DecapsulatePayload>
  /** Diffie-Hellman key agreement of an ACTIVE version with the public key of another party (NIST SP 800-56A §5.7.1.2, RFC 7748 §6), followed by HKDF. Needs DERIVE. */
  deriveSharedSecret(input: DeriveSharedSecretInput, options?: CallOptions): Promise<DeriveSharedSecretPayload>
  /** Encapsulates a fresh shared secret for the default version of a key (FIPS 203 §7.2). Software that supports ML-KEM can do this with the public key alone. Needs ENCAPSULATE. */
  encapsulate(input: EncapsulateInput, options?: CallOptions): Promise<EncapsulatePayload>
  /** Generates a key pair and encrypts its private key under the default version of a symmetric key. Needs ENCRYPT. */
  generateDataKeyPair(input: GenerateDataKeyPairInput, options?: CallOptions): Promise<GenerateDataKeyPairPayload>
  /** Makes a message authentication code with the default version of a key. Needs GENERATE_MAC. */
  generateMac(input: GenerateMacInput, options?: CallOptions): Promise<GenerateMacPayload>
  /** Makes a message authentication code of many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations. */
  generateMacBatch(input: GenerateMacBatchInput, options?: CallOptions): Promise<GenerateMacBatchPayload>
  /** Generates random bytes, with no key involved. Needs a permission for any operation. */
  generateRandom(input: GenerateRandomInput, options?: CallOptions): Promise<GenerateRandomPayload>
  /** Checks a message authentication code with an ACTIVE version, in constant time. A code that does not fit is no error: `valid` is false. Needs VERIFY_MAC. */
  verifyMac(input: VerifyMacInput, options?: CallOptions): Promise<VerifyMacPayload>
  /** Verifies a signature with an ACTIVE version. A signature that does not fit is no error: `valid` is false. Needs VERIFY. */
  verify(input: VerifyInput, options?: CallOptions): Promise<VerifyPayload>
  /** Verifies many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations. */
  verifyBatch(input: VerifyBatchInput, options?: CallOptions): Promise<VerifyBatchPayload>
  /** Changes of one key, starting with its current state. Changes in quick succession make one event. If the key is redacted for the caller, only changes of visible fields are sent. */
  keyEvents(args: KeyEventsArguments, options?: CallOptions): AsyncIterable<KeyEvent>
  /** Changed, new and deleted user keys of the caller's project. The first event tells the client to list them. Changes in quick succession make one event. Of a key that is redacted for the caller, only changes of visible fields are sent. */
  userKeysChanged(args?: undefined, options?: CallOptions): AsyncIterable<UserKeysEvent>
}
