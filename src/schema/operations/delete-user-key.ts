import { deleteUserKey } from '../../keys/changing/user-keys.ts'
import { InvalidKeyStateError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'

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

defineMutation('deleteUserKey', {
  description:
    'Deletes a key that has no version, or whose versions are all DESTROYED. Its ID is never used again, and its audit events stay. Needs MANAGE.',
  input: 'The key, with its name as confirmation.',
  fields: (t) => ({
    key: keyField(t),
    confirmName: t.string({ required: true, description: 'The exact name of the key.' }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: DeleteUserKeyPayload,
  errors: [...changeErrors, InvalidKeyStateError],
  resolve: ({ parts, call }, input) => deleteUserKey(parts, call, input),
})
