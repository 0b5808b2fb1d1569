import type { DataKeyOutput } from '../../keys/operations/data-keys.ts'
import { generateDataKey } from '../../keys/operations/data-keys.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'
import { encryptErrors } from '../errors.ts'
import { isSelected } from '../selection.ts'

const GenerateDataKeyInput = builder.inputType('GenerateDataKeyInput', {
  description: 'With which key, and how long.',
  fields: (t) => ({
    keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
    bytes: t.int({ defaultValue: 32, required: true, description: 'Length in bytes, 1 to 1,024.' }),
    additionalAuthenticatedData: t.field({
      type: 'Base64',
      description:
        'Bytes that are authenticated but not encrypted, at most 64 KiB; must be given again to decrypt. Symmetric keys only.',
    }),
  }),
})

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
        'The data key itself. Only if selected does it leave the server, and the audit trail says which.',
      resolve: ({ plaintext }) => plaintext,
    }),
    keyId: t.id({ description: 'The key that was used.', resolve: ({ keyId }) => keyId }),
    version: t.int({ description: 'The version that was used.', resolve: ({ version }) => version }),
  }),
})

builder.mutationField('generateDataKey', (t) =>
  t.field({
    type: GenerateDataKeyPayload,
    nullable: true,
    description:
      'Generates a data key and encrypts it under the default version of a symmetric key. Select `plaintext` only where the data key is to be used at once. Needs USE.',
    // The domain checks the caller, and puts refusals on record.
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: GenerateDataKeyInput,
        required: true,
        description: 'With which key, and how long.',
      }),
    },
    errors: { types: [...encryptErrors] },
    resolve: (_root, { input }, { parts, call }, info) =>
      runOperation(parts, call, generateDataKey, {
        ...input,
        disclosePlaintext: isSelected(info, 'GenerateDataKeyPayload', 'plaintext'),
      }),
  }),
)
