import { configureAutomaticRotation } from '../../keys/changing/user-keys.ts'
import { InvalidKeyOriginError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const ConfigureAutomaticRotationPayload = defineKeyPayload(
  'ConfigureAutomaticRotationPayload',
  'A key with its new rotation.',
)

defineMutation('configureAutomaticRotation', {
  description:
    'Switches automatic rotation on or off, or changes its cycle, which starts again today. With asymmetric keys each rotation changes the public key. Needs MANAGE.',
  input: 'The key, and its automatic rotation.',
  fields: (t) => ({
    key: keyField(t),
    enabled: t.boolean({ required: true, description: 'Whether the system rotates the key by itself.' }),
    cycleDays: t.int({
      description:
        'Days from one rotation to the next, 1 to 1,095. If not given it stays, or is 365 when rotation was off.',
    }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: ConfigureAutomaticRotationPayload,
  errors: [...changeErrors, InvalidKeyOriginError],
  resolve: ({ parts, call }, input) => configureAutomaticRotation(parts, call, input),
})
