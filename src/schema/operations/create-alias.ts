import { createAlias } from '../../keys/changing/aliases.ts'
import { NameTakenError } from '../../keys/rules/errors.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField, keyField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const CreateAliasPayload = defineKeyPayload('CreateAliasPayload', 'A key with its new alias.')

defineMutation('createAlias', {
  description:
    'Gives a key an alias: a further name by which operations find it, and which can be repointed to another key later. Needs MANAGE.',
  input: 'The key, and its new alias.',
  fields: (t) => ({
    key: keyField(t),
    alias: t.string({
      required: true,
      description:
        '1 to 64 letters, digits, `-` or `_`, with a lowercase letter or a digit first; no key of the project has it as its name or alias. A key has at most 50 aliases.',
    }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: CreateAliasPayload,
  errors: [...changeErrors, NameTakenError],
  resolve: ({ parts, call }, input) => createAlias(parts, call, input),
})
