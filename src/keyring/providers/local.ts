import { createSecretKey, type KeyObject } from 'node:crypto'
import { unwrapAead, wrapAead } from '../../crypto/aead.ts'
import { deriveKey, hmacSha256 } from '../../crypto/secrets.ts'
import { type RootKey, WrappedBytesError } from '../root-key-provider.ts'

/** Length of a root key: AES-256. */
export const rootKeyBytes = 32

/** A root key that this process holds in memory. `secret` is zeroed. */
export function createLocalRootKey(secret: Buffer): RootKey {
  const key = createSecretKey(secret)
  const name = deriveKey(secret, 'keystead root key id v1', 8)
  secret.fill(0)
  // Earlier releases made the name with the encryption key as the key of a MAC. Those names stand in stored data.
  const formerName = hmacSha256(key, 'keystead root key id').subarray(0, 8)
  return namedRootKey(key, name, namedRootKey(key, formerName, null))
}

function namedRootKey(key: KeyObject, name: Buffer, formerly: RootKey | null): RootKey {
  const rootKeyId = `local-${name.toString('hex')}`
  return {
    rootKeyId,
    formerly,
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

/** Decodes a root key from base64; null if the text is anything else. */
export function parseRootKey(text: string): Buffer | null {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, 'base64')
  return bytes.length === rootKeyBytes && bytes.toString('base64') === trimmed ? bytes : null
}
