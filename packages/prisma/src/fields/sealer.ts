import { Buffer } from 'node:buffer'
import type { EncryptionContext } from '@keystead/client'
import { isJsonNull } from '@prisma/client/runtime/client'
import { UnreadableValueError, UnsupportedQueryError } from '../errors.ts'
import type { EncryptedMark, Model } from './encrypted-fields.ts'
import { type EnvelopeKey, isEnvelope, keyOfEnvelope } from './envelope-key.ts'
import type { Keystead } from './keystead.ts'
import type { RowValues } from './rows.ts'

/** What ciphertext in columns of text or JSON begins with. */
const prefix = 'kse1.'
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** A value as its column has it. */
export type Stored = string | Uint8Array<ArrayBuffer>

/** Where a value stands. */
export interface Place {
  readonly model: Model
  readonly field: string
  readonly mark: EncryptedMark
  readonly row: RowValues
}

/** Encrypts and decrypts values of fields. */
export interface Sealer {
  seal(place: Place, value: unknown): Promise<Stored>
  /** Throws an error that names the row where a value does not open. */
  open(place: Place, stored: unknown): Promise<unknown>
}

/** Makes a sealer. With `plaintext: 'allow'`, a value that is not encrypted is read as it is. */
export function createSealer(
  { envelope }: Pick<Keystead, 'envelope'>,
  { plaintext }: { readonly plaintext: 'refuse' | 'allow' },
): Sealer {
  return {
    async seal(place, value) {
      const { mark } = place
      const sealed = await envelope.encrypt(encoded(place, value), { key: mark.key, ...bindingOf(place) })
      return mark.kind === 'bytes'
        ? new Uint8Array(sealed)
        : `${prefix}${Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).toString('base64url')}`
    },
    async open(place, stored) {
      const { model, field, mark } = place
      const bytes = envelopeOf(mark, stored)
      if (bytes === null) {
        if (plaintext === 'allow') return stored
        throw new UnreadableValueError(
          `${nameOf(place)} is not encrypted. Encrypt the rows that are there with \`npx keystead-prisma encrypt ${model.name}\`, or read them meanwhile with plaintext: 'allow'.`,
          { model: model.name, field },
        )
      }
      try {
        return decoded(mark, await envelope.decrypt(bytes, { key: mark.key, ...bindingOf(place) }))
      } catch (error) {
        if (!isOfCiphertext(error)) throw error
        throw new UnreadableValueError(
          `${nameOf(place)} does not open as "${mark.name}" with the key ${mark.key}: it is of another row, field, context or key, or was changed. If the table or column was renamed, give its old name as the option name of @encrypted. If the key was replaced, name the old key and decrypt first.`,
          { model: model.name, field, cause: error },
        )
      }
    },
  }
}

/** The key and version that wrap the data key of a stored value; null if it is not encrypted. */
export function storedKeyOf(mark: EncryptedMark, stored: unknown): EnvelopeKey | null {
  const bytes = envelopeOf(mark, stored)
  return bytes === null ? null : keyOfEnvelope(bytes)
}

function envelopeOf({ kind }: EncryptedMark, stored: unknown): Uint8Array | null {
  let bytes: Uint8Array
  if (kind === 'bytes') {
    if (!(stored instanceof Uint8Array)) return null
    bytes = stored
  } else {
    if (typeof stored !== 'string' || !stored.startsWith(prefix)) return null
    const { buffer, byteOffset, length } = Buffer.from(stored.slice(prefix.length), 'base64url')
    bytes = new Uint8Array(buffer, byteOffset, length)
  }
  return isEnvelope(bytes) ? bytes : null
}

function nameOf({ model, field, row }: Place): string {
  const id = model.id.map((name) => `${name} ${JSON.stringify(row.get(name))}`).join(', ')
  return `${model.name}.${field} of the row with ${id}`
}

/** Binds ciphertext to table, column, kind and row, and its data key to the context. */
function bindingOf({ model, mark, row }: Place): {
  readonly context?: EncryptionContext
  readonly additionalAuthenticatedData: Uint8Array
} {
  const id = model.id.map((name) => row.get(name) ?? missing(model, name))
  const binding = JSON.stringify(['keystead-prisma', 1, mark.name, mark.kind, ...id])
  const context = Object.fromEntries(
    mark.context.map((name) => [name, row.get(name) ?? missing(model, name)]),
  )
  return {
    additionalAuthenticatedData: encoder.encode(binding),
    ...(mark.context.length > 0 && { context }),
  }
}

function missing(model: Model, name: string): never {
  throw new Error(
    `${model.name}.${name} is not known, to which ciphertext is bound. This is a mistake of @keystead/prisma.`,
  )
}

function encoded({ model, field, mark }: Place, value: unknown): Uint8Array {
  const place = `${model.name}.${field}`
  switch (mark.kind) {
    case 'bytes':
      if (value instanceof Uint8Array) return value
      throw new UnsupportedQueryError(`${place} must be a Uint8Array, got ${typeof value}.`)
    case 'text':
      if (typeof value !== 'string')
        throw new UnsupportedQueryError(`${place} must be a string, got ${typeof value}.`)
      if (!value.isWellFormed())
        throw new UnsupportedQueryError(`${place} has half of a surrogate pair: it is no Unicode text.`)
      return encoder.encode(value)
    case 'json': {
      const text = isJsonNull(value) ? 'null' : JSON.stringify(value)
      if (text === undefined)
        throw new UnsupportedQueryError(`${place} must be a value of JSON, got ${typeof value}.`)
      return encoder.encode(text)
    }
  }
}

function decoded({ kind }: EncryptedMark, bytes: Uint8Array): unknown {
  if (kind === 'bytes') return bytes
  const text = decoder.decode(bytes)
  return kind === 'json' ? JSON.parse(text) : text
}

/** Whether the bytes are at fault, and not the connection, the token or a permission. */
function isOfCiphertext(error: unknown): boolean {
  // By its code: the client may come from another copy of its package.
  const { code } = error as { readonly code?: unknown }
  return code === 'INVALID_ENVELOPE' || code === 'UNSUPPORTED_ENVELOPE' || code === 'INVALID_CIPHERTEXT'
}
