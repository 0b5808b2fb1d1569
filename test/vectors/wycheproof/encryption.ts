import { sealWith } from '../../../src/crypto/aead.ts'
import type { EncryptionAlgorithm } from '../../../src/crypto/capabilities.ts'
import { unwrapWithAesKey } from '../../../src/crypto/import-wrapping.ts'
import { atOnce } from '../../crypto/keys.ts'
import { bytes, number, text } from './files.ts'
import { acceptedIf, capabilityOf, type FindCheck, requireSame } from './outcome.ts'

const aeadNames: Readonly<Record<string, { name: string; cipher: Parameters<typeof sealWith>[0] }>> = {
  'AES-GCM 128': { name: 'AES_128_GCM', cipher: 'aes-128-gcm' },
  'AES-GCM 256': { name: 'AES_256_GCM', cipher: 'aes-256-gcm' },
  'CHACHA20-POLY1305 256': { name: 'CHACHA20_POLY1305', cipher: 'chacha20-poly1305' },
}

/** AEAD: opens nonce ‖ body ‖ tag, and seals again with the nonce of the vector. */
export const checkAead: FindCheck = (file, group) => {
  const known = aeadNames[`${file.algorithm} ${number(group, 'keySize')}`]
  const found = known && capabilityOf(known.name, 'ENCRYPT_DECRYPT', 'aead')
  if (!known || !found) return { notApplicable: 'no such cipher' }
  return {
    offered: () => number(group, 'ivSize') === 96 && number(group, 'tagSize') === 128,
    attempt: (test) =>
      acceptedIf(() => {
        const key = found.entry.load(bytes(test, 'key'))
        const [nonce, associatedData] = [bytes(test, 'iv'), bytes(test, 'aad')]
        const sealed = Buffer.concat([nonce, bytes(test, 'ct'), bytes(test, 'tag')])
        const plaintext = found.capability.open(key, sealed, associatedData)
        requireSame(plaintext, bytes(test, 'msg'))
        return requireSame(sealWith(known.cipher, { key, nonce, plaintext, associatedData }), sealed)
      }),
  }
}

const oaepNames: Readonly<Record<string, EncryptionAlgorithm>> = {
  'SHA-1': 'RSAES_OAEP_SHA_1',
  'SHA-256': 'RSAES_OAEP_SHA_256',
  'SHA-384': 'RSAES_OAEP_SHA_384',
  'SHA-512': 'RSAES_OAEP_SHA_512',
}

/** RSAES-OAEP decryption; a label or another hash in MGF1 is not offered. */
export const checkOaep: FindCheck = (_file, group) => {
  const found = capabilityOf(`RSA_${number(group, 'keySize')}`, 'ENCRYPT_DECRYPT', 'publicKeyEncryption')
  const algorithm = oaepNames[text(group, 'sha')]
  if (found === null || algorithm === undefined) return { notApplicable: 'no such size or hash' }
  const key = found.entry.load(bytes(group, 'privateKeyPkcs8'))
  return {
    offered: (test) => text(group, 'mgfSha') === text(group, 'sha') && text(test, 'label') === '',
    attempt: (test) =>
      acceptedIf(async () =>
        requireSame(
          await found.capability.decrypt(key, bytes(test, 'ct'), algorithm, atOnce),
          bytes(test, 'msg'),
        ),
      ),
  }
}

/** RSAES-PKCS1-v1_5 does not exist here: what was encrypted so must not decrypt with any scheme. */
export const checkPkcs1Decryption: FindCheck = (_file, group) => {
  const found = capabilityOf(`RSA_${number(group, 'keySize')}`, 'ENCRYPT_DECRYPT', 'publicKeyEncryption')
  if (found === null) return { notApplicable: 'no such size' }
  const key = found.entry.load(bytes(group, 'privateKeyPkcs8'))
  return {
    offered: () => false,
    isRefusedAnyway: true,
    async attempt(test) {
      const outcomes = await Promise.all(
        found.capability.encryptionAlgorithms.map((algorithm) =>
          acceptedIf(async () => {
            await found.capability.decrypt(key, bytes(test, 'ct'), algorithm, atOnce)
            return true
          }),
        ),
      )
      return outcomes.every((outcome) => outcome === 'refused') ? 'refused' : 'accepted'
    },
  }
}

/** AES-KWP as imported material is unwrapped with it: AES-256, unwrapping only. */
export const checkKeyWrap: FindCheck = (file, group) => {
  if (file.algorithm !== 'AES-KWP' || number(group, 'keySize') !== 256) {
    return { notApplicable: 'material is wrapped with AES-KWP and keys of 256 bits only' }
  }
  return {
    offered: () => true,
    attempt: (test) =>
      acceptedIf(() =>
        requireSame(unwrapWithAesKey(bytes(test, 'key'), bytes(test, 'ct')), bytes(test, 'msg')),
      ),
  }
}
