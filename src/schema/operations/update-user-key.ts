import { updateUserKey } from '../../keys/changing/user-keys.ts'
import { NameTakenError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { settableFields } from '../types/user-key.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const UpdateUserKeyPayload = defineKeyPayload('UpdateUserKeyPayload', 'An updated key.')

defineMutation('updateUserKey', {
  description: 'Changes name or description of a key, or whether queries may decrypt with it. Needs MANAGE.',
  input: 'The changes. Fields that are not given stay as they are.',
  fields: (t) => ({
    key: keyField(t),
    name: t.string({
      description:
        'A new name: 1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first.',
    }),
    ...settableFields(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: UpdateUserKeyPayload,
  errors: [...changeErrors, NameTakenError],
  resolve: ({ parts, call }, input) => updateUserKey(parts, call, input),
})
