import { GraphQLError } from 'graphql'
import { builder } from '../builder.ts'

builder.scalarType('JSON', {
  description: 'A JSON object (RFC 8259). Only in answers.',
  serialize: (value) => value,
  parseValue() {
    throw new GraphQLError('JSON is not an input type.', { extensions: { code: 'BAD_USER_INPUT' } })
  },
})
