import { deleteAlias } from '../../keys/changing/aliases.ts'
import { changeErrors } from '../errors.ts'
import { defineMutation, expectedRevisionField } from './define-mutation.ts'
import { defineKeyPayload } from './payloads.ts'

const DeleteAliasPayload = defineKeyPayload('DeleteAliasPayload', 'A key without the alias.')

defineMutation('deleteAlias', {
  description:
    'Removes an alias from its key. Operations by this alias then find no key, until another key gets it. Needs MANAGE.',
  input: 'The alias.',
  fields: (t) => ({
    alias: t.string({ required: true, description: 'The alias to remove.' }),
    expectedRevision: expectedRevisionField(t),
  }),
  payload: DeleteAliasPayload,
  errors: changeErrors,
  resolve: ({ parts, call }, input) => deleteAlias(parts, call, input),
})
