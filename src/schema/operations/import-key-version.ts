import { importKeyVersion } from '../../keys/changing/import.ts'
import {
  InvalidImportParametersError,
  InvalidKeyMaterialError,
  InvalidKeyOriginError,
} from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { defineVersionPayload } from './payloads.ts'

const ImportKeyVersionInput = builder.inputType('ImportKeyVersionInput', {
  description: 'The material to import.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'A key of origin EXTERNAL: `ukey_…`.' }),
    importParametersId: t.id({
      required: true,
      description: 'From getImportParameters for this key: `impt_…`. They can be used once.',
    }),
    wrappedMaterial: t.field({
      type: 'Base64',
      required: true,
      description:
        'The wrapped AES-256 key (512 bytes) and behind it the wrapped material, as ImportParameters describes; 528 to 16,896 bytes.',
    }),
    expectedRevision: t.int({
      description: 'Refuse with ConflictError unless the key still has this revision.',
    }),
  }),
})

const ImportKeyVersionPayload = defineVersionPayload(
  'ImportKeyVersionPayload',
  'A key and its imported version.',
)

builder.mutationField('importKeyVersion', (t) =>
  t.field({
    type: ImportKeyVersionPayload,
    nullable: true,
    description:
      'Makes the next version of a key of origin EXTERNAL from material that was made elsewhere: ACTIVE and the default at once. Older versions stay as they are. The material is checked: size, type, curve, modulus and public exponent, and whether private and public parts fit together. Needs MANAGE.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({ type: ImportKeyVersionInput, required: true, description: 'The material to import.' }),
    },
    errors: {
      types: [...changeErrors, InvalidKeyOriginError, InvalidImportParametersError, InvalidKeyMaterialError],
    },
    resolve: (_root, { input }, { parts, call }) => importKeyVersion(parts, call, input),
  }),
)
