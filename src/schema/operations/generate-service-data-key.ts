import type { DataKeyOutput } from '../../keys/operations/data-keys.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { generateServiceDataKey } from '../../keys/operations/service-keys.ts'
import { builder } from '../builder.ts'
import { serviceProtectErrors } from '../errors.ts'
import { isSelected } from '../selection.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { defineMutation } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const GenerateServiceDataKeyPayload = builder
  .objectRef<DataKeyOutput>('GenerateServiceDataKeyPayload')
  .implement({
    description: 'A data key.',
    fields: (t) => ({
      ciphertext: t.field({
        type: 'Base64',
        description: 'The data key, encrypted; `decryptWithServiceKey` opens it.',
        resolve: ({ ciphertext }) => ciphertext,
      }),
      plaintext: t.field({
        type: 'Base64',
        nullable: true,
        description: 'The plaintext of the data key. It leaves the server only if it is selected.',
        resolve: ({ plaintext }) => plaintext,
      }),
    }),
  })
addUsedVersion(GenerateServiceDataKeyPayload)

const defaults = { lengthBytes: 32 } as const

defineMutation('generateServiceDataKey', {
  description:
    'Generates a data key under the service key of the calling service, which its first use creates. Only for a service itself: a token of kind SERVICE_AGENT.',
  input: 'The length of the data key.',
  fields: (t) => ({
    lengthBytes: t.int({ defaultValue: defaults.lengthBytes, description: 'Length in bytes, 1 to 1,024.' }),
    ...associatedFields(t),
  }),
  defaults,
  payload: GenerateServiceDataKeyPayload,
  errors: serviceProtectErrors,
  resolve: ({ parts, call }, input, info) =>
    runOperation(parts, call, generateServiceDataKey, {
      ...input,
      disclosePlaintext: isSelected(info, 'GenerateServiceDataKeyPayload', 'plaintext'),
    }),
})
