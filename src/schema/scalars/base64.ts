import { GraphQLError, Kind } from 'graphql'
import { builder } from '../builder.ts'

/** Bytes in text. Strict, so that one value has one spelling; errors give the position, never the value. */
builder.scalarType('Base64', {
  description:
    'Bytes as standard base64 with padding (RFC 4648 §4), e.g. `aGVsbG8=`. Other characters, missing padding, line breaks and the URL-safe alphabet are refused with the position of the first fault.',
  serialize: (bytes) => bytes.toString('base64'),
  parseValue(value) {
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

function faultIn(text: string): GraphQLError {
  const fault = text.search(/[^A-Za-z0-9+/=]/)
  if (fault >= 0) return invalid(`has a character outside of the alphabet at position ${fault}`)
  const padding = /^[^=]*(?==*$)/.exec(text)
  if (padding === null) return invalid(`has padding in the middle, at position ${text.indexOf('=')}`)
  if (text.length % 4 !== 0)
    return invalid(`must be padded with "=" to a multiple of 4 characters, at position ${text.length}`)
  // Unused bits that are not zero, or too much padding.
  return invalid(`does not end as base64 must, at position ${Math.max(0, padding[0].length - 1)}`)
}

function invalid(what: string): GraphQLError {
  return new GraphQLError(`The base64 text ${what}.`, { extensions: { code: 'BAD_USER_INPUT' } })
}
