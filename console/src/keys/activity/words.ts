import type { EnumOf } from '../../api/graphql.ts'
import type { Tone } from '../../design/notice.tsx'

/** How good or bad each outcome is. */
export const outcomeTones: Readonly<Record<EnumOf<'AuditOutcome'>, Tone>> = {
  SUCCEEDED: 'good',
  DENIED: 'bad',
  FAILED: 'waiting',
}

/** Groups of actions, in the order in which people look for them. */
export const actionGroups = ['use', 'keys', 'versions', 'access', 'project'] as const

/** The group of each action. */
export const groupOfAction: Readonly<Record<EnumOf<'AuditAction'>, (typeof actionGroups)[number]>> = {
  ENCRYPT: 'use',
  DECRYPT: 'use',
  RE_ENCRYPT: 'use',
  RE_ENCRYPT_FROM: 'use',
  GENERATE_DATA_KEY: 'use',
  GENERATE_DATA_KEY_PAIR: 'use',
  SIGN: 'use',
  VERIFY: 'use',
  GENERATE_MAC: 'use',
  VERIFY_MAC: 'use',
  ENCAPSULATE: 'use',
  DECAPSULATE: 'use',
  DERIVE_SHARED_SECRET: 'use',
  SERVICE_ENCRYPT: 'use',
  SERVICE_DECRYPT: 'use',
  SERVICE_GENERATE_DATA_KEY: 'use',
  GENERATE_RANDOM: 'use',
  CREATE_USER_KEY: 'keys',
  CREATE_SERVICE_KEY: 'keys',
  UPDATE_USER_KEY: 'keys',
  ACTIVATE_USER_KEY: 'keys',
  DELETE_USER_KEY: 'keys',
  LABEL_USER_KEY: 'keys',
  PUBLISH_JWKS: 'keys',
  UNPUBLISH_JWKS: 'keys',
  CREATE_ALIAS: 'keys',
  REPOINT_ALIAS: 'keys',
  DELETE_ALIAS: 'keys',
  ROTATE_KEY: 'versions',
  CONFIGURE_AUTOMATIC_ROTATION: 'versions',
  ACTIVATE_KEY_VERSION: 'versions',
  DEACTIVATE_KEY_VERSION: 'versions',
  SCHEDULE_KEY_VERSION_DESTRUCTION: 'versions',
  RESTORE_KEY_VERSION: 'versions',
  DESTROY_KEY_VERSION: 'versions',
  PREPARE_KEY_VERSION: 'versions',
  GET_IMPORT_PARAMETERS: 'versions',
  IMPORT_KEY_VERSION: 'versions',
  ENABLE_ACCESS_CONTROL: 'access',
  DISABLE_ACCESS_CONTROL: 'access',
  ADD_ALLOWED_SUBJECTS: 'access',
  REMOVE_ALLOWED_SUBJECTS: 'access',
  TRANSFER_OWNERSHIP: 'access',
  BIND_ROLE: 'access',
  UNBIND_ROLE: 'access',
  PRUNE_AUDIT: 'project',
  ROTATE_ROOT_KEY: 'project',
  RESTORE_BACKUP: 'project',
  CONFIRM_CLOCK: 'project',
}
