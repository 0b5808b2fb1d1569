/**
 * The layout of an encrypted file, in the order of its bytes:
 *
 *     keystead-file-v1 LF
 *     {"fileId":…,"keyId":…,"keyVersion":…,"wrappedKey":…} LF     the header; with the first line at most 4 KiB
 *     segment 0: up to 1 MiB of encrypted bytes, then a tag of 16 bytes
 *     segment 1: …
 *
 * Each file has a data key of its own, which the header holds wrapped by a key in Keystead. The additional
 * authenticated data of the wrapping name the format and the file's random ID, so that Keystead does not unwrap a data
 * key for another purpose or, in the header of another file, for another file.
 *
 * A segment is AES-256-GCM under the data key. Its nonce (12 bytes) is never used twice with that key:
 *
 *     the segment's number, big-endian (11 bytes)  |  1 in the last segment, else 0 (1 byte)
 *
 * and its additional authenticated data are both lines of the header, byte by byte. All segments but the last hold
 * exactly 1 MiB, and only that of an empty file is empty. (Known as STREAM; age and Tink do the same.)
 *
 * Why not one AES-GCM for all? Its tag comes last, so that gigabytes would be decrypted before anybody knows whether
 * they are genuine, and one nonce is good for 64 GiB only. Here a flipped bit, a segment that was moved, left out or
 * brought in from another file, and a missing end are each noticed before the bytes concerned are given to anybody.
 */
import type { FileHandle } from 'node:fs/promises'

export const cipher = 'aes-256-gcm'
export const dataKeyBytes = 32
export const segmentBytes = 1024 * 1024
export const tagBytes = 16

const formatName = 'keystead-file-v1'
const headerBytesMax = 4096
const lineFeed = 0x0a

/** What the second line of a file says. */
export interface FileHeader {
  /** A random UUID. */
  readonly fileId: string
  /** Which key of Keystead wrapped the data key, and which version of it. */
  readonly keyId: string
  readonly keyVersion: number
  /** In base64. */
  readonly wrappedKey: string
}

/** The bytes are not what an encryption has written: another kind of file, damaged, cut off, or changed. */
export class FileFormatError extends Error {
  override readonly name = 'FileFormatError'
}

/** What Keystead authenticates together with the data key of a file. */
export function wrappingAad(fileId: string): Buffer {
  return Buffer.from(`${formatName} ${fileId}`)
}

/** Both lines. */
export function encodeHeader({ fileId, keyId, keyVersion, wrappedKey }: FileHeader): Buffer {
  return Buffer.from(`${formatName}\n${JSON.stringify({ fileId, keyId, keyVersion, wrappedKey })}\n`)
}

/**
 * Reads both lines of a file. Nothing in them is to be trusted before a segment has authenticated them.
 *
 * @throws FileFormatError if they are not of this format
 */
export async function readHeader(file: FileHandle): Promise<{ header: FileHeader; bytes: Buffer }> {
  const start = Buffer.alloc(headerBytesMax)
  const length = await readFully(file, { into: start, position: 0 })
  const name = Buffer.from(`${formatName}\n`)
  const end = start.subarray(0, length).indexOf(lineFeed, name.length) + 1
  if (!start.subarray(0, name.length).equals(name) || end === 0) {
    throw new FileFormatError('This is not a file of this demo: it does not start with its header.')
  }
  const header = parseHeader(start.toString('utf8', name.length, end))
  if (header === null) throw new FileFormatError('The header of the file is damaged.')
  return { header, bytes: start.subarray(0, end) }
}

function parseHeader(json: string): FileHeader | null {
  try {
    const value = JSON.parse(json) as Record<keyof FileHeader, unknown>
    const { fileId, keyId, keyVersion, wrappedKey } = value
    const fits =
      typeof fileId === 'string' &&
      typeof keyId === 'string' &&
      typeof keyVersion === 'number' &&
      typeof wrappedKey === 'string' &&
      /^[A-Za-z0-9+/]+={0,2}$/.test(wrappedKey)
    return fits ? { fileId, keyId, keyVersion, wrappedKey } : null
  } catch {
    return null
  }
}

/** The nonce of a segment. */
export function segmentNonce(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  // Six bytes of the eleven are more than enough: 2^48 segments are 2^68 bytes.
  nonce.writeUIntBE(index, 5, 6)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** A piece of a file. Its bytes are overwritten once the next one is asked for. */
export interface Piece {
  readonly index: number
  readonly bytes: Buffer
  readonly isLast: boolean
}

/** Reads a file in pieces of equal size but for the last, with one piece in advance to know which is the last. */
export async function* readPieces(
  file: FileHandle,
  { from, pieceBytes }: { readonly from: number; readonly pieceBytes: number },
): AsyncGenerator<Piece> {
  let current = Buffer.alloc(pieceBytes)
  let next = Buffer.alloc(pieceBytes)
  let length = await readFully(file, { into: current, position: from })
  for (let index = 0; ; index++) {
    const position = from + (index + 1) * pieceBytes
    const nextLength = length < pieceBytes ? 0 : await readFully(file, { into: next, position })
    yield { index, bytes: current.subarray(0, length), isLast: nextLength === 0 }
    if (nextLength === 0) return
    const read = current
    current = next
    next = read
    length = nextLength
  }
}

/** Reads until the buffer is full or the file ends: one call of `read` may give less. */
async function readFully(
  file: FileHandle,
  { into, position }: { readonly into: Buffer; readonly position: number },
): Promise<number> {
  let length = 0
  while (length < into.length) {
    const { bytesRead } = await file.read(into, length, into.length - length, position + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}
