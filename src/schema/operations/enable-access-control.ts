import { enableAccessControl } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { allowedSubjectsMax } from '../../keys/rules/input.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { listOptions } from '../list-limits.ts'
import { defineKeyPayload } from './payloads.ts'

const EnableAccessControlInput = builder.inputType('EnableAccessControlInput', {
  description: 'The key, and the subjects that get access.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    subjects: t.stringList({
      required: true,
      ...listOptions(
        allowedSubjectsMax,
        'Subjects, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
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

const EnableAccessControlPayload = defineKeyPayload(
  'EnableAccessControlPayload',
  'A key with access control; redacted if the caller locked itself out.',
)

builder.mutationField('enableAccessControl', (t) =>
  t.field({
    type: EnableAccessControlPayload,
    nullable: true,
    description:
      'Limits a key to its owner and the given subjects; everyone else, a project administrator too, gets it redacted. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: EnableAccessControlInput,
        required: true,
        description: 'The key, and the subjects that get access.',
      }),
    },
    errors: { types: [...changeErrors, LockoutError] },
    resolve: (_root, { input }, { parts, call }) => enableAccessControl(parts, call, input),
  }),
)
