import { addAllowedSubjects } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { accessListFields, allowLockoutField } from '../types/access-list.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const AddAllowedSubjectsPayload = defineKeyPayload('AddAllowedSubjectsPayload', 'A key with its new list.')

defineMutation('addAllowedSubjects', {
  description:
    'Adds entries to the access list of a key. Those of a subject replace the entries that it had. Needs MANAGE.',
  input: 'The key, and the entries to add.',
  fields: (t) => ({
    key: keyField(t),
    ...accessListFields(t),
    allowLockout: allowLockoutField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: AddAllowedSubjectsPayload,
  errors: [...changeErrors, LockoutError],
  resolve: ({ parts, call }, input) => addAllowedSubjects(parts, call, input),
})
