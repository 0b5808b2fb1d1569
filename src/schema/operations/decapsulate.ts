import { runOperation } from '../../keys/operations/run-operation.ts'
import type { SharedSecretOutput } from '../../keys/operations/shared-secrets.ts'
import { decapsulate } from '../../keys/operations/shared-secrets.ts'
import { builder } from '../builder.ts'
import { verifyErrors } from '../errors.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The ciphertext to decapsulate, and the key.'

const DecapsulateInput = builder.inputType('DecapsulateInput', {
  description,
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    version: t.int({ required: true, description: 'The version whose public key was used.' }),
    ciphertext: t.field({
      type: 'Base64',
      required: true,
      description: "The standard's bytes, in their exact length.",
    }),
  }),
})

const DecapsulatePayload = builder.objectRef<SharedSecretOutput>('DecapsulatePayload').implement({
  description: 'The shared secret of a ciphertext.',
  fields: (t) => ({
    sharedSecret: t.field({
      type: 'Base64',
      description:
        '32 bytes. A ciphertext that was changed gives another secret and no error (FIPS 203 §6.3, implicit rejection).',
      resolve: ({ sharedSecret }) => sharedSecret,
    }),
  }),
})
addUsedVersion(DecapsulatePayload)

builder.mutationField('decapsulate', (t) =>
  t.field({
    type: DecapsulatePayload,
    nullable: true,
    description: 'Decapsulates a shared secret with an ACTIVE version (FIPS 203 §7.3). Needs DECAPSULATE.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: DecapsulateInput, required: true, description }) },
    errors: { types: [...verifyErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, decapsulate, input),
  }),
)
