import type { AuditEventRow } from '../store/audit/event-rows.ts'

/** Actions that events record. */
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

/** Facts of one event beyond its other columns; plain values, none of them secret. */
export type AuditDetails = AuditEventRow['details']

/** Numbers of the versions that a change destroyed, from its details. */
export function destroyedVersionsOf(
  details: {
    readonly [name in 'destroyedVersions']?: AuditDetails[string] | null
  },
): readonly number[] {
  const { destroyedVersions } = details
  return typeof destroyedVersions === 'string' ? destroyedVersions.split(' ').map(Number) : []
}

/** Actor of an event and its request. */
export interface AuditActor {
  readonly projectId: string
  /** Subject string. */
  readonly subject: string
  readonly tokenId: string | null
  readonly clientAddress: string | null
  readonly requestId: string
}

/** One event as the domain reports it; the writer adds the rest of its columns. */
export interface AuditEvent extends Omit<AuditEventRow, 'id' | 'occurredAt' | 'action' | ActorColumn> {
  readonly actor: AuditActor
  readonly action: AuditAction
}

type ActorColumn = 'actor' | 'projectId' | 'tokenId' | 'clientAddress' | 'requestId'
