import { deleteUserKey } from '../../keys/changing/user-keys.ts'
import { InvalidKeyStateError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'

const DeleteUserKeyInput = builder.inputType('DeleteUserKeyInput', {
  description: 'The key, with its name as confirmation.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    confirmName: t.string({ required: true, description: 'The exact name of the key.' }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const DeleteUserKeyPayload = builder
  .objectRef<{ deletedKeyId: string; deletedKeyName: string }>('DeleteUserKeyPayload')
  .implement({
    description: 'A deleted key.',
    fields: (t) => ({
      deletedKeyId: t.id({ description: 'The ID that it had.', resolve: ({ deletedKeyId }) => deletedKeyId }),
      deletedKeyName: t.string({
        description: 'The name that it had. Another key can use it now.',
        resolve: ({ deletedKeyName }) => deletedKeyName,
      }),
    }),
  })

builder.mutationField('deleteUserKey', (t) =>
  t.field({
    type: DeleteUserKeyPayload,
    nullable: true,
    description:
      'Deletes a key that has no version, or whose versions are all DESTROYED. Its ID is never used again, and its audit events stay. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: DeleteUserKeyInput,
        required: true,
        description: 'The key, with its name as confirmation.',
      }),
    },
    errors: { types: [...changeErrors, InvalidKeyStateError] },
    resolve: (_root, { input }, { parts, call }) => deleteUserKey(parts, call, input),
  }),
)
