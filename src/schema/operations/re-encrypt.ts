import type { ReEncryptOutput } from '../../keys/operations/re-encrypt.ts'
import { reEncrypt, reEncryptBatch } from '../../keys/operations/re-encrypt.ts'
import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { reEncryptErrors } from '../errors.ts'
import { contextOptions } from '../types/encryption-context.ts'
import { defineBatchableInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { addUsedVersion } from './payloads.ts'

const inputs = defineBatchableInput(
  'ReEncrypt',
  'The ciphertext to re-encrypt, and the destination.',
  (t) => ({
    ciphertext: t.field({ type: 'Base64', required: true, description: 'A ciphertext of a symmetric key.' }),
    sourceAdditionalAuthenticatedData: t.field({
      type: 'Base64',
      description: 'The data that it was encrypted with.',
    }),
    sourceContext: t.field(
      contextOptions('The encryption context that it was encrypted with; recorded in the audit trail.'),
    ),
    destinationKeyId: t.id({ description: 'The key to encrypt with; the same as before if not given.' }),
    destinationAdditionalAuthenticatedData: t.field({
      type: 'Base64',
      description:
        'The data to encrypt it with, none if empty. Without data and context they are the same as before.',
    }),
    destinationContext: t.field(
      contextOptions(
        'The encryption context to encrypt it with; recorded in the audit trail. Without data and context they are the same as before.',
      ),
    ),
  }),
)

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
  }),
})
addUsedVersion(ReEncryptPayload)

const ReEncryptBatchPayload = defineBatchPayload('ReEncrypt', ReEncryptPayload, reEncryptErrors)

builder.mutationField('reEncrypt', (t) =>
  t.field({
    type: ReEncryptPayload,
    nullable: true,
    description:
      'Decrypts a ciphertext and encrypts it again under the default version of the same or another key, without disclosing the plaintext. Needs DECRYPT of the key before, and ENCRYPT of the key after.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: inputs.single,
        required: true,
        description: 'The ciphertext to re-encrypt, and the destination.',
      }),
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
