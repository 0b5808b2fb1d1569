import { runOperation } from '../../keys/operations/run-operation.ts'
import type { SharedSecretOutput } from '../../keys/operations/shared-secrets.ts'
import { deriveSharedSecret } from '../../keys/operations/shared-secrets.ts'
import { builder } from '../builder.ts'
import { verifyErrors } from '../errors.ts'
import { defineMutation, versionField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The key, the public key of the other party, and the context of the secret.'

const DeriveSharedSecretPayload = builder
  .objectRef<SharedSecretOutput>('DeriveSharedSecretPayload')
  .implement({
    description: 'A derived secret. The raw shared secret never leaves the server.',
    fields: (t) => ({
      sharedSecret: t.field({
        type: 'Base64',
        description: 'Output of HKDF (RFC 5869); its inputs are described in docs/algorithms.md.',
        resolve: ({ sharedSecret }) => sharedSecret,
      }),
    }),
  })
addUsedVersion(DeriveSharedSecretPayload)

const defaults = { lengthBytes: 32 } as const

defineMutation('deriveSharedSecret', {
  description:
    'Diffie-Hellman key agreement of an ACTIVE version with the public key of another party (NIST SP 800-56A §5.7.1.2, RFC 7748 §6), followed by HKDF. Needs DERIVE.',
  input: description,
  fields: (t) => ({
    version: versionField(t, 'The version whose public key the other party uses.'),
    peerPublicKey: t.field({
      type: 'Base64',
      required: true,
      description:
        'Public key of the other party on the same curve: SubjectPublicKeyInfo in DER, with a named curve and an uncompressed point (RFC 5480 §2).',
    }),
    context: t.field({
      type: 'Base64',
      required: true,
      description:
        'Purpose of the secret, at most 512 bytes; may be empty. Another context gives an unrelated secret.',
    }),
    lengthBytes: t.int({
      defaultValue: defaults.lengthBytes,
      description: 'Length of the output in bytes, 1 to 1,024.',
    }),
  }),
  defaults,
  payload: DeriveSharedSecretPayload,
  errors: verifyErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, deriveSharedSecret, input),
})
