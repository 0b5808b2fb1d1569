import type { DecryptOutput } from '../../keys/operations/decrypt.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { decryptWithServiceKey } from '../../keys/operations/service-keys.ts'
import { builder } from '../builder.ts'
import { serviceOpenErrors } from '../errors.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { addUsedVersion } from './payloads.ts'

const DecryptWithServiceKeyInput = builder.inputType('DecryptWithServiceKeyInput', {
  description: 'The ciphertext to decrypt.',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      required: true,
      description: 'A ciphertext from `encryptWithServiceKey` or `generateServiceDataKey`.',
    }),
    ...associatedFields(t),
  }),
})

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

builder.mutationField('decryptWithServiceKey', (t) =>
  t.field({
    type: DecryptWithServiceKeyPayload,
    nullable: true,
    description:
      'Decrypts with the service key of the calling service. Only for a service itself: a token of kind SERVICE_AGENT.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: DecryptWithServiceKeyInput,
        required: true,
        description: 'The ciphertext to decrypt.',
      }),
    },
    errors: { types: [...serviceOpenErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, decryptWithServiceKey, input),
  }),
)
