import { disableAccessControl } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { allowLockoutField } from '../types/access-list.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const DisableAccessControlPayload = defineKeyPayload(
  'DisableAccessControlPayload',
  'A key without access control.',
)

defineMutation('disableAccessControl', {
  description:
    'Switches access control off, so that roles alone decide who has access. Clears the access list. Needs MANAGE.',
  input: 'The key.',
  fields: (t) => ({
    key: keyField(t),
    allowLockout: allowLockoutField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: DisableAccessControlPayload,
  errors: [...changeErrors, LockoutError],
  resolve: ({ parts, call }, input) => disableAccessControl(parts, call, input),
})
