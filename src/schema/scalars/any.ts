import { valueFromASTUntyped } from 'graphql'
import { builder } from '../builder.ts'

builder.scalarType('_Any', {
  description:
    'A representation of an entity, as gateways send it (Apollo Federation): an object with the strings `__typename` and `id`. Whatever else it has is not read.',
  serialize() {
    throw new TypeError('representations are in no answer')
  },
  // The field that takes it checks it, and can say which of a list is wrong.
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
})
