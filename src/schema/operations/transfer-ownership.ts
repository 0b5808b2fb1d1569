import { transferOwnership } from '../../keys/changing/access-lists.ts'
import { LockoutError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { allowLockoutField } from '../types/access-list.ts'
import { defineKeyPayload } from './payloads.ts'

const TransferOwnershipInput = builder.inputType('TransferOwnershipInput', {
  description: 'The key, and its new owner.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    to: t.id({
      required: true,
      description:
        'The new owner, e.g. `user:bob`, `group:payments`, `service-account:ci` or `service-agent:Secrets Manager`. Every member of a group is then an owner.',
    }),
    allowLockout: allowLockoutField(t),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const TransferOwnershipPayload = defineKeyPayload(
  'TransferOwnershipPayload',
  'A key with its new owner; redacted if the caller locked itself out.',
)

builder.mutationField('transferOwnership', (t) =>
  t.field({
    type: TransferOwnershipPayload,
    nullable: true,
    description:
      'Makes another subject the owner of a key. The access list stays as it is. For the owner, whatever its role, and for callers with MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: TransferOwnershipInput,
        required: true,
        description: 'The key, and its new owner.',
      }),
    },
    errors: { types: [...changeErrors, LockoutError] },
    resolve: (_root, { input }, { parts, call }) => transferOwnership(parts, call, input),
  }),
)
