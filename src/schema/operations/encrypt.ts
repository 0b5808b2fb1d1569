import type { EncryptOutput } from '../../keys/operations/encrypt.ts'
import { encrypt, encryptBatch } from '../../keys/operations/encrypt.ts'
import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { encryptErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { defineBatchableInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { addUsedVersion } from './payloads.ts'

const inputs = defineBatchableInput('Encrypt', 'The data to encrypt, and the key.', (t) => ({
  keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
  plaintext: t.field({
    type: 'Base64',
    required: true,
    description:
      'The bytes to encrypt: at most 64 KiB, or what the padding leaves for RSA (190 bytes with RSA_2048).',
  }),
  ...associatedFields(t, ' Symmetric keys only.'),
}))

const EncryptPayload = builder.objectRef<EncryptOutput>('EncryptPayload').implement({
  description: 'Encrypted bytes.',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      description:
        'Symmetric keys: self-describing, so that `decrypt` needs nothing else. RSA: RSAES-OAEP with SHA-256 (RFC 8017 §7.1).',
      resolve: ({ ciphertext }) => ciphertext,
    }),
  }),
})
addUsedVersion(EncryptPayload)

const EncryptBatchPayload = defineBatchPayload('Encrypt', EncryptPayload, encryptErrors)

builder.mutationField('encrypt', (t) =>
  t.field({
    type: EncryptPayload,
    nullable: true,
    description: 'Encrypts under the default version of a key. Needs ENCRYPT.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: inputs.single,
        required: true,
        description: 'The data to encrypt, and the key.',
      }),
    },
    errors: { types: [...encryptErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, encrypt, input),
  }),
)

builder.mutationField('encryptBatch', (t) =>
  t.field({
    type: EncryptBatchPayload,
    nullable: true,
    description:
      'Encrypts many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.batch, required: true, description: 'The batch.' }) },
    errors: { types: [InputValidationError] },
    resolve: async (_root, { input: { items } }, { parts, call }) =>
      pairOutcomes(items, await runBatch(parts, call, encryptBatch, items)),
  }),
)
