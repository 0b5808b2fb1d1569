import { rotateUserKey } from '../../keys/changing/versions.ts'
import { InvalidKeyOriginError, InvalidKeyStateError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const RotateUserKeyInput = builder.inputType('RotateUserKeyInput', {
  description: 'The key.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    expectedDefaultVersion: t.int({
      description:
        'Refuse with ConflictError unless this is still the default version, so that a repeated request does not rotate twice.',
    }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const RotateUserKeyPayload = defineVersionPayload(
  'RotateUserKeyPayload',
  'A rotated key and its new version.',
)

builder.mutationField('rotateUserKey', (t) =>
  t.field({
    type: RotateUserKeyPayload,
    nullable: true,
    description:
      'Generates the next version of a key: ACTIVE and the default at once. Older versions stay as they are, so what they encrypted still opens. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: RotateUserKeyInput, required: true, description: 'The key.' }) },
    errors: { types: [...changeErrors, InvalidKeyStateError, InvalidKeyOriginError] },
    resolve: (_root, { input }, { parts, call }) => rotateUserKey(parts, call, input),
  }),
)
