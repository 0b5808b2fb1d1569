import { addAllowedSubjects } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { allowedSubjectsMax } from '../../keys/rules/input.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { listOptions } from '../list-limits.ts'
import { defineKeyPayload } from './payloads.ts'

const AddAllowedSubjectsInput = builder.inputType('AddAllowedSubjectsInput', {
  description: 'The key, and the subjects to add.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    subjects: t.stringList({
      required: true,
      ...listOptions(
        allowedSubjectsMax,
        'Subjects to add, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
      ),
    }),
    allowLockout: t.boolean({
      description:
        'Allow the change even if the caller then no longer has access itself. False if not given.',
    }),
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
    description: 'Adds subjects to the access list of a key. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: AddAllowedSubjectsInput,
        required: true,
        description: 'The key, and the subjects to add.',
      }),
    },
    errors: { types: [...changeErrors, LockoutError] },
    resolve: (_root, { input }, { parts, call }) => addAllowedSubjects(parts, call, input),
  }),
)
