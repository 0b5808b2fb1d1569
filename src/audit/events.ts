/** What can be on record. */
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
  | 'TRANSFER_OWNERSHIP'
  | 'ACTIVATE_KEY_VERSION'
  | 'DEACTIVATE_KEY_VERSION'
  | 'SCHEDULE_KEY_VERSION_DESTRUCTION'
  | 'DESTROY_KEY_VERSION'
  | 'RESTORE_KEY_VERSION'
  | 'DELETE_USER_KEY'
  | 'GET_IMPORT_PARAMETERS'
  | 'IMPORT_KEY_VERSION'
  | 'CREATE_SERVICE_KEY'
  | 'ENCRYPT'
  | 'DECRYPT'
  | 'RE_ENCRYPT'
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
  | 'PRUNE_AUDIT'
  | 'ROTATE_ROOT_KEY'
  | 'RESTORE_BACKUP'
  | 'CONFIRM_CLOCK'

/** Facts of one event beyond its columns; names and plain values only, never anything secret. */
export type AuditDetails = Readonly<Record<string, string | number | boolean>>

/** The numbers of the versions that a change destroyed, as its details name them. */
export function destroyedVersionsOf(
  details: {
    readonly [name in 'destroyedVersions']?: AuditDetails[string] | null
  },
): readonly number[] {
  const { destroyedVersions } = details
  return typeof destroyedVersions === 'string' ? destroyedVersions.split(' ').map(Number) : []
}

/** Who acted, and in which request. */
export interface AuditActor {
  readonly projectId: string
  /** Subject string. */
  readonly subject: string
  readonly tokenId: string | null
  readonly clientAddress: string | null
  readonly requestId: string
}

/** Something that happened, as the domain tells it. */
export interface AuditEvent {
  readonly actor: AuditActor
  readonly action: AuditAction
  readonly outcome: 'SUCCEEDED' | 'DENIED' | 'FAILED'
  /** Code of the error where the outcome is not SUCCEEDED. */
  readonly errorCode: string | null
  /** UUID of the key, as far as the caller named one that exists in its project. */
  readonly keyId: string | null
  readonly keyRevision: number | null
  readonly versionNumber: number | null
  readonly details: AuditDetails
}
