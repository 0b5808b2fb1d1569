import { verifyMac } from '../../keys/operations/mac.ts'
import { runOperation } from '../../keys/operations/run-operation.ts'
import type { VerifyOutput } from '../../keys/operations/signature.ts'
import { builder } from '../builder.ts'
import { verifyErrors } from '../errors.ts'
import { defineMutation, versionField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

const description = 'The code to verify, with its message and key.'

const VerifyMacPayload = builder.objectRef<VerifyOutput>('VerifyMacPayload').implement({
  description: 'The outcome of a check.',
  fields: (t) => ({
    valid: t.boolean({
      description: 'True if the code fits message, key and version. False for a code of another length.',
      resolve: ({ valid }) => valid,
    }),
  }),
})
addUsedVersion(VerifyMacPayload)

defineMutation('verifyMac', {
  description:
    'Checks a message authentication code with an ACTIVE version, in constant time. A code that does not fit is no error: `valid` is false. Needs VERIFY_MAC.',
  input: description,
  fields: (t) => ({
    version: versionField(t, 'The version that made the code.'),
    message: t.field({
      type: 'Base64',
      required: true,
      description: 'The bytes that were authenticated: at most 64 KiB.',
    }),
    mac: t.field({ type: 'Base64', required: true, description: 'The code, in full length.' }),
  }),
  payload: VerifyMacPayload,
  errors: verifyErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, verifyMac, input),
})
