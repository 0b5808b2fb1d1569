import type { EncryptOutput } from '../../keys/operations/encrypt.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { encryptWithServiceKey } from '../../keys/operations/service-keys.ts'
import { builder } from '../builder.ts'
import { serviceProtectErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { defineMutation } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const EncryptWithServiceKeyPayload = builder
  .objectRef<EncryptOutput>('EncryptWithServiceKeyPayload')
  .implement({
    description: 'Encrypted bytes.',
    fields: (t) => ({
      ciphertext: t.field({
        type: 'Base64',
        description: 'Self-describing ciphertext.',
        resolve: ({ ciphertext }) => ciphertext,
      }),
    }),
  })
addUsedVersion(EncryptWithServiceKeyPayload)

defineMutation('encryptWithServiceKey', {
  description:
    'Encrypts under the service key of the calling service, which its first encryption creates. Only for a service itself: a token of kind SERVICE_AGENT.',
  input: 'The data to encrypt.',
  fields: (t) => ({
    plaintext: t.field({
      type: 'Base64',
      required: true,
      description: 'The bytes to encrypt: at most 64 KiB.',
    }),
    ...associatedFields(t),
  }),
  payload: EncryptWithServiceKeyPayload,
  errors: serviceProtectErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, encryptWithServiceKey, input),
})
