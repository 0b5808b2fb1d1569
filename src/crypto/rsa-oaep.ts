import { constants, privateDecrypt, publicEncrypt } from 'node:crypto'
import {
  DecryptionFailedError,
  type EncryptionAlgorithm,
  type PublicKeyEncryptionCapability,
} from './capabilities.ts'

const hashes: Readonly<Record<EncryptionAlgorithm, { readonly name: string; readonly bytes: number }>> = {
  RSAES_OAEP_SHA_256: { name: 'sha256', bytes: 32 },
  RSAES_OAEP_SHA_1: { name: 'sha1', bytes: 20 },
  RSAES_OAEP_SHA_384: { name: 'sha384', bytes: 48 },
  RSAES_OAEP_SHA_512: { name: 'sha512', bytes: 64 },
}

/** RSAES-OAEP (RFC 8017 §7.1) with an empty label; MGF1 uses the same hash. */
export function createRsaOaep(modulusBits: number): PublicKeyEncryptionCapability {
  return {
    kind: 'publicKeyEncryption',
    encryptionAlgorithms: Object.keys(hashes) as EncryptionAlgorithm[],
    plaintextBytesMax: (algorithm) => modulusBits / 8 - 2 * hashes[algorithm].bytes - 2,
    encrypt: (key, plaintext, algorithm) =>
      publicEncrypt(
        { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hashes[algorithm].name },
        plaintext,
      ),
    async decrypt(key, ciphertext, algorithm) {
      try {
        return privateDecrypt(
          { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hashes[algorithm].name },
          ciphertext,
        )
      } catch {
        throw new DecryptionFailedError()
      }
    },
  }
}
