import type { EncryptOutput } from '../../keys/operations/encrypt.ts'
import { encrypt, encryptBatch } from '../../keys/operations/encrypt.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'
import { encryptErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { defineBatchableMutation, keyField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

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

defineBatchableMutation('encrypt', {
  description: 'Encrypts under the default version of a key. Needs ENCRYPT.',
  input: 'The data to encrypt, and the key.',
  fields: (t) => ({
    key: keyField(t),
    plaintext: t.field({
      type: 'Base64',
      required: true,
      description:
        'The bytes to encrypt: at most 64 KiB, or what the padding leaves for RSA (190 bytes with RSA_2048).',
    }),
    ...associatedFields(t, ' Symmetric keys only.'),
  }),
  payload: EncryptPayload,
  errors: encryptErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, encrypt, input),
  many: 'Encrypts many items',
  batch: encryptBatch,
})
