import { generateRandom } from '../../keys/operations/random.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'

const GenerateRandomInput = builder.inputType('GenerateRandomInput', {
  description: 'The number of bytes.',
  fields: (t) => ({
    bytes: t.int({ required: true, defaultValue: 32, description: 'Length in bytes, 1 to 1,024.' }),
  }),
})

const GenerateRandomPayload = builder.objectRef<Buffer>('GenerateRandomPayload').implement({
  description: 'Random bytes.',
  fields: (t) => ({
    bytes: t.field({
      type: 'Base64',
      description: "Output of OpenSSL's random bit generator (NIST SP 800-90A).",
      resolve: (bytes) => bytes,
    }),
  }),
})

builder.mutationField('generateRandom', (t) =>
  t.field({
    type: GenerateRandomPayload,
    nullable: true,
    description: 'Generates random bytes, with no key involved. Needs a permission for any operation.',
    authScopes: { authenticated: true },
    args: {
      input: t.arg({ type: GenerateRandomInput, required: true, description: 'The number of bytes.' }),
    },
    errors: { types: [InputValidationError] },
    resolve: (_root, { input }, { parts, call }) => runOperation(parts, call, generateRandom, input),
  }),
)
