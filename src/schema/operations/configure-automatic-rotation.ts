import { configureAutomaticRotation } from '../../keys/changing/user-keys.ts'
import { InvalidKeyOriginError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { defineKeyPayload } from './payloads.ts'

const ConfigureAutomaticRotationInput = builder.inputType('ConfigureAutomaticRotationInput', {
  description: 'The key, and its automatic rotation.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    enabled: t.boolean({ required: true, description: 'Whether the system rotates the key by itself.' }),
    cycleDays: t.int({
      description:
        'Days from one rotation to the next, 1 to 1,095. If not given it stays, or is 365 when rotation was off.',
    }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const ConfigureAutomaticRotationPayload = defineKeyPayload(
  'ConfigureAutomaticRotationPayload',
  'A key with its new rotation.',
)

builder.mutationField('configureAutomaticRotation', (t) =>
  t.field({
    type: ConfigureAutomaticRotationPayload,
    nullable: true,
    description:
      'Switches automatic rotation on or off, or changes its cycle, which starts again today. With asymmetric keys each rotation changes the public key. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: ConfigureAutomaticRotationInput,
        required: true,
        description: 'The key, and its automatic rotation.',
      }),
    },
    errors: { types: [...changeErrors, InvalidKeyOriginError] },
    resolve: (_root, { input }, { parts, call }) => configureAutomaticRotation(parts, call, input),
  }),
)
