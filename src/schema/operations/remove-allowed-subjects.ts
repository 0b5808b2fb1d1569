import { removeAllowedSubjects } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { allowedSubjectsMax } from '../../keys/rules/input.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { listOptions } from '../list-limits.ts'
import { defineKeyPayload } from './payloads.ts'

const RemoveAllowedSubjectsInput = builder.inputType('RemoveAllowedSubjectsInput', {
  description: 'The key, and the subjects to remove.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    subjects: t.stringList({
      required: true,
      ...listOptions(
        allowedSubjectsMax,
        'Subjects to remove; those not on the list are ignored, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
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

const RemoveAllowedSubjectsPayload = defineKeyPayload(
  'RemoveAllowedSubjectsPayload',
  'A key with its new list; redacted if the caller locked itself out.',
)

builder.mutationField('removeAllowedSubjects', (t) =>
  t.field({
    type: RemoveAllowedSubjectsPayload,
    nullable: true,
    description: 'Removes subjects from the access list of a key. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: RemoveAllowedSubjectsInput,
        required: true,
        description: 'The key, and the subjects to remove.',
      }),
    },
    errors: { types: [...changeErrors, LockoutError] },
    resolve: (_root, { input }, { parts, call }) => removeAllowedSubjects(parts, call, input),
  }),
)
