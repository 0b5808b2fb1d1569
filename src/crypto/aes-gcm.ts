import type { KeyObject } from 'node:crypto'
import { createAead } from './aead.ts'

/** AES-256 in Galois/Counter Mode (NIST SP 800-38D) with 96-bit random nonces and 128-bit tags. */
export const aes256Gcm = createAead('aes-256-gcm', 1)

/** AES-128 in Galois/Counter Mode (NIST SP 800-38D) with 96-bit random nonces and 128-bit tags. */
export const aes128Gcm = createAead('aes-128-gcm', 2)

/** Wraps key material or a secret; the result is nonce ‖ body ‖ tag. */
export function wrapAead(key: KeyObject, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array {
  return aes256Gcm.seal(key, plaintext, associatedData)
}

/** Opens what {@link wrapAead} made; throws DecryptionFailedError for every cause. */
export function unwrapAead(key: KeyObject, wrapped: Uint8Array, associatedData: Uint8Array): Buffer {
  return aes256Gcm.open(key, wrapped, associatedData)
}
