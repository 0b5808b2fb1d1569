import type { PublicKeyView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { KeyAlgorithm } from './enums.ts'

/** A public key. */
export const PublicKey = builder.objectRef<PublicKeyView>('PublicKey').implement({
  description: 'The public half of a key version, for encrypting and verifying elsewhere. Not a secret.',
  fields: (t) => ({
    pem: t.string({ description: 'SubjectPublicKeyInfo as PEM (RFC 7468 §13).', resolve: ({ pem }) => pem }),
    jwk: t.field({
      type: 'JSON',
      description:
        'JSON Web Key (RFC 7517). That of a version has its ID as `kid`, `use`, and `alg` if the key signs in one way alone.',
      resolve: ({ jwk }) => jwk,
    }),
    fingerprint: t.string({
      description: 'SHA-256 thumbprint of the JWK, base64url (RFC 7638).',
      resolve: ({ fingerprint }) => fingerprint,
    }),
    algorithm: t.field({
      type: KeyAlgorithm,
      description: 'Algorithm of the key.',
      resolve: ({ algorithm }) => algorithm,
    }),
  }),
})
