import type { DataKeyPairOutput } from '../../keys/operations/data-keys.ts'
import { generateDataKeyPair } from '../../keys/operations/data-keys.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { offeredDataKeyPairs } from '../../keys/reading/algorithms.ts'
import { builder } from '../builder.ts'
import { encryptErrors } from '../errors.ts'
import { isSelected } from '../selection.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { PublicKey } from '../types/public-key.ts'
import { defineMutation, keyField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The key that encrypts the private key, and the algorithm of the pair.'

const DataKeyPairAlgorithm = builder.enumType('DataKeyPairAlgorithm', {
  description: 'Algorithm of a data key pair.',
  values: Object.fromEntries(
    offeredDataKeyPairs.map(({ algorithm, displayName, standard }) => [
      algorithm,
      { description: `${displayName} (${standard}).` },
    ]),
  ),
})

const GenerateDataKeyPairPayload = builder
  .objectRef<DataKeyPairOutput>('GenerateDataKeyPairPayload')
  .implement({
    description: 'A fresh key pair for use elsewhere. Keystead keeps no copy of it.',
    fields: (t) => ({
      publicKey: t.field({
        type: PublicKey,
        description: 'The public key.',
        resolve: ({ publicKey }) => publicKey,
      }),
      privateKeyCiphertext: t.field({
        type: 'Base64',
        description: 'The private key (PKCS#8 DER, RFC 5958), encrypted; `decrypt` opens it.',
        resolve: ({ privateKeyCiphertext }) => privateKeyCiphertext,
      }),
      privateKeyPlaintext: t.field({
        type: 'Base64',
        nullable: true,
        description:
          'The plaintext of the private key (PKCS#8 DER). It leaves the server only if it is selected, and the audit trail records whether it was.',
        resolve: ({ privateKeyPlaintext }) => privateKeyPlaintext,
      }),
    }),
  })
addUsedVersion(GenerateDataKeyPairPayload)

defineMutation('generateDataKeyPair', {
  description:
    'Generates a key pair and encrypts its private key under the default version of a symmetric key. Needs ENCRYPT.',
  input: description,
  fields: (t) => ({
    key: keyField(t, 'The symmetric key that encrypts the private key: its ID, name or alias.'),
    algorithm: t.field({ type: DataKeyPairAlgorithm, required: true, description: 'Algorithm of the pair.' }),
    ...associatedFields(t),
  }),
  payload: GenerateDataKeyPairPayload,
  errors: encryptErrors,
  resolve: ({ parts, call }, input, info) =>
    runOperation(parts, call, generateDataKeyPair, {
      ...input,
      disclosePlaintext: isSelected(info, 'GenerateDataKeyPairPayload', 'privateKeyPlaintext'),
    }),
})
