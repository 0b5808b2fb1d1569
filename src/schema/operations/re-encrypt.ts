import type { ReEncryptOutput } from '../../keys/operations/re-encrypt.ts'
import { reEncrypt, reEncryptBatch } from '../../keys/operations/re-encrypt.ts'
import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { reEncryptErrors } from '../errors.ts'
import { defineBatchPayload, pairOutcomes } from './batch.ts'
import { defineBatchableInput } from './batchable-input.ts'

const inputs = defineBatchableInput('ReEncrypt', 'What to re-encrypt, and how.', (t) => ({
  ciphertext: t.field({ type: 'Base64', required: true, description: 'What a symmetric key encrypted.' }),
  sourceAdditionalAuthenticatedData: t.field({
    type: 'Base64',
    description: 'What it was encrypted with.',
  }),
  destinationKeyId: t.id({ description: 'The key to encrypt with; the same as before if not given.' }),
  destinationAdditionalAuthenticatedData: t.field({
    type: 'Base64',
    description: 'What to encrypt it with; the same as before if not given, none if empty.',
  }),
}))

const ReEncryptPayload = builder.objectRef<ReEncryptOutput>('ReEncryptPayload').implement({
  description: 'Re-encrypted bytes.',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      description: 'The new ciphertext.',
      resolve: ({ ciphertext }) => ciphertext,
    }),
    sourceKeyId: t.id({
      description: 'The key that it was encrypted with before.',
      resolve: ({ sourceKeyId }) => sourceKeyId,
    }),
    sourceVersion: t.int({
      description: 'The version that it was encrypted with before.',
      resolve: ({ sourceVersion }) => sourceVersion,
    }),
    keyId: t.id({ description: 'The key that was used.', resolve: ({ keyId }) => keyId }),
    version: t.int({ description: 'The version that was used.', resolve: ({ version }) => version }),
  }),
})

const ReEncryptBatchPayload = defineBatchPayload('ReEncrypt', ReEncryptPayload, reEncryptErrors)

builder.mutationField('reEncrypt', (t) =>
  t.field({
    type: ReEncryptPayload,
    nullable: true,
    description:
      'Decrypts, and encrypts again under the default version of the same or of another key, without showing the plaintext. Needs USE of both keys.',
    // The domain checks the caller, and puts refusals on record.
    authScopes: { authenticated: true },
    args: {
      input: t.arg({ type: inputs.single, required: true, description: 'What to re-encrypt, and how.' }),
    },
    errors: { types: [...reEncryptErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, reEncrypt, input),
  }),
)

builder.mutationField('reEncryptBatch', (t) =>
  t.field({
    type: ReEncryptBatchPayload,
    nullable: true,
    description:
      'Re-encrypts many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.batch, required: true, description: 'The batch.' }) },
    errors: { types: [InputValidationError] },
    resolve: async (_root, { input: { items } }, { parts, call }) =>
      pairOutcomes(items, await runBatch(parts, call, reEncryptBatch, items)),
  }),
)
