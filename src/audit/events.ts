import { hash } from 'node:crypto'
import type { AuditEventRow } from '../store/audit/event-rows.ts'
import { hex } from '../store/sql.ts'

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
  | 'CREATE_ALIAS'
  | 'REPOINT_ALIAS'
  | 'DELETE_ALIAS'
  | 'LABEL_USER_KEY'
  | 'PUBLISH_JWKS'
  | 'UNPUBLISH_JWKS'
  | 'PREPARE_KEY_VERSION'
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
  | 'PRUNE_AUDIT'
  | 'ROTATE_ROOT_KEY'
  | 'RESTORE_BACKUP'
  | 'CONFIRM_CLOCK'
  | RoleAction

/** Actions on role bindings. Their events name no key: `keyId` is the row of the project's bindings. */
export const roleActions = ['BIND_ROLE', 'UNBIND_ROLE'] as const

/** One of {@link roleActions}. */
export type RoleAction = (typeof roleActions)[number]

/** Checks whether an event is about role bindings. */
export function isAboutRoles({ action }: { readonly action: string }): boolean {
  return roleActions.some((each) => each === action)
}

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
  /** Name for people to read, if the actor has one. */
  readonly displayName?: string | undefined
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

/** Detail of an event that holds the display name of its actor at that time. */
export const displayNameDetail = 'actorDisplayName'

/** Detail of a recorded change that holds the state of the key's rows after it. */
export const keyStateDetail = 'keyState'

/** Input for the state of a key: the MACs of its rows, which cover all columns. */
export interface KeyStateParts {
  /** MAC of the key's row, or of its tombstone. */
  readonly mac: Uint8Array
  /** In the order of their numbers; none for a deleted key. */
  readonly versions: readonly { readonly number: number; readonly mac: Uint8Array }[]
}

/**
 * SHA-256 in hexadecimal over the MACs of a key's rows. Each change puts it on record, so that rows that were put back
 * do not match the newest record, though each of them was authentic once.
 */
export function keyStateOf({ mac, versions }: KeyStateParts): string {
  const macs = versions.map((version) => [version.number, hex(version.mac)])
  return hash('sha256', JSON.stringify(['keystead key state v1', hex(mac), ...macs]))
}
