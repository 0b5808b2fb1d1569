import { transferOwnership } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { allowLockoutField } from '../types/access-list.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const TransferOwnershipPayload = defineKeyPayload(
  'TransferOwnershipPayload',
  'A key with its new owner; redacted if the caller locked itself out.',
)

defineMutation('transferOwnership', {
  description:
    'Makes another subject the owner of a key. The access list stays as it is. For the owner, whatever its role, and for callers with MANAGE.',
  input: 'The key, and its new owner.',
  fields: (t) => ({
    key: keyField(t),
    to: t.field({
      type: 'SubjectRef',
      required: true,
      description:
        'The new owner, e.g. `user:bob`, `group:payments`, `service-account:ci` or `service-agent:Secrets Manager`. Every member of a group is then an owner.',
    }),
    allowLockout: allowLockoutField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: TransferOwnershipPayload,
  errors: [...changeErrors, LockoutError],
  resolve: ({ parts, call }, input) => transferOwnership(parts, call, input),
})
