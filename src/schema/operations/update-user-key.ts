import { updateUserKey } from '../../keys/changing/user-keys.ts'
import { NameTakenError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { settableFields } from '../types/user-key.ts'
import { defineKeyPayload } from './payloads.ts'

const UpdateUserKeyInput = builder.inputType('UpdateUserKeyInput', {
  description: 'The changes. Fields that are not given stay as they are.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    name: t.string({
      description:
        'A new name: 1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first.',
    }),
    ...settableFields(t),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const UpdateUserKeyPayload = defineKeyPayload('UpdateUserKeyPayload', 'An updated key.')

builder.mutationField('updateUserKey', (t) =>
  t.field({
    type: UpdateUserKeyPayload,
    nullable: true,
    description: 'Changes name or description of a key. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: UpdateUserKeyInput,
        required: true,
        description: 'The changes. Fields that are not given stay as they are.',
      }),
    },
    errors: { types: [...changeErrors, NameTakenError] },
    resolve: (_root, { input }, { parts, call }) => updateUserKey(parts, call, input),
  }),
)
