import { runOperation } from '../../keys/operations/run-operation.ts'
import type { EncapsulateOutput } from '../../keys/operations/shared-secrets.ts'
import { encapsulate } from '../../keys/operations/shared-secrets.ts'
import { builder } from '../builder.ts'
import { protectErrors } from '../errors.ts'
import { defineMutation, keyField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const EncapsulatePayload = builder.objectRef<EncapsulateOutput>('EncapsulatePayload').implement({
  description: 'A new shared secret, and the ciphertext from which it can be decapsulated.',
  fields: (t) => ({
    sharedSecret: t.field({
      type: 'Base64',
      description: '32 bytes (FIPS 203); derive keys from them.',
      resolve: ({ sharedSecret }) => sharedSecret,
    }),
    ciphertext: t.field({
      type: 'Base64',
      description: "The standard's bytes: 1,088 with ML-KEM-768, 1,568 with ML-KEM-1024.",
      resolve: ({ ciphertext }) => ciphertext,
    }),
  }),
})
addUsedVersion(EncapsulatePayload)

defineMutation('encapsulate', {
  description:
    'Encapsulates a fresh shared secret for the default version of a key (FIPS 203 §7.2). Software that supports ML-KEM can do this with the public key alone. Needs ENCAPSULATE.',
  input: 'The key.',
  fields: (t) => ({ key: keyField(t) }),
  payload: EncapsulatePayload,
  errors: protectErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, encapsulate, input),
})
