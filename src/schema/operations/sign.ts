import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import type { SignOutput } from '../../keys/operations/signature.ts'
import { sign, signBatch } from '../../keys/operations/signature.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { protectErrors } from '../errors.ts'
import { MessageType, SignatureEncoding, SigningAlgorithm } from '../types/enums.ts'
import { defineBatchableInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { addUsedVersion } from './payloads.ts'

const inputs = defineBatchableInput('Sign', 'The message to sign, and the key.', (t) => ({
  keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
  message: t.field({ type: 'Base64', required: true, description: 'The bytes to sign: at most 64 KiB.' }),
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

const SignPayload = builder.objectRef<SignOutput>('SignPayload').implement({
  description: 'A signature. Keep the version with it: verifying needs it.',
  fields: (t) => ({
    signature: t.field({
      type: 'Base64',
      description: 'The bytes of the standard, for any software.',
      resolve: ({ signature }) => signature,
    }),
    signingAlgorithm: t.field({
      type: SigningAlgorithm,
      description: 'The scheme that was used.',
      resolve: ({ signingAlgorithm }) => signingAlgorithm,
    }),
  }),
})
addUsedVersion(SignPayload)

const SignBatchPayload = defineBatchPayload('Sign', SignPayload, protectErrors)

builder.mutationField('sign', (t) =>
  t.field({
    type: SignPayload,
    nullable: true,
    description: 'Signs with the default version of a key. Needs SIGN.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({ type: inputs.single, required: true, description: 'The message to sign, and the key.' }),
    },
    errors: { types: [...protectErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, sign, input),
  }),
)

builder.mutationField('signBatch', (t) =>
  t.field({
    type: SignBatchPayload,
    nullable: true,
    description:
      'Signs many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.batch, required: true, description: 'The batch.' }) },
    errors: { types: [InputValidationError] },
    resolve: async (_root, { input: { items } }, { parts, call }) =>
      pairOutcomes(items, await runBatch(parts, call, signBatch, items)),
  }),
)
