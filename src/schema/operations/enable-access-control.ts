import { enableAccessControl } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { accessListFields, allowLockoutField } from '../types/access-list.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const EnableAccessControlPayload = defineKeyPayload(
  'EnableAccessControlPayload',
  'A key with access control; redacted if the caller locked itself out.',
)

defineMutation('enableAccessControl', {
  description:
    'Limits a key to its owner and the given entries; everyone else, a project administrator too, gets it redacted. Needs MANAGE.',
  input: 'The key, and the entries of its access list.',
  fields: (t) => ({
    key: keyField(t),
    ...accessListFields(t),
    allowLockout: allowLockoutField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: EnableAccessControlPayload,
  errors: [...changeErrors, LockoutError],
  resolve: ({ parts, call }, input) => enableAccessControl(parts, call, input),
})
