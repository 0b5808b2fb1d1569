import type { DecryptOutput } from '../../keys/operations/decrypt.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { decryptWithServiceKey } from '../../keys/operations/service-keys.ts'
import { builder } from '../builder.ts'
import { serviceOpenErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { defineMutation } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const DecryptWithServiceKeyPayload = builder
  .objectRef<DecryptOutput>('DecryptWithServiceKeyPayload')
  .implement({
    description: 'Decrypted bytes.',
    fields: (t) => ({
      plaintext: t.field({
        type: 'Base64',
        description: 'The decrypted bytes.',
        resolve: ({ plaintext }) => plaintext,
      }),
    }),
  })
addUsedVersion(DecryptWithServiceKeyPayload)

defineMutation('decryptWithServiceKey', {
  description:
    'Decrypts with the service key of the calling service. Only for a service itself: a token of kind SERVICE_AGENT.',
  input: 'The ciphertext to decrypt.',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      required: true,
      description: 'A ciphertext from `encryptWithServiceKey` or `generateServiceDataKey`.',
    }),
    ...associatedFields(t),
  }),
  payload: DecryptWithServiceKeyPayload,
  errors: serviceOpenErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, decryptWithServiceKey, input),
})
