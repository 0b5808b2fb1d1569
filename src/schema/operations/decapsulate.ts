import { runOperation } from '../../keys/operations/run-operation.ts'
import type { SharedSecretOutput } from '../../keys/operations/shared-secrets.ts'
import { decapsulate } from '../../keys/operations/shared-secrets.ts'
import { builder } from '../builder.ts'
import { verifyErrors } from '../errors.ts'
import { defineMutation, versionField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The ciphertext to decapsulate, and the key.'

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

defineMutation('decapsulate', {
  description: 'Decapsulates a shared secret with an ACTIVE version (FIPS 203 §7.3). Needs DECAPSULATE.',
  input: description,
  fields: (t) => ({
    version: versionField(t, 'The version whose public key was used.'),
    ciphertext: t.field({
      type: 'Base64',
      required: true,
      description: "The standard's bytes, in their exact length.",
    }),
  }),
  payload: DecapsulatePayload,
  errors: verifyErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, decapsulate, input),
})
