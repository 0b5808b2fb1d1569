import { activateKeyVersion } from '../../keys/changing/versions.ts'
import { builder } from '../builder.ts'
import { versionChangeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const ActivateKeyVersionInput = builder.inputType('ActivateKeyVersionInput', {
  description: 'The version.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    version: t.int({ required: true, description: 'Number of the version.' }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const ActivateKeyVersionPayload = defineVersionPayload('ActivateKeyVersionPayload', 'An activated version.')

builder.mutationField('activateKeyVersion', (t) =>
  t.field({
    type: ActivateKeyVersionPayload,
    nullable: true,
    description: 'Brings a DEACTIVATED version back into use. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: ActivateKeyVersionInput, required: true, description: 'The version.' }) },
    errors: { types: [...versionChangeErrors] },
    resolve: (_root, { input }, { parts, call }) => activateKeyVersion(parts, call, input),
  }),
)
