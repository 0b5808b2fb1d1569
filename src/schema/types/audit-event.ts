import { versionNumbersMax } from '../../keys/reading/audit-events.ts'
import type { AuditEventView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { defineConnection } from './connection.ts'
import { contextListOptions } from './encryption-context.ts'
import { ErrorCode } from './enums.ts'
import { Node } from './node.ts'
import { Key } from './refs.ts'
import { Subject } from './subject.ts'

const descriptions: Record<AuditEventView['action'], string> = {
  CREATE_USER_KEY: 'A user key was created. The details have its labels as `label.NAME`.',
  UPDATE_USER_KEY: "A user key's name or description was changed, or whether queries may decrypt with it.",
  ACTIVATE_USER_KEY: 'The first version of a user key was generated.',
  ROTATE_KEY: 'A new version of a key was generated, by a user or by the system.',
  CONFIGURE_AUTOMATIC_ROTATION: 'Automatic rotation of a user key was configured.',
  ENABLE_ACCESS_CONTROL: 'Access control of a user key was switched on.',
  DISABLE_ACCESS_CONTROL: 'Access control of a user key was switched off.',
  ADD_ALLOWED_SUBJECTS: "Entries were added to a user key's access list.",
  REMOVE_ALLOWED_SUBJECTS: "Subjects were removed from a user key's access list.",
  ACTIVATE_KEY_VERSION: 'A version was activated again.',
  DEACTIVATE_KEY_VERSION: 'A version was deactivated.',
  SCHEDULE_KEY_VERSION_DESTRUCTION: 'The destruction of a version was scheduled.',
  DESTROY_KEY_VERSION:
    'Versions were destroyed, since their waiting period had ended: `versionNumbers` names them, as `destroyedVersions` in the details does. Where it had ended at once, SCHEDULE_KEY_VERSION_DESTRUCTION has that detail.',
  RESTORE_KEY_VERSION: 'The scheduled destruction of a version was cancelled.',
  DELETE_USER_KEY: 'A user key was deleted.',
  TRANSFER_OWNERSHIP: 'Another subject was made the owner of a key; the details name both.',
  CREATE_ALIAS: 'A user key got an alias; `alias` in the details.',
  REPOINT_ALIAS:
    'An alias was moved from one user key to another. Each has an event; `standsForThisKey` in the details tells which of them it is.',
  DELETE_ALIAS: 'An alias was removed from a user key; `alias` in the details.',
  LABEL_USER_KEY:
    'Labels of a user key were set or removed. The details have each label that was set as `label.NAME`, and each that was removed, with its last value, as `removedLabel.NAME`.',
  PUBLISH_JWKS:
    'The public keys of a key were published, or what their set promises was changed; the details have `tokenLifetimeMinutes` and `publishAheadHours`.',
  UNPUBLISH_JWKS: 'The publication of the public keys of a key was ended.',
  PREPARE_KEY_VERSION:
    'The system made the next version of a published key ahead, and published its public key.',
  GET_IMPORT_PARAMETERS: 'A wrapping key for the import of key material was made.',
  IMPORT_KEY_VERSION: 'Key material was imported as a new version.',
  PRUNE_AUDIT: 'An operator of the server removed old audit events.',
  ROTATE_ROOT_KEY: 'An operator of the server rotated the root key, or retired an older one.',
  RESTORE_BACKUP:
    'An operator of the server restored a backup: everything after the time of the backup is gone.',
  CONFIRM_CLOCK:
    'An operator of the server confirmed the clock, which was further ahead than time had certainly passed.',
  BIND_ROLE: 'A role was bound to a subject; the details name both, and `expiresAt` and `note` if given.',
  UNBIND_ROLE: 'A bound role was taken from a subject; the details name both.',
  CREATE_SERVICE_KEY: 'A service key was created by the first operation of its service.',
  ENCRYPT: 'Data was encrypted.',
  DECRYPT: 'Data was decrypted.',
  RE_ENCRYPT: 'Ciphertext was encrypted again; the event belongs to the key that it was encrypted under.',
  RE_ENCRYPT_FROM:
    'Ciphertext of the key was decrypted, to encrypt it under another one, which has the event RE_ENCRYPT of the same request.',
  GENERATE_DATA_KEY: 'A data key was generated.',
  SIGN: 'A message was signed.',
  VERIFY: 'A signature was verified; the details tell whether it was valid.',
  GENERATE_MAC: 'A message authentication code was generated.',
  VERIFY_MAC: 'A message authentication code was verified; the details tell whether it was valid.',
  ENCAPSULATE: 'A shared secret was encapsulated.',
  DECAPSULATE: 'A shared secret was decapsulated.',
  DERIVE_SHARED_SECRET: 'A secret shared with a peer was derived.',
  GENERATE_DATA_KEY_PAIR: 'A key pair was generated for use elsewhere.',
  GENERATE_RANDOM: 'Random bytes were generated.',
  SERVICE_ENCRYPT: 'A service encrypted data under its service key.',
  SERVICE_DECRYPT: 'A service decrypted data under its service key.',
  SERVICE_GENERATE_DATA_KEY: 'A service had a data key generated under its service key.',
}

export const AuditAction = builder.enumType('AuditAction', {
  description: 'The kind of operation. A batch has one event for each of its items.',
  values: Object.fromEntries(
    Object.entries(descriptions).map(([action, description]) => [action, { description }]),
  ) as Record<AuditEventView['action'], { description: string }>,
})

export const AuditOutcome = builder.enumType('AuditOutcome', {
  description: 'Outcome of an operation.',
  values: {
    SUCCEEDED: { description: 'The operation succeeded.' },
    DENIED: { description: 'The caller has no permission. Nothing was done.' },
    FAILED: { description: 'Refused or failed for another reason. Nothing was done.' },
  } as const,
})

const AuditEvent = builder.objectRef<AuditEventView>('AuditEvent').implement({
  description:
    'One operation, done or refused. The caller sees no events of keys that are redacted for it now. For a deleted key its last access list decides.',
  interfaces: [Node],
  // `keys` gives events to no one else; this is the second lock.
  authScopes: (event) => ({ readableEvent: event }),
  isTypeOf: (view) => (view as AuditEventView).kind === 'AUDIT_EVENT',
  fields: (t) => ({
    occurredAt: t.field({
      type: 'DateTime',
      description: 'Time of the event.',
      resolve: ({ occurredAt }) => occurredAt,
    }),
    action: t.field({
      type: AuditAction,
      description: 'The kind of operation.',
      resolve: ({ action }) => action,
    }),
    outcome: t.field({
      type: AuditOutcome,
      description: 'The outcome.',
      resolve: ({ outcome }) => outcome,
    }),
    errorCode: t.field({
      type: ErrorCode,
      nullable: true,
      description: 'Code of the error that the caller got; null if the operation succeeded.',
      // Only codes of the table are ever written.
      resolve: ({ errorCode }) => errorCode as typeof ErrorCode.$inferType | null,
    }),
    actor: t.field({ type: Subject, description: 'The subject that acted.', resolve: ({ actor }) => actor }),
    actorDisplayName: t.string({
      nullable: true,
      description:
        'Name of the actor as its token showed it then, for people to read; null if the token had none. It identifies nobody: `actor` does.',
      resolve: ({ actorDisplayName }) => actorDisplayName,
    }),
    tokenId: t.string({
      nullable: true,
      description: "The `jti` claim of the caller's token; null for the system, and for tokens without it.",
      resolve: ({ tokenId }) => tokenId,
    }),
    clientAddress: t.string({
      nullable: true,
      description: 'Network address that the request came from; null for the system.',
      resolve: ({ clientAddress }) => clientAddress,
    }),
    requestId: t.string({
      description: 'ID of the request, also in its response and in the log.',
      resolve: ({ requestId }) => requestId,
    }),
    keyId: t.id({
      nullable: true,
      description:
        'The real ID of the key, deleted or not; null if the event is about no key of the project.',
      resolve: ({ keyId }) => keyId,
    }),
    keyName: t.string({
      nullable: true,
      description: 'Name that the key has now; of a deleted key the last one.',
      resolve: ({ keyName }) => keyName,
    }),
    liveKey: t.field({
      type: Key,
      nullable: true,
      description: 'The key as it is now; null if it is deleted, or if the event is about no key.',
      async resolve({ keyId, keyDeleted }, _args, { loaders }) {
        const key = keyId === null || keyDeleted === true ? null : await loaders.node.load(keyId)
        return key?.kind === 'USER' || key?.kind === 'SERVICE' ? key : null
      },
    }),
    keyRevision: t.int({
      nullable: true,
      description: "The key's revision after a change; null if nothing changed.",
      resolve: ({ keyRevision }) => keyRevision,
    }),
    versionNumber: t.int({
      nullable: true,
      description: 'Number of the version that was used or changed; null unless it was exactly one.',
      resolve: ({ versionNumber }) => versionNumber,
    }),
    versionNumbers: t.field({
      type: ['Int'],
      ...listOptions(
        versionNumbersMax,
        'Numbers of all versions of the key that were used or changed, in order: one for most events, several for a destruction of several, both for a re-encryption under the same key, none for what is about no version.',
      ),
      resolve: ({ versionNumbers }) => [...versionNumbers],
    }),
    context: t.field({
      ...contextListOptions(
        'Encryption context of the operation; of a re-encryption, the new one. Empty if none was given. An operation that was refused on its key has what its caller gave.',
      ),
      resolve: ({ context }) => [...context],
    }),
    sourceContext: t.field({
      ...contextListOptions(
        'Encryption context that a re-encryption under the same key decrypted with; empty if none was given. Under another key, the event RE_ENCRYPT_FROM has it.',
      ),
      resolve: ({ sourceContext }) => [...sourceContext],
    }),
    details: t.field({
      type: 'JSON',
      description:
        'Further facts by name, e.g. `plaintextDisclosed` of a data key. Never plaintext, key material or tokens.',
      resolve: ({ details }) => details,
    }),
  }),
})

/** Pages of audit events. */
export const AuditEventConnection = defineConnection('AuditEvent', AuditEvent)
