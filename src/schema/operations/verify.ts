import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import type { VerifyOutput } from '../../keys/operations/signature.ts'
import { verify, verifyBatch } from '../../keys/operations/signature.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { verifyErrors } from '../errors.ts'
import { MessageType, SignatureEncoding, SigningAlgorithm } from '../types/enums.ts'
import { defineBatchableInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { addUsedVersion } from './payloads.ts'

const inputs = defineBatchableInput('Verify', 'The signature to verify, with its message and key.', (t) => ({
  keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
  version: t.int({ required: true, description: 'The version that signed.' }),
  message: t.field({
    type: 'Base64',
    required: true,
    description: 'The bytes that were signed: at most 64 KiB.',
  }),
  signature: t.field({ type: 'Base64', required: true, description: 'The signature.' }),
  messageType: t.field({
    type: MessageType,
    required: true,
    defaultValue: 'MESSAGE',
    description: 'Whether `message` is the message or its digest.',
  }),
  signingAlgorithm: t.field({
    type: SigningAlgorithm,
    description: 'The scheme; the first of the algorithm of the key (see `keyAlgorithms`) if not given.',
  }),
  encoding: t.field({
    type: SignatureEncoding,
    required: true,
    defaultValue: 'DER',
    description: 'Form of ECDSA signatures.',
  }),
}))

const VerifyPayload = builder.objectRef<VerifyOutput>('VerifyPayload').implement({
  description: 'The outcome of a verification.',
  fields: (t) => ({
    valid: t.boolean({
      description: 'True if the signature fits message, key and version.',
      resolve: ({ valid }) => valid,
    }),
  }),
})
addUsedVersion(VerifyPayload)

const VerifyBatchPayload = defineBatchPayload('Verify', VerifyPayload, verifyErrors)

builder.mutationField('verify', (t) =>
  t.field({
    type: VerifyPayload,
    nullable: true,
    description:
      'Verifies a signature with an ACTIVE version. A signature that does not fit is no error: `valid` is false. Needs VERIFY.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({
        type: inputs.single,
        required: true,
        description: 'The signature to verify, with its message and key.',
      }),
    },
    errors: { types: [...verifyErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, verify, input),
  }),
)

builder.mutationField('verifyBatch', (t) =>
  t.field({
    type: VerifyBatchPayload,
    nullable: true,
    description:
      'Verifies many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.batch, required: true, description: 'The batch.' }) },
    errors: { types: [InputValidationError] },
    resolve: async (_root, { input: { items } }, { parts, call }) =>
      pairOutcomes(items, await runBatch(parts, call, verifyBatch, items)),
  }),
)
