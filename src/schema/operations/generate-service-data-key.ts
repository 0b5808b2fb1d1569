import type { DataKeyOutput } from '../../keys/operations/data-keys.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { generateServiceDataKey } from '../../keys/operations/service-keys.ts'
import { builder } from '../builder.ts'
import { serviceProtectErrors } from '../errors.ts'
import { isSelected } from '../selection.ts'
import { associatedFields } from '../types/encryption-context.ts'
import { addUsedVersion } from './payloads.ts'

const GenerateServiceDataKeyInput = builder.inputType('GenerateServiceDataKeyInput', {
  description: 'The length of the data key.',
  fields: (t) => ({
    bytes: t.int({ defaultValue: 32, required: true, description: 'Length in bytes, 1 to 1,024.' }),
    ...associatedFields(t),
  }),
})

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

builder.mutationField('generateServiceDataKey', (t) =>
  t.field({
    type: GenerateServiceDataKeyPayload,
    nullable: true,
    description:
      'Generates a data key under the service key of the calling service, which its first use creates. Only for a service itself: a token of kind SERVICE_AGENT.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: GenerateServiceDataKeyInput,
        required: true,
        description: 'The length of the data key.',
      }),
    },
    errors: { types: [...serviceProtectErrors] },
    resolve: (_root, { input }, { parts, call }, info) =>
      runOperation(parts, call, generateServiceDataKey, {
        ...input,
        disclosePlaintext: isSelected(info, 'GenerateServiceDataKeyPayload', 'plaintext'),
      }),
  }),
)
