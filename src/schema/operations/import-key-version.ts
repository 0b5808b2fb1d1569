import { importKeyVersion } from '../../keys/changing/import.ts'
import {
  InvalidImportParametersError,
  InvalidKeyMaterialError,
  InvalidKeyOriginError,
} from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineVersionPayload } from './payloads.ts'

const ImportKeyVersionPayload = defineVersionPayload(
  'ImportKeyVersionPayload',
  'A key and its imported version.',
)

defineMutation('importKeyVersion', {
  description:
    'Makes the next version of a key of origin EXTERNAL from material that was made elsewhere: ACTIVE and the default at once. Older versions stay as they are. The material is checked: size, type, curve, modulus and public exponent, and whether private and public parts fit together. Needs MANAGE.',
  input: 'The material to import.',
  fields: (t) => ({
    key: keyField(t, 'A key of origin EXTERNAL: its ID, name or alias.'),
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
    expectedRevision: expectedRevisionField(t),
  }),
  payload: ImportKeyVersionPayload,
  errors: [...changeErrors, InvalidKeyOriginError, InvalidImportParametersError, InvalidKeyMaterialError],
  resolve: ({ parts, call }, input) => importKeyVersion(parts, call, input),
})
