import type { DataKeyOutput } from '../../keys/operations/data-keys.ts'
import { generateDataKey } from '../../keys/operations/data-keys.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'
import { encryptErrors } from '../errors.ts'
import { isSelected } from '../selection.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { defineMutation, keyField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const GenerateDataKeyPayload = builder.objectRef<DataKeyOutput>('GenerateDataKeyPayload').implement({
  description: 'A data key: fresh random bytes to encrypt with elsewhere (envelope encryption).',
  fields: (t) => ({
    ciphertext: t.field({
      type: 'Base64',
      description: 'The data key, encrypted; `decrypt` opens it.',
      resolve: ({ ciphertext }) => ciphertext,
    }),
    plaintext: t.field({
      type: 'Base64',
      nullable: true,
      description:
        'The plaintext of the data key. It leaves the server only if it is selected, and the audit trail records whether it was.',
      resolve: ({ plaintext }) => plaintext,
    }),
  }),
})
addUsedVersion(GenerateDataKeyPayload)

const defaults = { lengthBytes: 32 } as const

defineMutation('generateDataKey', {
  description:
    'Generates a data key and encrypts it under the default version of a symmetric key. Select `plaintext` only if the data key is used at once. Needs ENCRYPT.',
  input: 'The key, and the length of the data key.',
  fields: (t) => ({
    key: keyField(t),
    lengthBytes: t.int({ defaultValue: defaults.lengthBytes, description: 'Length in bytes, 1 to 1,024.' }),
    ...associatedFields(t, ' Symmetric keys only.'),
  }),
  defaults,
  payload: GenerateDataKeyPayload,
  errors: encryptErrors,
  resolve: ({ parts, call }, input, info) =>
    runOperation(parts, call, generateDataKey, {
      ...input,
      disclosePlaintext: isSelected(info, 'GenerateDataKeyPayload', 'plaintext'),
    }),
})
