import { createCipheriv, createDecipheriv } from 'node:crypto'
import { DecryptionFailedError } from './capabilities.ts'

/** Plain bytes of every chunk but the last, which has one to as many. */
export const chunkBytes = 65_536
/** Length that sealing adds to a chunk. */
export const chunkTagBytes = 16

/**
 * AES-256-GCM over the chunks of one stream, in the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the
 * nonce is the chunk's number and whether it is the last, so that chunks which are missing, moved, doubled or from
 * another stream do not open. The key must be of this stream alone.
 */
export function createChunkSealer(key: Uint8Array): (plain: Uint8Array, isLast: boolean) => Buffer {
  const nextNonce = createNonces()
  return (plain, isLast) => {
    const cipher = createCipheriv('aes-256-gcm', key, nextNonce(isLast), { authTagLength: chunkTagBytes })
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  }
}

/** Opens chunks in their order; throws {@link DecryptionFailedError} for every one that is not as it was sealed. */
export function createChunkOpener(key: Uint8Array): (sealed: Uint8Array, isLast: boolean) => Buffer {
  const nextNonce = createNonces()
  return (sealed, isLast) => {
    const end = sealed.length - chunkTagBytes
    // An empty chunk is never written, and would make a second ending of the same stream.
    if (end < 1) throw new DecryptionFailedError()
    const decipher = createDecipheriv('aes-256-gcm', key, nextNonce(isLast), { authTagLength: chunkTagBytes })
    decipher.setAuthTag(sealed.subarray(end))
    const plain = decipher.update(sealed.subarray(0, end))
    try {
      decipher.final()
    } catch {
      throw new DecryptionFailedError()
    }
    return plain
  }
}

/** Eleven bytes of number and one that tells the last: 2^48 chunks are more than any file has. */
function createNonces(): (isLast: boolean) => Buffer {
  let number = 0
  return (isLast) => {
    const nonce = Buffer.alloc(12)
    nonce.writeUIntBE(number, 5, 6)
    nonce[11] = isLast ? 1 : 0
    number++
    return nonce
  }
}
