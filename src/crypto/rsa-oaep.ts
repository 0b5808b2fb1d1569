import { constants, publicEncrypt, webcrypto } from 'node:crypto'
import {
  CryptoInputError,
  DecryptionFailedError,
  type EncryptionAlgorithm,
  type PublicKeyEncryptionCapability,
} from './capabilities.ts'

interface Hash {
  readonly name: string
  readonly bytes: number
}

const hashes: Readonly<Record<EncryptionAlgorithm, Hash>> = {
  RSAES_OAEP_SHA_256: { name: 'SHA-256', bytes: 32 },
  RSAES_OAEP_SHA_1: { name: 'SHA-1', bytes: 20 },
  RSAES_OAEP_SHA_384: { name: 'SHA-384', bytes: 48 },
  RSAES_OAEP_SHA_512: { name: 'SHA-512', bytes: 64 },
}

/** RSAES-OAEP (RFC 8017 §7.1) with an empty label; MGF1 uses the same hash. */
export function createRsaOaep(modulusBits: number): PublicKeyEncryptionCapability {
  const plaintextBytesMax = (algorithm: EncryptionAlgorithm) =>
    modulusBits / 8 - 2 * hashes[algorithm].bytes - 2
  return {
    kind: 'publicKeyEncryption',
    encryptionAlgorithms: Object.keys(hashes) as EncryptionAlgorithm[],
    plaintextBytesMax,
    encrypt(key, plaintext, algorithm) {
      const bytesMax = plaintextBytesMax(algorithm)
      if (plaintext.length > bytesMax) {
        throw new CryptoInputError('plaintext', `must have at most ${bytesMax} bytes for this key`)
      }
      const padding = constants.RSA_PKCS1_OAEP_PADDING
      return publicEncrypt({ key, padding, oaepHash: hashes[algorithm].name }, plaintext)
    },
    async decrypt(key, ciphertext, algorithm, work) {
      // RFC 8017 §7.1.2 step 1b. OpenSSL takes fewer bytes too, for the number that they stand for.
      if (ciphertext.length !== modulusBits / 8) throw new DecryptionFailedError()
      return work('SHORT', async () => {
        try {
          // privateDecrypt would block the calling thread for milliseconds; Web Crypto runs in the thread pool.
          const scheme = { name: 'RSA-OAEP', hash: hashes[algorithm].name }
          const privateKey = key.toCryptoKey(scheme, false, ['decrypt'])
          return Buffer.from(await webcrypto.subtle.decrypt(scheme, privateKey, ciphertext))
        } catch {
          throw new DecryptionFailedError()
        }
      })
    },
  }
}
