import { fromBase64, toBase64 } from './base64.ts'
import { errorOf } from './error-of.ts'
import type { KeysteadErrorOptions, Refusal } from './errors.ts'
import {
  inputConversions,
  itemPayloads,
  type OperationDefinition,
  outputConversions,
} from './generated/operations.ts'

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Variables of a document as JSON has them: bytes as base64, an encryption context as pairs. */
export function encodeVariables({ inputs }: Pick<OperationDefinition, 'inputs'>, variables: Fields): Fields {
  return encodeFields(variables, inputs, '')
}

/** An input of a type as JSON has it. */
export function encodeInput(input: unknown, type: string): unknown {
  return encode(input, type, '')
}

function encode(value: unknown, conversion: string, path: string): unknown {
  if (value === null || value === undefined) return value
  if (conversion === 'context') return pairsOf(value, path)
  if (Array.isArray(value)) return value.map((item, index) => encode(item, conversion, `${path}.${index}`))
  if (conversion === 'bytes') return bytesAsText(value, path)
  return isFields(value) ? encodeFields(value, inputConversions[conversion] ?? {}, path) : value
}

function encodeFields(fields: Fields, conversions: Readonly<Record<string, string>>, path: string): Fields {
  const encoded: Record<string, unknown> = { ...fields }
  for (const [name, conversion] of Object.entries(conversions)) {
    if (name in encoded)
      encoded[name] = encode(encoded[name], conversion, path === '' ? name : `${path}.${name}`)
  }
  return encoded
}

function bytesAsText(value: unknown, path: string): string {
  if (value instanceof Uint8Array) return toBase64(value)
  const hint = typeof value === 'string' ? ' Use new TextEncoder().encode(text) for text.' : ''
  throw new TypeError(`${path} must be a Uint8Array, got ${typeof value}.${hint}`)
}

function pairsOf(value: unknown, path: string): readonly { name: string; value: unknown }[] {
  if (!isFields(value)) {
    throw new TypeError(`${path} must be an object of names and values, such as { tenant: '7' }.`)
  }
  return Object.entries(value).map(([name, text]) => {
    if (typeof text !== 'string') throw new TypeError(`${path}.${name} must be a string, got ${typeof text}.`)
    return { name, value: text }
  })
}

/** A result as callers get it: base64 as bytes, pairs as an encryption context, refused items of a batch as errors. */
export function decode(value: unknown, conversion: string | null, options: KeysteadErrorOptions): unknown {
  if (value === null || value === undefined || conversion === null) return value
  if (conversion === 'context') return contextOf(value as readonly { name: string; value: string }[])
  if (Array.isArray(value)) return value.map((item) => decode(item, conversion, options))
  if (conversion === 'bytes') return fromBase64(String(value))
  if (!isFields(value)) return value
  const payload = itemPayloads[conversion]
  const typename = value['__typename']
  if (payload !== undefined && typename !== payload) return errorOf(value as unknown as Refusal, options)
  return decodeFields(
    value,
    outputConversions[payload ?? String(typename)] ?? outputConversions[conversion] ?? {},
    options,
  )
}

function decodeFields(
  fields: Fields,
  conversions: Readonly<Record<string, string>>,
  options: KeysteadErrorOptions,
): Fields {
  const decoded: Record<string, unknown> = { ...fields }
  for (const [name, conversion] of Object.entries(conversions)) {
    if (name in decoded) decoded[name] = decode(decoded[name], conversion, options)
  }
  return decoded
}

function contextOf(pairs: readonly { readonly name: string; readonly value: string }[]): Fields {
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]))
}
