import { createUserKey } from '../../keys/changing/user-keys.ts'
import { InputValidationError, NameTakenError } from '../../keys/rules/errors.ts'
import { allowedSubjectsMax } from '../../keys/rules/input.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { entriesField } from '../types/access-list.ts'
import { KeyAlgorithm, KeyOrigin, KeyType, KeyUsage } from '../types/enums.ts'
import { labelsOptions } from '../types/label.ts'
import { settableFields } from '../types/user-key.ts'
import { defineMutation } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const AutomaticRotationInput = builder.inputType('AutomaticRotationInput', {
  description: 'Automatic rotation of a new key.',
  fields: (t) => ({
    enabled: t.boolean({ required: true, description: 'Whether the system rotates the key by itself.' }),
    cycleDays: t.int({ description: 'Days from one rotation to the next, 1 to 1,095; 365 if not given.' }),
  }),
})

const AccessControlInput = builder.inputType('AccessControlInput', {
  description: 'Access control of a new key.',
  fields: (t) => ({
    enabled: t.boolean({
      required: true,
      description: 'Whether only the owner and the subjects below see and use the key.',
    }),
    allowedSubjects: t.field({
      type: ['SubjectRef'],
      ...listOptions(
        allowedSubjectsMax,
        'Subjects, e.g. `user:bob`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`.',
      ),
    }),
    entries: entriesField(t),
  }),
})

const CreateUserKeyPayload = defineKeyPayload('CreateUserKeyPayload', 'A created key.')

defineMutation('createUserKey', {
  description: 'Creates a user key, owned by the caller. Needs a role that gives CREATE.',
  input: 'The key to create.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description:
        '1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first; unique in the project.',
    }),
    ...settableFields(t),
    labels: t.field(labelsOptions('Its labels; none if not given.')),
    preActivation: t.boolean({
      description: 'Create it without a version, to be activated later. False if not given.',
    }),
    origin: t.field({
      type: KeyOrigin,
      description:
        'Where its material comes from; KEYSTEAD if not given. A key of origin EXTERNAL starts without a version: see getImportParameters.',
    }),
    type: t.field({ type: KeyType, description: 'Follows from the algorithm; if given, it must fit.' }),
    usage: t.field({
      type: KeyUsage,
      description:
        'Follows from the algorithm where that has one usage only; ENCRYPT_DECRYPT if nothing is given.',
    }),
    algorithm: t.field({
      type: KeyAlgorithm,
      description: 'If not given: AES_256_GCM, RSA_3072 for asymmetric encryption, EC_P256 for signatures.',
    }),
    automaticRotation: t.field({ type: AutomaticRotationInput, description: 'Off if not given.' }),
    accessControl: t.field({ type: AccessControlInput, description: 'Off if not given.' }),
  }),
  payload: CreateUserKeyPayload,
  errors: [InputValidationError, NameTakenError],
  resolve: ({ parts, call }, input) => createUserKey(parts, call, input),
})
