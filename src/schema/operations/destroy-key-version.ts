import { destroyKeyVersion } from '../../keys/changing/versions.ts'
import { builder } from '../builder.ts'
import { versionChangeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const DestroyKeyVersionInput = builder.inputType('DestroyKeyVersionInput', {
  description: 'The version.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    version: t.int({ required: true, description: 'Number of the version.' }),
    waitingPeriodDays: t.int({
      description:
        'Days until then, 0 to 30; the server has a default (7 unless configured) and may have a minimum.',
    }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const DestroyKeyVersionPayload = defineVersionPayload(
  'DestroyKeyVersionPayload',
  'A version that is going to be destroyed; `destroyScheduledFor` says when.',
)

builder.mutationField('destroyKeyVersion', (t) =>
  t.field({
    type: DestroyKeyVersionPayload,
    nullable: true,
    description:
      'Schedules the destruction of a DEACTIVATED version. When the waiting period ends its material is erased, and nothing that only this version opens can be read again. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: DestroyKeyVersionInput, required: true, description: 'The version.' }) },
    errors: { types: [...versionChangeErrors] },
    resolve: (_root, { input }, { parts, call }) => destroyKeyVersion(parts, call, input),
  }),
)
