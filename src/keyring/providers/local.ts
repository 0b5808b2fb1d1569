import { createSecretKey } from 'node:crypto'
import { unwrapAead, wrapAead } from '../../crypto/aes-gcm.ts'
import { hmacSha256 } from '../../crypto/derive.ts'
import { type RootKey, WrappedBytesError } from '../root-key-provider.ts'

/** Length of a root key: AES-256. */
export const rootKeyBytes = 32

/** A root key that this process holds in memory. `secret` is zeroed. */
export function createLocalRootKey(secret: Buffer): RootKey {
  const key = createSecretKey(secret)
  secret.fill(0)
  // A tag of the key under itself names it without telling anything else about it (HMAC is a PRF).
  const rootKeyId = `local-${hmacSha256(key, 'keystead root key id').subarray(0, 8).toString('hex')}`
  return {
    rootKeyId,
    async wrap(plaintext, associatedData) {
      return { rootKeyId, wrapped: wrapAead(key, plaintext, associatedData) }
    },
    async unwrap(wrapped, associatedData) {
      if (wrapped.rootKeyId !== rootKeyId) {
        throw new WrappedBytesError(
          `the data was wrapped by root key ${wrapped.rootKeyId}, but the configured root key is ${rootKeyId}`,
        )
      }
      try {
        return unwrapAead(key, wrapped.wrapped, associatedData)
      } catch {
        throw new WrappedBytesError('wrapped bytes do not open: they were changed or moved to another place')
      }
    },
    async checkHealth() {},
  }
}

/** Reads base64 text of a root key; null if it is not exactly that. */
export function parseRootKey(text: string): Buffer | null {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, 'base64')
  return bytes.length === rootKeyBytes && bytes.toString('base64') === trimmed ? bytes : null
}
