import { createCipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { openWith, sealWith } from './aead.ts'
import { type AeadCapability, DecryptionFailedError } from './capabilities.ts'
import { freshRandomBytes } from './secrets.ts'

const nonceBytes = 24
const tagBytes = 16
/** The half of the nonce that goes into the message's own key; the other half is the nonce of AES-256-GCM. */
const derivationBytes = 12
const blockBytes = 16

/**
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key that is derived for each message from the
 * first half of a 192-bit random nonce, so that random nonces have no practical limit.
 */
export const xaes256Gcm: AeadCapability = {
  kind: 'aead',
  formatId: 4,
  nonceBytes,
  tagBytes,
  encryptionsMax: null,
  seal: (key, plaintext, associatedData) =>
    sealXaes({ key, nonce: freshRandomBytes(nonceBytes), plaintext, associatedData }),
  open(key, sealed, associatedData) {
    if (sealed.length < nonceBytes + tagBytes) throw new DecryptionFailedError()
    const messageKey = deriveMessageKey(key, sealed.subarray(0, derivationBytes))
    return openWith('aes-256-gcm', messageKey, sealed.subarray(derivationBytes), associatedData)
  },
}

/** Seals with a nonce of the caller's, for vectors. */
export function sealXaes(input: {
  readonly key: KeyObject
  readonly nonce: Uint8Array
  readonly plaintext: Uint8Array
  readonly associatedData: Uint8Array
}): Buffer {
  const { key, nonce, plaintext, associatedData } = input
  const derivation = nonce.subarray(0, derivationBytes)
  const sealed = sealWith('aes-256-gcm', {
    key: deriveMessageKey(key, derivation),
    nonce: nonce.subarray(derivationBytes),
    plaintext,
    associatedData,
  })
  return Buffer.concat([derivation, sealed])
}

/** The counter KDF of NIST SP 800-108r1 §4.1 with CMAC of one block, as the specification of XAES spells it out. */
function deriveMessageKey(key: KeyObject, derivation: Uint8Array): KeyObject {
  const aes = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  const subkey = doubleInField(aes.update(Buffer.alloc(blockBytes)))
  const blocks = [1, 2].map((counter) => {
    const block = Buffer.concat([Buffer.from([0, counter, 0x58, 0]), derivation])
    return block.map((byte, index) => byte ^ (subkey[index] ?? 0))
  })
  const messageKey = aes.update(Buffer.concat(blocks))
  const loaded = createSecretKey(messageKey)
  messageKey.fill(0)
  return loaded
}

/** Multiplication by x in GF(2^128), in a time that does not depend on the value (NIST SP 800-38B §6.1). */
function doubleInField(block: Uint8Array): Uint8Array {
  const carry = (block[0] ?? 0) >> 7
  return block.map((byte, index) => {
    const shifted = (byte << 1) | ((block[index + 1] ?? 0) >> 7)
    return index === blockBytes - 1 ? shifted ^ (carry * 0x87) : shifted
  })
}
