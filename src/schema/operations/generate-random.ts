import { generateRandom } from '../../keys/operations/random.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import { InputValidationError } from '../../keys/rules/errors.ts'
import { builder } from '../builder.ts'
import { defineMutation } from './define-mutation.ts'

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

const defaults = { lengthBytes: 32 } as const

defineMutation('generateRandom', {
  description: 'Generates random bytes, with no key involved. Needs a permission for any operation.',
  input: 'The number of bytes.',
  fields: (t) => ({
    lengthBytes: t.int({ defaultValue: defaults.lengthBytes, description: 'Length in bytes, 1 to 1,024.' }),
  }),
  defaults,
  payload: GenerateRandomPayload,
  errors: [InputValidationError],
  resolve: ({ parts, call }, input) => runOperation(parts, call, generateRandom, input),
})
