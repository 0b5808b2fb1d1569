import { runOperation } from '../../keys/operations/run-operation.ts'
import type { EncapsulateOutput } from '../../keys/operations/shared-secrets.ts'
import { encapsulate } from '../../keys/operations/shared-secrets.ts'
import { builder } from '../builder.ts'
import { protectErrors } from '../errors.ts'
import { addUsedVersion } from './used-version.ts'

const EncapsulateInput = builder.inputType('EncapsulateInput', {
  description: 'For which key.',
  fields: (t) => ({ keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }) }),
})

const EncapsulatePayload = builder.objectRef<EncapsulateOutput>('EncapsulatePayload').implement({
  description: 'A fresh shared secret, and what carries it to whoever may decapsulate.',
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

builder.mutationField('encapsulate', (t) =>
  t.field({
    type: EncapsulatePayload,
    nullable: true,
    description:
      'Encapsulates a fresh shared secret for the default version of a key (FIPS 203 §7.2). Any software can do so with the public key alone; this is for those that cannot. Needs USE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: EncapsulateInput, required: true, description: 'For which key.' }) },
    errors: { types: [...protectErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, encapsulate, input),
  }),
)
