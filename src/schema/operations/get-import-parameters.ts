import type { ImportParametersView } from '../../keys/changing/import.ts'
import { getImportParameters } from '../../keys/changing/import.ts'
import { InputValidationError, InvalidKeyOriginError, KeyNotFoundError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { KeyMaterialFormat } from '../types/enums.ts'
import { PublicKey } from '../types/public-key.ts'
import { defineMutation, keyField } from './define-mutation.ts'

const ImportParameters = builder.objectRef<ImportParametersView>('ImportParameters').implement({
  description:
    'Parameters for wrapping the material of one version: with RSAES-OAEP (RFC 8017 §7.1; SHA-256, MGF1 with SHA-256, no label) wrap a fresh AES-256 key for `publicKey`; with AES-KWP (RFC 5649) wrap the material under that key; put the two side by side. PKCS #11 calls this CKM_RSA_AES_KEY_WRAP.',
  fields: (t) => ({
    id: t.id({ description: '`impt_…`, for importKeyVersion.', resolve: ({ id }) => id }),
    publicKey: t.field({
      type: PublicKey,
      description: 'The wrapping key, RSA with 4096 bits, made for this one import.',
      resolve: ({ publicKey }) => publicKey,
    }),
    materialFormat: t.field({
      type: KeyMaterialFormat,
      description: 'Form of the material to wrap.',
      resolve: ({ material }) => material.format,
    }),
    materialBytes: t.int({
      nullable: true,
      description: 'Size of a symmetric key in bytes; null for private keys.',
      resolve: ({ material }) => material.bytes,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'End of their lifetime: 24 hours after they were made.',
      resolve: ({ expiresAt }) => expiresAt,
    }),
  }),
})

const GetImportParametersPayload = builder
  .objectRef<ImportParametersView>('GetImportParametersPayload')
  .implement({
    description: 'New import parameters.',
    fields: (t) => ({
      importParameters: t.field({
        type: ImportParameters,
        description: 'For one import.',
        resolve: (parameters) => parameters,
      }),
    }),
  })

defineMutation('getImportParameters', {
  description:
    'Makes a key pair for one import of key material; its private key never leaves the server. The five newest of a key stay usable until they expire. Needs MANAGE.',
  input: 'The key.',
  fields: (t) => ({
    key: keyField(t, 'A key of origin EXTERNAL: its ID, name or alias.'),
  }),
  payload: GetImportParametersPayload,
  errors: [InputValidationError, KeyNotFoundError, InvalidKeyOriginError],
  resolve: ({ parts, call }, input) => getImportParameters(parts, call, input),
})
