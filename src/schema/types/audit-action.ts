import type { AuditEventView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'

const descriptions: Record<AuditEventView['action'], string> = {
  CREATE_USER_KEY: 'A user key was created.',
  UPDATE_USER_KEY: "A user key's name or description was changed.",
  ACTIVATE_USER_KEY: 'The first version of a user key was generated.',
  ROTATE_KEY: 'A new version of a key was generated, by a user or by the system.',
  CONFIGURE_AUTOMATIC_ROTATION: 'Automatic rotation of a user key was configured.',
  ENABLE_ACCESS_CONTROL: 'Access control of a user key was switched on.',
  DISABLE_ACCESS_CONTROL: 'Access control of a user key was switched off.',
  ADD_ALLOWED_SUBJECTS: "Subjects were added to a user key's access list.",
  REMOVE_ALLOWED_SUBJECTS: "Subjects were removed from a user key's access list.",
  ACTIVATE_KEY_VERSION: 'A version was activated again.',
  DEACTIVATE_KEY_VERSION: 'A version was deactivated.',
  SCHEDULE_KEY_VERSION_DESTRUCTION: 'The destruction of a version was scheduled.',
  DESTROY_KEY_VERSION:
    'Versions were destroyed, since their waiting period had ended: `destroyedVersions` in the details names them. Where it had ended at once, SCHEDULE_KEY_VERSION_DESTRUCTION has that detail.',
  RESTORE_KEY_VERSION: 'The scheduled destruction of a version was taken back.',
  DELETE_USER_KEY: 'A user key was deleted.',
  TRANSFER_OWNERSHIP: 'An operator of the server made another subject the owner of a key.',
  GET_IMPORT_PARAMETERS: 'A wrapping key for the import of key material was made.',
  IMPORT_KEY_VERSION: 'Key material was imported as a new version.',
  PRUNE_AUDIT: 'An operator of the server removed old audit events.',
  ROTATE_ROOT_KEY: 'An operator of the server rotated the root key, or retired an older one.',
  RESTORE_BACKUP:
    'An operator of the server restored a backup: everything after the time of the backup is gone.',
  CONFIRM_CLOCK:
    'An operator of the server confirmed the clock, which was further ahead than time had certainly passed.',
  CREATE_SERVICE_KEY: 'A service key was created by the first operation of its service.',
  ENCRYPT: 'Data was encrypted.',
  DECRYPT: 'Data was decrypted.',
  RE_ENCRYPT: 'Ciphertext was encrypted again; the event belongs to the key that it was encrypted under.',
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
  description: 'What was done or attempted. A batch has one event for each of its items.',
  values: Object.fromEntries(
    Object.entries(descriptions).map(([action, description]) => [action, { description }]),
  ) as Record<AuditEventView['action'], { description: string }>,
})
