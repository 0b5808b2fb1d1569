import type { DecryptOutput } from '../../keys/operations/decrypt.ts'
import { decrypt, decryptBatch } from '../../keys/operations/decrypt.ts'
import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { openErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { EncryptionAlgorithm } from '../types/enums.ts'
import { defineBatchableInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { addUsedVersion } from './payloads.ts'

const inputs = defineBatchableInput('Decrypt', 'The ciphertext to decrypt.', (t) => ({
  ciphertext: t.field({
    type: 'Base64',
    required: true,
    description: 'A ciphertext from `encrypt`, or, for RSA, any RSAES-OAEP ciphertext.',
  }),
  ...associatedFields(t, ' Symmetric keys only.'),
  keyId: t.id({
    description:
      'RSA: required. Symmetric keys: the ciphertext names its key; if given, it must be that one.',
  }),
  version: t.int({
    description: 'RSA: required, the version whose public key was used. Not for symmetric keys.',
  }),
  encryptionAlgorithm: t.field({
    type: EncryptionAlgorithm,
    description: 'RSA only: padding; RSAES_OAEP_SHA_256 if not given.',
  }),
}))

const DecryptPayload = builder.objectRef<DecryptOutput>('DecryptPayload').implement({
  description: 'Decrypted bytes.',
  fields: (t) => ({
    plaintext: t.field({
      type: 'Base64',
      description: 'The decrypted bytes.',
      resolve: ({ plaintext }) => plaintext,
    }),
  }),
})
addUsedVersion(DecryptPayload)

const DecryptBatchPayload = defineBatchPayload('Decrypt', DecryptPayload, openErrors)

builder.mutationField('decrypt', (t) =>
  t.field({
    type: DecryptPayload,
    nullable: true,
    description:
      'Decrypts a ciphertext while the version that encrypted it is ACTIVE. All failures are the same InvalidCiphertextError. Needs DECRYPT.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({ type: inputs.single, required: true, description: 'The ciphertext to decrypt.' }),
    },
    errors: { types: [...openErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, decrypt, input),
  }),
)

builder.mutationField('decryptBatch', (t) =>
  t.field({
    type: DecryptBatchPayload,
    nullable: true,
    description:
      'Decrypts many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.batch, required: true, description: 'The batch.' }) },
    errors: { types: [InputValidationError] },
    resolve: async (_root, { input: { items } }, { parts, call }) =>
      pairOutcomes(items, await runBatch(parts, call, decryptBatch, items)),
  }),
)
