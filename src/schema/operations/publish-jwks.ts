import { publishJwks, unpublishJwks } from '../../keys/changing/key-sets.ts'
import { InvalidKeyOriginError, InvalidKeyStateError, InvalidKeyUsageError } from '../../keys/rules/errors.ts'
import { publishAheadHours, tokenLifetimeMinutes } from '../../keys/rules/key-sets.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const lifetimeMax = tokenLifetimeMinutes.max.toLocaleString('en')

defineMutation('publishJwks', {
  description:
    'Publishes the public keys of an asymmetric key for signatures as a JWK Set at an address without a token, or changes what the set promises; the address stays. The next version is made and published ahead, so that a rotation never surprises verifiers. Needs MANAGE.',
  input: 'The key, and what its set promises.',
  fields: (t) => ({
    key: keyField(t),
    tokenLifetimeMinutes: t.int({
      required: true,
      description: `Longest lifetime of what the key signs, ${tokenLifetimeMinutes.min} to ${lifetimeMax} minutes. The public key of a version that was replaced stays published for so long.`,
    }),
    publishAheadHours: t.int({
      description: `Hours for which a public key is published before its version signs, ${publishAheadHours.min} to ${publishAheadHours.max}; ${publishAheadHours.default} if not given. Verifiers may keep the set for so long.`,
    }),
    jwsAlgorithm: t.string({
      description:
        '`alg` of the keys in the set, such as RS256, for keys that sign in several ways. Verifiers then accept no other one. If not given, such keys have no `alg`.',
    }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: defineKeyPayload('PublishJwksPayload', 'A key whose public keys are published.'),
  errors: [...changeErrors, InvalidKeyStateError, InvalidKeyOriginError, InvalidKeyUsageError],
  resolve: ({ parts, call }, input) => publishJwks(parts, call, input),
})

defineMutation('unpublishJwks', {
  description:
    'Ends the publication of the public keys of a key: its address answers 404, and is never used again. Verifiers that fetch the set fail from then on. A key that is not published stays as it is. Needs MANAGE.',
  input: 'The key.',
  fields: (t) => ({
    key: keyField(t),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: defineKeyPayload('UnpublishJwksPayload', 'A key whose public keys are not published.'),
  errors: changeErrors,
  resolve: ({ parts, call }, input) => unpublishJwks(parts, call, input),
})
