import { disableAccessControl } from '../../keys/changing/access-lists.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { defineKeyPayload } from './payloads.ts'

const DisableAccessControlInput = builder.inputType('DisableAccessControlInput', {
  description: 'The key.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const DisableAccessControlPayload = defineKeyPayload(
  'DisableAccessControlPayload',
  'A key without access control.',
)

builder.mutationField('disableAccessControl', (t) =>
  t.field({
    type: DisableAccessControlPayload,
    nullable: true,
    description:
      'Switches access control off, so that roles alone decide who has access. Clears the access list. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: DisableAccessControlInput, required: true, description: 'The key.' }) },
    errors: { types: [...changeErrors] },
    resolve: (_root, { input }, { parts, call }) => disableAccessControl(parts, call, input),
  }),
)
