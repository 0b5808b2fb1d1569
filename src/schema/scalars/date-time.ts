import { GraphQLError, Kind } from 'graphql'
import { builder } from '../builder.ts'

/** RFC 3339 §5.6 with seconds, an optional fraction and an offset. */
const pattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

builder.scalarType('DateTime', {
  description:
    'A moment as RFC 3339 text; answers are always in UTC with milliseconds, e.g. `2026-01-31T12:00:00.000Z`.',
  serialize: (date) => date.toISOString(),
  parseValue: (value) => parseDateTime(value),
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : null),
})

function parseDateTime(value: unknown): Date {
  const date = typeof value === 'string' && pattern.test(value) ? new Date(value) : null
  if (date === null || Number.isNaN(date.getTime())) {
    throw new GraphQLError('A DateTime must be RFC 3339 text with an offset, e.g. 2026-01-31T12:00:00Z.', {
      extensions: { code: 'BAD_USER_INPUT' },
    })
  }
  return date
}
