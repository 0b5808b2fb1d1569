import type { ReEncryptOutput } from '../../keys/operations/re-encrypt.ts'
import { reEncrypt, reEncryptBatch } from '../../keys/operations/re-encrypt.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'
import { reEncryptErrors } from '../errors.ts'
import { contextOptions } from '../types/encryption-context.ts'
import { defineBatchableMutation } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

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
    sourceVersionNumber: t.int({
      description: 'Number of the version that it was encrypted with before.',
      resolve: ({ sourceVersionNumber }) => sourceVersionNumber,
    }),
  }),
})
addUsedVersion(ReEncryptPayload)

defineBatchableMutation('reEncrypt', {
  description:
    'Decrypts a ciphertext and encrypts it again under the default version of the same or another key, without disclosing the plaintext. Needs DECRYPT of the key before, and ENCRYPT of the key after.',
  input: 'The ciphertext to re-encrypt, and the destination.',
  fields: (t) => ({
    ciphertext: t.field({ type: 'Base64', required: true, description: 'A ciphertext of a symmetric key.' }),
    sourceAdditionalAuthenticatedData: t.field({
      type: 'Base64',
      description: 'The data that it was encrypted with.',
    }),
    sourceContext: t.field(
      contextOptions('The encryption context that it was encrypted with; recorded in the audit trail.'),
    ),
    destinationKey: t.field({
      type: 'KeyRef',
      description: 'The key to encrypt with: its ID, name or alias; the same as before if not given.',
    }),
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
  payload: ReEncryptPayload,
  errors: reEncryptErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, reEncrypt, input),
  many: 'Re-encrypts many items',
  batch: reEncryptBatch,
})
