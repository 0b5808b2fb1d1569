import { enableAccessControl } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { accessListFields, allowLockoutField } from '../types/access-list.ts'
import { defineKeyPayload } from './payloads.ts'

const EnableAccessControlInput = builder.inputType('EnableAccessControlInput', {
  description: 'The key, and the entries of its access list.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    ...accessListFields(t),
    allowLockout: allowLockoutField(t),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const EnableAccessControlPayload = defineKeyPayload(
  'EnableAccessControlPayload',
  'A key with access control; redacted if the caller locked itself out.',
)

builder.mutationField('enableAccessControl', (t) =>
  t.field({
    type: EnableAccessControlPayload,
    nullable: true,
    description:
      'Limits a key to its owner and the given entries; everyone else, a project administrator too, gets it redacted. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: EnableAccessControlInput,
        required: true,
        description: 'The key, and the entries of its access list.',
      }),
    },
    errors: { types: [...changeErrors, LockoutError] },
    resolve: (_root, { input }, { parts, call }) => enableAccessControl(parts, call, input),
  }),
)
