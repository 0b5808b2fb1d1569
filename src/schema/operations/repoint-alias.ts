import { type RepointedAlias, repointAlias } from '../../keys/changing/aliases.ts'
import { builder } from '../builder.ts'
import { changeErrors } from '../errors.ts'
import { UserKey } from '../types/refs.ts'
import { defineMutation, keyField } from './define-mutation.ts'
import { changeInterfaces } from './payloads.ts'

const RepointAliasPayload = builder.objectRef<RepointedAlias>('RepointAliasPayload').implement({
  description: 'The key that the alias stands for now.',
  interfaces: changeInterfaces,
  fields: (t) => ({
    previousUserKey: t.field({
      type: UserKey,
      description: 'The key that the alias stood for before, after the change.',
      resolve: ({ previousKey }) => previousKey,
    }),
  }),
})

defineMutation('repointAlias', {
  description:
    'Makes an alias stand for another key, in one step. Services that use the alias follow at once on this server, and within CACHE_LIFETIME_MS on others; what they encrypted before still opens, since ciphertexts name their key. Needs MANAGE of both keys.',
  input: 'The alias, and the key that it is to stand for.',
  fields: (t) => ({
    alias: t.string({ required: true, description: 'The alias.' }),
    key: keyField(t, 'The key that the alias stands for from now on: its ID, name or another alias.'),
  }),
  payload: RepointAliasPayload,
  errors: changeErrors,
  resolve: ({ parts, call }, input) => repointAlias(parts, call, input),
})
