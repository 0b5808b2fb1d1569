import { Kind } from 'graphql'
import { builder } from '../builder.ts'
import { ScalarError } from './scalar-error.ts'

/** RFC 3339 §5.6 with seconds, an optional fraction and an offset. */
const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|[+-](\d{2}):(\d{2}))$/

builder.scalarType('DateTime', {
  description:
    'A moment as RFC 3339 text; answers are always in UTC with milliseconds, e.g. `2026-01-31T12:00:00.000Z`.',
  serialize: (date) => date.toISOString(),
  parseValue: (value) => parseDateTime(value),
  parseLiteral: (node) => parseDateTime(node.kind === Kind.STRING ? node.value : null),
})

function parseDateTime(value: unknown): Date {
  // Variables are read before they are executed: what is read once stays as it is.
  if (value instanceof Date) return value
  const [text, local, hours = 0, minutes = 0] = (typeof value === 'string' && pattern.exec(value)) || []
  const date = text === undefined || !isClockTime(`${local}Z`) ? null : new Date(text)
  // Days that a month does not have, and offsets that no clock shows.
  if (date === null || Number.isNaN(date.getTime()) || Number(hours) > 23 || Number(minutes) > 59) {
    throw new ScalarError('A DateTime must be RFC 3339 text with an offset, e.g. 2026-01-31T12:00:00Z.')
  }
  return date
}

/** Whether each number is in its range: JavaScript takes 30 February for 2 March. */
function isClockTime(text: string): boolean {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && `${date.toISOString().slice(0, 19)}Z` === text
}
