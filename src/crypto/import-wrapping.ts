import { createDecipheriv } from 'node:crypto'
import { DecryptionFailedError, type GeneratedMaterial } from './capabilities.ts'
import { generatePair, type KeyPairKind, loadPrivateKey } from './key-pair.ts'
import { createRsaOaep } from './rsa-oaep.ts'
import type { SlowWork } from './slow-work.ts'

const modulusBits = 4096
const wrappingKeyKind: KeyPairKind = { type: 'rsa', modulusBits }
const oaep = createRsaOaep(modulusBits)
const modulusBytes = modulusBits / 8
const aesKeyBytes = 32
/** RFC 5649 §3: the first half of the alternative initial value; the other half is the length. */
const kwpInitialValue = Buffer.from('A65959A6', 'hex')

/** Algorithm of the public key for which material is wrapped; its name in the algorithm table. */
export const importWrappingKeyAlgorithm = `RSA_${modulusBits}`

/** Sizes in bytes of wrapped material: the wrapped AES key, and at least two blocks behind it (RFC 5649 §4.1). */
export const wrappedMaterialBytes = { min: modulusBytes + 16, max: modulusBytes + 16_384 } as const

/** A new pair for one import. */
export function generateWrappingPair(work: SlowWork): Promise<GeneratedMaterial> {
  return generatePair(wrappingKeyKind, work)
}

/**
 * Opens material that was wrapped for a pair: an AES-256 key under RSAES-OAEP with SHA-256 (RFC 8017 §7.1), and behind
 * it the material under that key with AES-KWP (RFC 5649; NIST SP 800-38F §6.3). PKCS #11 calls it
 * CKM_RSA_AES_KEY_WRAP. Throws {@link DecryptionFailedError} for every cause; the caller zeroes the result.
 */
export async function unwrapImportedMaterial(
  privateKey: Uint8Array,
  wrapped: Uint8Array,
  work: SlowWork,
): Promise<Buffer> {
  const key = loadPrivateKey(privateKey, wrappingKeyKind)
  const aesKey = await oaep.decrypt(key, wrapped.subarray(0, modulusBytes), 'RSAES_OAEP_SHA_256', work)
  try {
    return unwrapWithAesKey(aesKey, wrapped.subarray(modulusBytes))
  } finally {
    aesKey.fill(0)
  }
}

/** AES-KWP with a key of 256 bits (RFC 5649 §4.2); throws {@link DecryptionFailedError} for every cause. */
export function unwrapWithAesKey(aesKey: Uint8Array, wrapped: Uint8Array): Buffer {
  if (aesKey.length !== aesKeyBytes) throw new DecryptionFailedError()
  // The pieces are copies of the material, of which only the result is the caller's.
  const pieces: Buffer[] = []
  try {
    const decipher = createDecipheriv('id-aes256-wrap-pad', aesKey, kwpInitialValue)
    pieces.push(decipher.update(wrapped))
    pieces.push(decipher.final())
    return Buffer.concat(pieces)
  } catch {
    throw new DecryptionFailedError()
  } finally {
    for (const piece of pieces) piece.fill(0)
  }
}
