import { runOperation } from '../../keys/operations/run-operation.ts'
import type { SignOutput } from '../../keys/operations/signature.ts'
import { sign, signBatch } from '../../keys/operations/signature.ts'
import { builder, type InputFieldBuilder } from '../builder.ts'
import { protectErrors } from '../errors.ts'
import { MessageType, SignatureEncoding, SigningAlgorithm } from '../types/enums.ts'
import { defineBatchableMutation, keyField } from './define-mutation.ts'
import { addUsedVersion } from './payloads.ts'

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

/** Defaults of the fields that say how a message is signed. */
export const schemeDefaults = { messageType: 'MESSAGE', encoding: 'DER' } as const

/** Input fields that say how a message is signed. */
export function schemeFields(t: InputFieldBuilder) {
  return {
    messageType: t.field({
      type: MessageType,
      defaultValue: schemeDefaults.messageType,
      description: 'Whether `message` is the message or its digest.',
    }),
    signingAlgorithm: t.field({
      type: SigningAlgorithm,
      description: 'The scheme; the first of the algorithm of the key (see `keyAlgorithms`) if not given.',
    }),
    encoding: t.field({
      type: SignatureEncoding,
      defaultValue: schemeDefaults.encoding,
      description: 'Form of ECDSA signatures.',
    }),
  }
}

defineBatchableMutation('sign', {
  description: 'Signs with the default version of a key. Needs SIGN.',
  input: 'The message to sign, and the key.',
  fields: (t) => ({
    key: keyField(t),
    message: t.field({ type: 'Base64', required: true, description: 'The bytes to sign: at most 64 KiB.' }),
    ...schemeFields(t),
  }),
  defaults: schemeDefaults,
  payload: SignPayload,
  errors: protectErrors,
  resolve: ({ parts, call }, input) => runOperation(parts, call, sign, input),
  many: 'Signs many items',
  batch: signBatch,
})
