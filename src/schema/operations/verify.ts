import { runOperation } from '../../keys/operations/run-operation.ts'
import type { VerifyOutput } from '../../keys/operations/signature.ts'
import { verify, verifyBatch } from '../../keys/operations/signature.ts'
import { builder } from '../builder.ts'
import { verifyErrors } from '../errors.ts'
import { defineBatchableMutation, versionField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'
import { schemeDefaults, schemeFields } from './sign.ts'

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

defineBatchableMutation('verify', {
  description:
    'Verifies a signature with an ACTIVE version. A signature that does not fit is no error: `valid` is false. Needs VERIFY.',
  input: 'The signature to verify, with its message and key.',
  fields: (t) => ({
    version: versionField(t, 'The version that signed.'),
    message: t.field({
      type: 'Base64',
      required: true,
      description: 'The bytes that were signed: at most 64 KiB.',
    }),
    signature: t.field({ type: 'Base64', required: true, description: 'The signature.' }),
    ...schemeFields(t),
  }),
  defaults: schemeDefaults,
  payload: VerifyPayload,
  errors: verifyErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, verify, input),
  many: 'Verifies many items',
  batch: verifyBatch,
})
