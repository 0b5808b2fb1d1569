import type { GenerateMacOutput } from '../../keys/operations/mac.ts'
import { generateMac, generateMacBatch } from '../../keys/operations/mac.ts'
import { runBatch, runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { protectErrors } from '../errors.ts'
import { defineBatchableInput, defineBatchPayload, pairOutcomes } from './batch.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The message to authenticate, and the key.'

const inputs = defineBatchableInput('GenerateMac', description, (t) => ({
  keyId: t.id({ required: true, description: 'The key: `ukey_…`.' }),
  message: t.field({
    type: 'Base64',
    required: true,
    description: 'The bytes to authenticate: at most 64 KiB.',
  }),
}))

const GenerateMacPayload = builder.objectRef<GenerateMacOutput>('GenerateMacPayload').implement({
  description: 'A message authentication code. Keep the version with it: verifying needs it.',
  fields: (t) => ({
    mac: t.field({
      type: 'Base64',
      description: 'The whole output of HMAC (RFC 2104, FIPS 198-1), as long as the hash.',
      resolve: ({ mac }) => mac,
    }),
  }),
})
addUsedVersion(GenerateMacPayload)

const GenerateMacBatchPayload = defineBatchPayload('GenerateMac', GenerateMacPayload, protectErrors)

builder.mutationField('generateMac', (t) =>
  t.field({
    type: GenerateMacPayload,
    nullable: true,
    description: 'Makes a message authentication code with the default version of a key. Needs GENERATE_MAC.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.single, required: true, description }) },
    errors: { types: [...protectErrors] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, generateMac, input),
  }),
)

builder.mutationField('generateMacBatch', (t) =>
  t.field({
    type: GenerateMacBatchPayload,
    nullable: true,
    description:
      'Makes a message authentication code of many items, each with a key of its own; one that fails does not fail the others. Much faster than as many single operations.',
    authScopes: { authenticated: true },
    args: { input: t.arg({ type: inputs.batch, required: true, description: 'The batch.' }) },
    errors: { types: [InputValidationError] },
    resolve: async (_root, { input: { items } }, { parts, call }) =>
      pairOutcomes(items, await runBatch(parts, call, generateMacBatch, items)),
  }),
)
