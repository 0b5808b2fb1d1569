import { addAllowedSubjects } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { accessListFields, allowLockoutField } from '../types/access-list.ts'
import { defineKeyPayload } from './payloads.ts'

const AddAllowedSubjectsInput = builder.inputType('AddAllowedSubjectsInput', {
  description: 'The key, and the entries to add.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    ...accessListFields(t),
    allowLockout: allowLockoutField(t),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const AddAllowedSubjectsPayload = defineKeyPayload('AddAllowedSubjectsPayload', 'A key with its new list.')

builder.mutationField('addAllowedSubjects', (t) =>
  t.field({
    type: AddAllowedSubjectsPayload,
    nullable: true,
    description:
      'Adds entries to the access list of a key. Those of a subject replace the entries that it had. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: AddAllowedSubjectsInput,
        required: true,
        description: 'The key, and the entries to add.',
      }),
    },
    errors: { types: [...changeErrors, LockoutError] },
    resolve: (_root, { input }, { parts, call }) => addAllowedSubjects(parts, call, input),
  }),
)
