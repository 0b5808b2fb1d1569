import { builder } from '../builder.ts'
import { ScalarError } from './scalar-error.ts'

builder.scalarType('JSON', {
  description: 'A JSON object (RFC 8259). Only in answers.',
  serialize: (value) => value,
  parseValue() {
    throw new ScalarError('JSON is not an input type.')
  },
})
