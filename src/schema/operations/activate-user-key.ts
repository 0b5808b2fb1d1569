import { activateUserKey } from '../../keys/changing/versions.ts'
import { InvalidKeyOriginError, InvalidKeyStateError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineVersionPayload } from './payloads.ts'

const ActivateUserKeyPayload = defineVersionPayload('ActivateUserKeyPayload', 'An activated key.')

defineMutation('activateUserKey', {
  description: 'Generates version 1 of a key that was created with pre-activation. Needs MANAGE.',
  input: 'The key.',
  fields: (t) => ({
    key: keyField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: ActivateUserKeyPayload,
  errors: [...changeErrors, InvalidKeyStateError, InvalidKeyOriginError],
  resolve: ({ parts, call }, input) => activateUserKey(parts, call, input),
})
