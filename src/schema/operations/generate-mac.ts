import type { GenerateMacOutput } from '../../keys/operations/mac.ts'
import { generateMac, generateMacBatch } from '../../keys/operations/mac.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { builder } from '../builder.ts'
import { protectErrors } from '../errors.ts'
import { defineBatchableMutation, keyField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The message to authenticate, and the key.'

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

defineBatchableMutation('generateMac', {
  description: 'Makes a message authentication code with the default version of a key. Needs GENERATE_MAC.',
  input: description,
  fields: (t) => ({
    key: keyField(t),
    message: t.field({
      type: 'Base64',
      required: true,
      description: 'The bytes to authenticate: at most 64 KiB.',
    }),
  }),
  payload: GenerateMacPayload,
  errors: protectErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, generateMac, input),
  many: 'Makes a message authentication code of many items',
  batch: generateMacBatch,
})
