import { Kind } from 'graphql'
import { builder } from '../builder.ts'
import { ScalarError } from './scalar-error.ts'

/** Bytes in text. Strict, so that one value has one spelling; errors give the position, never the value. */
builder.scalarType('Base64', {
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

/** Reads strict base64. */
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
