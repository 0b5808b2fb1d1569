import { activateUserKey } from '../../keys/changing/versions.ts'
import { InvalidKeyOriginError, InvalidKeyStateError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const ActivateUserKeyInput = builder.inputType('ActivateUserKeyInput', {
  description: 'The key.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const ActivateUserKeyPayload = defineVersionPayload('ActivateUserKeyPayload', 'An activated key.')

builder.mutationField('activateUserKey', (t) =>
  t.field({
    type: ActivateUserKeyPayload,
    nullable: true,
    description: 'Generates version 1 of a key that was created with pre-activation. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: ActivateUserKeyInput, required: true, description: 'The key.' }) },
    errors: { types: [...changeErrors, InvalidKeyStateError, InvalidKeyOriginError] },
    resolve: (_root, { input }, { parts, call }) => activateUserKey(parts, call, input),
  }),
)
