import { Kind, valueFromASTUntyped } from 'graphql'
import { KeysteadError } from '../errors.ts'
import { builder } from './builder.ts'

/** Where the scalars of this project are specified, from the root of its repository. */
const scalarsPage = 'docs/scalars.md'

/** A value cannot be read as its scalar. The text says what is wrong with it, and never the value itself. */
class ScalarError extends KeysteadError {
  readonly code = 'BAD_USER_INPUT'
}

builder.scalarType('_Any', {
  specifiedByURL:
    'https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec',
  description:
    'A representation of an entity, as gateways send it (Apollo Federation): an object with the strings `__typename` and `id`, or, for an `EncryptedValue`, `ciphertext` and `context`. Whatever else it has is not read.',
  serialize() {
    throw new TypeError('representations are in no answer')
  },
  // The field that takes it checks it, and can say which of a list is wrong.
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
})

/** Bytes in text. Strict, so that one value has one spelling; errors give the position, never the value. */
builder.scalarType('Base64', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc4648.html#section-4',
  description:
    'Bytes as standard base64 with padding (RFC 4648 §4), e.g. `aGVsbG8=`. Other characters, missing padding, line breaks and the URL-safe alphabet are refused with the position of the first fault.',
  serialize: (bytes) => bytes.toString('base64'),
  parseValue(value) {
    // Variables are read before they are executed: what is read once stays as it is.
    if (value instanceof Buffer) return value
    if (typeof value !== 'string') throw invalid('must be a string')
    return parseBase64(value)
  },
  parseLiteral(node) {
    if (node.kind !== Kind.STRING) throw invalid('must be a string')
    return parseBase64(node.value)
  },
})

/** Reads strict base64. Throws BAD_USER_INPUT. */
export function parseBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  // Buffer drops what it cannot read; what it has read has one spelling.
  if (bytes.toString('base64') !== text) throw faultIn(text)
  return bytes
}

function faultIn(text: string): ScalarError {
  const fault = text.search(/[^A-Za-z0-9+/=]/)
  if (fault >= 0) return invalid(`has a character outside of the alphabet at position ${fault}`)
  const padding = text.indexOf('=')
  const end = padding < 0 ? text.length : padding
  if (text.slice(end).search(/[^=]/) >= 0) {
    return invalid(`has padding in the middle, at position ${padding}`)
  }
  if (text.length % 4 !== 0)
    return invalid(`must be padded with "=" to a multiple of 4 characters, at position ${text.length}`)
  // Unused bits that are not zero, or too much padding.
  return invalid(`does not end as base64 must, at position ${Math.max(0, end - 1)}`)
}

function invalid(what: string): ScalarError {
  return new ScalarError(`The base64 text ${what}.`)
}

/** Strings that the domain reads: what they name decides the answer, so their form is checked there. */
function textScalar(name: 'KeyRef' | 'SubjectRef', description: string): void {
  const read = (value: unknown): string => {
    if (typeof value !== 'string') throw new ScalarError(`A ${name} must be a string.`)
    return value
  }
  builder.scalarType(name, {
    specifiedByURL: `${scalarsPage}#${name.toLowerCase()}`,
    description,
    serialize: (text) => text,
    parseValue: read,
    parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : null),
  })
}

textScalar(
  'KeyRef',
  'A key of the project: its ID (`ukey_…`), its name, or one of its aliases. Names and aliases share one space, and never begin as IDs do. Names are compared by bytes. An unknown one is an error or finds nothing, and never makes a key.',
)

textScalar(
  'SubjectRef',
  'Someone or something that acts or is given access, as kind and name: `user:alice`, `group:payments`, `service-account:ci`, `service-agent:Secrets Manager`, `system:rotation`. The same text is `Subject.id`.',
)

builder.scalarType('Count', {
  specifiedByURL: `${scalarsPage}#count`,
  description: 'A whole number from 0 to 2^53 - 1, as a JSON number. Only in answers.',
  serialize: (count) => count,
  parseValue() {
    throw new ScalarError('Count is not an input type.')
  },
})

/** RFC 3339 §5.6 with seconds, an optional fraction and an offset. */
const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|[+-](\d{2}):(\d{2}))$/

builder.scalarType('DateTime', {
  specifiedByURL: 'https://scalars.graphql.org/andimarek/date-time.html',
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

builder.scalarType('JSON', {
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259.html#section-4',
  description: 'A JSON object (RFC 8259). Only in answers.',
  serialize: (value) => value,
  parseValue() {
    throw new ScalarError('JSON is not an input type.')
  },
})
