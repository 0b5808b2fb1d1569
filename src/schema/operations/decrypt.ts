import type { DecryptOutput } from '../../keys/operations/decrypt.ts'
import { decrypt, decryptBatch } from '../../keys/operations/decrypt.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'
import { openErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { EncryptionAlgorithm } from '../types/enums.ts'
import { KeyVersionRef } from '../types/key-version.ts'
import { defineBatchableMutation } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

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

defineBatchableMutation('decrypt', {
  description:
    'Decrypts a ciphertext while the version that encrypted it is ACTIVE. All failures are the same InvalidCiphertextError. Needs DECRYPT.',
  input: 'The ciphertext to decrypt.',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      required: true,
      description: 'A ciphertext from `encrypt`, or, for RSA, any RSAES-OAEP ciphertext.',
    }),
    ...associatedFields(t, ' Symmetric keys only.'),
    key: t.field({
      type: 'KeyRef',
      description:
        'Symmetric keys: the ciphertext names its key; if given, it must be that one. Not together with `version`.',
    }),
    version: t.field({
      type: KeyVersionRef,
      description: 'RSA: required, the version whose public key was used. Not for symmetric keys.',
    }),
    encryptionAlgorithm: t.field({
      type: EncryptionAlgorithm,
      description: 'RSA only: padding; RSAES_OAEP_SHA_256 if not given.',
    }),
  }),
  payload: DecryptPayload,
  errors: openErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, decrypt, input),
  many: 'Decrypts many items',
  batch: decryptBatch,
})
