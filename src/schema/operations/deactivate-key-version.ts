import { deactivateKeyVersion } from '../../keys/changing/versions.ts'
import { builder } from '../builder.ts'
import { versionChangeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const DeactivateKeyVersionInput = builder.inputType('DeactivateKeyVersionInput', {
  description: 'The version.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    version: t.int({ required: true, description: 'Number of the version.' }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const DeactivateKeyVersionPayload = defineVersionPayload(
  'DeactivateKeyVersionPayload',
  'A deactivated version.',
)

builder.mutationField('deactivateKeyVersion', (t) =>
  t.field({
    type: DeactivateKeyVersionPayload,
    nullable: true,
    description:
      'Stops all use of an ACTIVE version at once, including decryption. It can be activated again. Other replicas of the server follow within their cache lifetime. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({ type: DeactivateKeyVersionInput, required: true, description: 'The version.' }),
    },
    errors: { types: [...versionChangeErrors] },
    resolve: (_root, { input }, { parts, call }) => deactivateKeyVersion(parts, call, input),
  }),
)
