import { removeAllowedSubjects } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { allowedSubjectsMax } from '../../keys/rules/input.ts'
import { changeErrors } from '../errors.ts'
import { listOptions } from '../list-limits.ts'
import { allowLockoutField } from '../types/access-list.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const RemoveAllowedSubjectsPayload = defineKeyPayload(
  'RemoveAllowedSubjectsPayload',
  'A key with its new list; redacted if the caller locked itself out.',
)

defineMutation('removeAllowedSubjects', {
  description: 'Removes subjects from the access list of a key. Needs MANAGE.',
  input: 'The key, and the subjects to remove.',
  fields: (t) => ({
    key: keyField(t),
    subjects: t.field({
      type: ['SubjectRef'],
      required: true,
      ...listOptions(
        allowedSubjectsMax,
        'Subjects to remove; those not on the list are ignored, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
      ),
    }),
    allowLockout: allowLockoutField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: RemoveAllowedSubjectsPayload,
  errors: [...changeErrors, LockoutError],
  resolve: ({ parts, call }, input) => removeAllowedSubjects(parts, call, input),
})
