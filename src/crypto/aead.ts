import { type CipherGCMTypes, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { type AeadCapability, DecryptionFailedError } from './capabilities.ts'
import { freshRandomBytes } from './secrets.ts'

const nonceBytes = 12
const tagBytes = 16

/** Encryptions under one key with random 96-bit nonces (NIST SP 800-38D §8.3). */
const randomNonceEncryptionsMax = 2 ** 32

/** Ciphers with 96-bit nonces and 128-bit tags. */
export type AeadCipher = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'

/** Authenticated encryption with a random 96-bit nonce (RFC 5116): the result is nonce ‖ body ‖ tag. */
function createAead(cipher: AeadCipher, formatId: number): AeadCapability {
  return {
    kind: 'aead',
    formatId,
    nonceBytes,
    tagBytes,
    encryptionsMax: randomNonceEncryptionsMax,
    seal: (key, plaintext, associatedData) =>
      sealWith(cipher, { key, nonce: freshRandomBytes(nonceBytes), plaintext, associatedData }),
    open: (key, sealed, associatedData) => openWith(cipher, key, sealed, associatedData),
  }
}

/** Seals with a nonce of the caller's: for vectors, and for constructions that derive a key for each message. */
export function sealWith(
  cipher: AeadCipher,
  input: {
    readonly key: KeyObject
    readonly nonce: Uint8Array
    readonly plaintext: Uint8Array
    readonly associatedData: Uint8Array
  },
): Buffer {
  const { key, nonce, plaintext, associatedData } = input
  const encryption = createCipheriv(asDeclared(cipher), key, nonce, { authTagLength: tagBytes })
  encryption.setAAD(associatedData)
  const body = encryption.update(plaintext)
  // Returns no bytes for stream ciphers, but computes the tag.
  encryption.final()
  return Buffer.concat([nonce, body, encryption.getAuthTag()])
}

/** Opens nonce ‖ body ‖ tag; throws {@link DecryptionFailedError} for every cause. */
export function openWith(
  cipher: AeadCipher,
  key: KeyObject,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Buffer {
  if (sealed.length < nonceBytes + tagBytes) throw new DecryptionFailedError()
  const decryption = createDecipheriv(asDeclared(cipher), key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  })
  decryption.setAAD(associatedData)
  decryption.setAuthTag(sealed.subarray(sealed.length - tagBytes))
  const plaintext = decryption.update(sealed.subarray(nonceBytes, sealed.length - tagBytes))
  try {
    decryption.final()
  } catch {
    plaintext.fill(0)
    throw new DecryptionFailedError()
  }
  return plaintext
}

/** Node's declarations tell ChaCha20-Poly1305 from GCM; its objects are used in the same way. */
function asDeclared(cipher: AeadCipher): CipherGCMTypes {
  return cipher as CipherGCMTypes
}

/** AES-256 in Galois/Counter Mode (NIST SP 800-38D) with 96-bit random nonces and 128-bit tags. */
export const aes256Gcm = createAead('aes-256-gcm', 1)

/** AES-128 in Galois/Counter Mode (NIST SP 800-38D) with 96-bit random nonces and 128-bit tags. */
export const aes128Gcm = createAead('aes-128-gcm', 2)

/** ChaCha20-Poly1305 (RFC 8439 §2.8) with 96-bit random nonces. */
export const chacha20Poly1305 = createAead('chacha20-poly1305', 3)

/** Wraps key material or a secret; the result is nonce ‖ body ‖ tag. */
export function wrapAead(key: KeyObject, plaintext: Uint8Array, associatedData: Uint8Array): Uint8Array {
  return aes256Gcm.seal(key, plaintext, associatedData)
}

/** Opens what {@link wrapAead} made; throws DecryptionFailedError for every cause. */
export function unwrapAead(key: KeyObject, wrapped: Uint8Array, associatedData: Uint8Array): Buffer {
  return aes256Gcm.open(key, wrapped, associatedData)
}
