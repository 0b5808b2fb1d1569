import { restoreKeyVersion } from '../../keys/changing/versions.ts'
import { builder } from '../builder.ts'
import { versionChangeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const RestoreKeyVersionInput = builder.inputType('RestoreKeyVersionInput', {
  description: 'The version.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    version: t.int({ required: true, description: 'Number of the version.' }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const RestoreKeyVersionPayload = defineVersionPayload('RestoreKeyVersionPayload', 'A restored version.')

builder.mutationField('restoreKeyVersion', (t) =>
  t.field({
    type: RestoreKeyVersionPayload,
    nullable: true,
    description: 'Cancels a scheduled destruction. The version is DEACTIVATED again. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: RestoreKeyVersionInput, required: true, description: 'The version.' }) },
    errors: { types: [...versionChangeErrors] },
    resolve: (_root, { input }, { parts, call }) => restoreKeyVersion(parts, call, input),
  }),
)
