import { rotateUserKey, rotateUserKeyBatch } from '../../keys/changing/versions.ts'
import { InvalidKeyOriginError, InvalidKeyStateError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { defineBatchableMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineVersionPayload } from './payloads.ts'

const RotateUserKeyPayload = defineVersionPayload(
  'RotateUserKeyPayload',
  'A rotated key and its new version.',
)

defineBatchableMutation('rotateUserKey', {
  description:
    'Generates the next version of a key: ACTIVE and the default at once. Older versions stay as they are, so what they encrypted still opens. A published key is refused (`OtherError`, NEXT_VERSION_TOO_NEW) until its next public key has been published for `publishAheadHours`. Needs MANAGE.',
  input: 'The key.',
  fields: (t) => ({
    key: keyField(t),
    expectedDefaultVersionNumber: t.int({
      description:
        'Refuse with ConflictError unless this is still the number of the default version, so that a repeated request does not rotate twice.',
    }),
    allowUnknownKey: t.boolean({
      description:
        'Rotate a published key even if its next public key has been published for a shorter time than `publishAheadHours`: verifiers may refuse its signatures until they fetch the set again. For emergencies. False if not given.',
    }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: RotateUserKeyPayload,
  errors: [...changeErrors, InvalidKeyStateError, InvalidKeyOriginError],
  resolve: ({ parts, call }, input) => rotateUserKey(parts, call, input),
  many: 'Rotates many keys',
  batch: rotateUserKeyBatch,
})
