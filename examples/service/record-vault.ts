import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { DataKeys } from './data-keys.ts'

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** A sealed record is not what this service once sealed under this ID. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
}

/** Seals records for a database that need not be trusted, and opens them. */
export interface RecordVault {
  /** The wrapped data key, a nonce, the ciphertext and its tag: all that opening needs, but for Keystead. */
  seal(id: string, content: Uint8Array): Promise<Buffer>
  open(id: string, sealed: Buffer): Promise<Buffer>
}

/** Each record is bound to its ID, so that none can be passed off as another. */
export function createRecordVault(dataKeys: DataKeys): RecordVault {
  return {
    async seal(id, content) {
      const { key, wrapped } = await dataKeys.forSealing()
      // Random nonces are safe for 2^32 records of a data key; it protects far fewer.
      const nonce = randomBytes(nonceBytes)
      const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(id))
      const ciphertext = Buffer.concat([sealing.update(content), sealing.final()])
      const wrappedBytes = Buffer.alloc(2)
      wrappedBytes.writeUInt16BE(wrapped.length)
      return Buffer.concat([wrappedBytes, wrapped, nonce, ciphertext, sealing.getAuthTag()])
    },
    async open(id, sealed) {
      const { wrapped, nonce, ciphertext, tag } = readParts(sealed)
      const key = await dataKeys.forOpening(wrapped)
      const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagBytes })
      opening.setAAD(Buffer.from(id)).setAuthTag(tag)
      try {
        return Buffer.concat([opening.update(ciphertext), opening.final()])
      } catch (error) {
        throw new RecordError(`The record "${id}" was changed, or belongs to another ID.`, { cause: error })
      }
    },
  }
}

function readParts(sealed: Buffer) {
  const wrappedEnd = sealed.length < 2 ? 2 : 2 + sealed.readUInt16BE(0)
  if (sealed.length < wrappedEnd + nonceBytes + tagBytes) throw new RecordError('A record is cut off.')
  return {
    wrapped: sealed.subarray(2, wrappedEnd),
    nonce: sealed.subarray(wrappedEnd, wrappedEnd + nonceBytes),
    ciphertext: sealed.subarray(wrappedEnd + nonceBytes, -tagBytes),
    tag: sealed.subarray(-tagBytes),
  }
}
