import { InvalidEnvelopeError } from '../errors.ts'
import { type EnvelopeHeader, encodeHeader } from './header.ts'
import { joinBytes } from './join-bytes.ts'

/** Bytes of the tag of a piece. */
export const tagBytes = 16
const nonceBytes = 12
/** `info` of HKDF. */
export const contentKeyLabel = new TextEncoder().encode('keystead envelope v1')

/** Where a piece stands: its number from 0, and whether it is the last one. Both are in its nonce. */
export interface PiecePosition {
  readonly index: number
  readonly isLast: boolean
}

/** Encrypts or decrypts pieces with the key of one envelope. */
export type PieceCipher = (piece: Uint8Array, position: PiecePosition) => Promise<Uint8Array>

/** What all pieces of an envelope have in common. */
export interface EnvelopeSecrets {
  readonly header: EnvelopeHeader
  readonly dataKey: Uint8Array
  readonly additionalAuthenticatedData: Uint8Array
}

/** Encrypts the pieces of one envelope. Its key is used for nothing else: the salt of the header is new each time. */
export async function createPieceSealer(secrets: EnvelopeSecrets): Promise<PieceCipher> {
  const { key, additionalData } = await openEnvelope(secrets, 'encrypt')
  return async (piece, position) =>
    new Uint8Array(
      await crypto.subtle.encrypt(
        { name: 'AES-GCM', iv: nonceOf(position), additionalData },
        key,
        bufferSource(piece),
      ),
    )
}

/** Decrypts the pieces of one envelope. Every failure is the same error. */
export async function createPieceOpener(secrets: EnvelopeSecrets): Promise<PieceCipher> {
  const { key, additionalData } = await openEnvelope(secrets, 'decrypt')
  return async (piece, position) => {
    try {
      // Written after a whole piece, an empty one would make two envelopes of one content.
      if (piece.length === tagBytes && position.index > 0) throw new TypeError('an empty piece')
      return new Uint8Array(
        await crypto.subtle.decrypt(
          { name: 'AES-GCM', iv: nonceOf(position), additionalData },
          key,
          bufferSource(piece),
        ),
      )
    } catch {
      throw invalidPiece()
    }
  }
}

/** The error of a piece that does not open. */
export function invalidPiece(): InvalidEnvelopeError {
  return new InvalidEnvelopeError(
    'The envelope is not as it was written: it was cut off or changed, or has other additional authenticated data.',
  )
}

async function openEnvelope(
  { header, dataKey, additionalAuthenticatedData }: EnvelopeSecrets,
  usage: 'encrypt' | 'decrypt',
) {
  const additionalData = joinBytes(encodeHeader(header), additionalAuthenticatedData)
  // A copy: the cache may erase the key while it is imported.
  const copy = Uint8Array.from(dataKey)
  const imported = crypto.subtle.importKey('raw', copy, 'HKDF', false, ['deriveKey'])
  const base = await imported.finally(() => copy.fill(0))
  const key = await crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: bufferSource(header.salt), info: contentKeyLabel },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    [usage],
  )
  return { key, additionalData }
}

/** 11 bytes that count the pieces, and a byte that is 1 for the last one. */
export function nonceOf({ index, isLast }: PiecePosition): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(nonceBytes)
  const view = new DataView(nonce.buffer)
  view.setUint32(3, Math.floor(index / 2 ** 32))
  view.setUint32(7, index % 2 ** 32)
  nonce[nonceBytes - 1] = isLast ? 1 : 0
  return nonce
}

/** WebCrypto takes no memory that other threads can change meanwhile. */
function bufferSource(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes)
}

/** A piece of content, and where it stands. Its bytes are valid until the next one is asked for. */
export interface Piece extends PiecePosition {
  readonly bytes: Uint8Array
}

/** Cuts bytes into pieces of one size, without copying them. */
export function* slicesOf(bytes: Uint8Array, size: number): Generator<Piece, void, undefined> {
  for (let index = 0; ; index += 1) {
    const end = (index + 1) * size
    const isLast = end >= bytes.length
    yield { bytes: bytes.subarray(index * size, end), index, isLast }
    if (isLast) return
  }
}

/** Cuts a stream into pieces of one size. Only the last one may be shorter, and only the only one empty. */
export async function* cutIntoPieces(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Piece, void, undefined> {
  const pending = new Uint8Array(size)
  let filled = 0
  let index = 0
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array))
      throw new TypeError(`A stream must give Uint8Array, got ${typeof chunk}.`)
    let rest = chunk
    // A piece is complete when another byte comes: it may be the last one.
    while (filled + rest.length > size) {
      if (filled === 0) {
        yield { bytes: rest.subarray(0, size), index, isLast: false }
        rest = rest.subarray(size)
      } else {
        pending.set(rest.subarray(0, size - filled), filled)
        rest = rest.subarray(size - filled)
        filled = 0
        yield { bytes: pending, index, isLast: false }
      }
      index += 1
    }
    pending.set(rest, filled)
    filled += rest.length
  }
  yield { bytes: pending.subarray(0, filled), index, isLast: true }
}

/** Pieces in work at a time: several processors work on one stream, within a memory that does not grow. */
const piecesAtOnce = 4

/** Encrypts or decrypts pieces, some at a time, and gives them in their order. */
export async function* processPieces(
  pieces: AsyncIterable<Piece> | Iterable<Piece>,
  cipher: PieceCipher,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inWork: Promise<Uint8Array>[] = []
  for await (const { bytes, index, isLast } of pieces) {
    // WebCrypto copies the bytes at once, so that their memory may be used again.
    const result = cipher(bytes, { index, isLast })
    // Who reads them is told by the promise itself, unless an earlier piece failed.
    result.catch(() => {})
    inWork.push(result)
    const first = inWork.length >= piecesAtOnce ? inWork.shift() : undefined
    if (first !== undefined) yield await first
  }
  for (const result of inWork) yield await result
}
