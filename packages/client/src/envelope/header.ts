import { InvalidEnvelopeError, UnsupportedEnvelopeError } from '../errors.ts'
import { joinBytes } from './join-bytes.ts'

/** What an envelope begins with (docs/envelope-format.md). */
export interface EnvelopeHeader {
  /** Binary logarithm of the bytes of a piece. */
  readonly pieceExponent: number
  /** ID of the key that wraps the data key. */
  readonly keyId: string
  readonly wrappedDataKey: Uint8Array
  readonly salt: Uint8Array
}

/** `KSE`, and the version of the format. */
const magic = [0x4b, 0x53, 0x45] as const
const formatVersion = 1
/** HKDF-SHA-256, and AES-256-GCM in pieces. */
const suite = 1
const fixedBytes = 7
/** Bytes of the salt of an envelope. */
export const saltBytes = 16
const keyIdBytesMax = 64
/** Pieces have 1 KiB to 16 MiB. A reader holds a few of them in memory. */
const pieceExponents = { min: 10, max: 24 } as const
/** Most bytes of a header. */
export const headerBytesMax = fixedBytes + keyIdBytesMax + 1 + 255 + saltBytes

/** Writes a header. */
export function encodeHeader({ pieceExponent, keyId, wrappedDataKey, salt }: EnvelopeHeader): Uint8Array {
  const id = new TextEncoder().encode(keyId)
  if (id.length === 0 || id.length > keyIdBytesMax) throw new TypeError('the ID of a key has 1 to 64 bytes')
  if (wrappedDataKey.length === 0 || wrappedDataKey.length > 255)
    throw new TypeError('a wrapped data key has 1 to 255 bytes')
  const fixed = Uint8Array.of(...magic, formatVersion, suite, pieceExponent, id.length)
  return joinBytes(fixed, id, Uint8Array.of(wrappedDataKey.length), wrappedDataKey, salt)
}

/**
 * Reads a header from the first bytes of an envelope; null if they are too few to tell. The header is not authenticated
 * until the first piece is.
 */
export function decodeHeader(bytes: Uint8Array): { header: EnvelopeHeader; length: number } | null {
  if (magic.some((byte, index) => index < bytes.length && bytes[index] !== byte)) {
    throw new InvalidEnvelopeError('The bytes are no envelope of @keystead/client.')
  }
  const [, , , version, suiteOf, pieceExponent, idLength] = bytes
  if (version !== undefined && version !== formatVersion) {
    throw new UnsupportedEnvelopeError(
      `The envelope has format version ${version}; this release reads version ${formatVersion}. Use a newer release of @keystead/client.`,
    )
  }
  if (suiteOf !== undefined && suiteOf !== suite) {
    throw new UnsupportedEnvelopeError(
      `The envelope has suite ${suiteOf}; this release reads suite ${suite}.`,
    )
  }
  if (pieceExponent === undefined || idLength === undefined) return null
  if (pieceExponent < pieceExponents.min || pieceExponent > pieceExponents.max) {
    throw new InvalidEnvelopeError(
      `The pieces of an envelope have 2^10 to 2^24 bytes, not 2^${pieceExponent}.`,
    )
  }
  if (idLength === 0 || idLength > keyIdBytesMax) throw new InvalidEnvelopeError('The envelope names no key.')
  const idEnd = fixedBytes + idLength
  const wrappedLength = bytes[idEnd]
  if (wrappedLength === undefined) return null
  const wrappedEnd = idEnd + 1 + wrappedLength
  const length = wrappedEnd + saltBytes
  if (bytes.length < length) return null
  return {
    header: {
      pieceExponent,
      keyId: String.fromCharCode(...bytes.subarray(fixedBytes, idEnd)),
      wrappedDataKey: bytes.slice(idEnd + 1, wrappedEnd),
      salt: bytes.slice(wrappedEnd, length),
    },
    length,
  }
}
