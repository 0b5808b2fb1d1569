import { requireBytesAtMost, requireInput } from '../rules/input.ts'
import { defineKeyOperation, slowWorkWith } from './key-operation.ts'
import type { UsedVersion } from './run-operation.ts'

interface DecapsulateInput {
  readonly ciphertext: Uint8Array
}

interface DeriveSharedSecretInput {
  /** SPKI DER. */
  readonly peerPublicKey: Uint8Array
  readonly context: Uint8Array
  /** Length of the output in bytes, 1 to 1,024. */
  readonly lengthBytes: number
}

export interface SharedSecretOutput extends UsedVersion {
  readonly sharedSecret: Buffer
}

export interface EncapsulateOutput extends SharedSecretOutput {
  readonly ciphertext: Buffer
}

/** Longest output of a key agreement, in bytes. */
const sharedSecretBytesMax = 1024

/**
 * Longest context of a key agreement, in bytes. OpenSSL's HKDF takes 1,024 bytes of info, which also hold two public
 * keys. The other side could not use a longer context either.
 */
const contextBytesMax = 512

/** Makes a shared secret for the default version of a key, and the ciphertext that carries it. */
export const encapsulate = defineKeyOperation({
  action: 'ENCAPSULATE',
  permission: 'ENCAPSULATE',
  usage: 'KEY_ENCAPSULATION',
  kinds: ['keyEncapsulation'],
  version: 'default',
  run: (use) => use.capability.encapsulate(use.key.publicKey(use.version), slowWorkWith(use, 'ENCAPSULATE')),
})

/** Recovers the shared secret from a ciphertext, with the version that the caller names. */
export const decapsulate = defineKeyOperation({
  action: 'DECAPSULATE',
  permission: 'DECAPSULATE',
  usage: 'KEY_ENCAPSULATION',
  kinds: ['keyEncapsulation'],
  version: 'named',
  async run(use, { ciphertext }: DecapsulateInput) {
    const privateKey = await use.key.secretKey(use.version)
    const work = slowWorkWith(use, 'DECAPSULATE')
    return { sharedSecret: await use.capability.decapsulate(privateKey, ciphertext, work) }
  },
})

/** Derives bytes from the secret that a version shares with the owner of another public key. */
export const deriveSharedSecret = defineKeyOperation({
  action: 'DERIVE_SHARED_SECRET',
  permission: 'DERIVE',
  usage: 'KEY_AGREEMENT',
  kinds: ['keyAgreement'],
  version: 'named',
  checkInput(_key, { context, lengthBytes }: DeriveSharedSecretInput) {
    requireBytesAtMost(contextBytesMax, 'context', context)
    requireInput(
      lengthBytes >= 1 && lengthBytes <= sharedSecretBytesMax,
      'lengthBytes',
      `must be a whole number from 1 to ${sharedSecretBytesMax}`,
    )
  },
  async run(use, input) {
    const privateKey = await use.key.secretKey(use.version)
    const work = slowWorkWith(use, 'DERIVE')
    const parameters = { ...input, bytes: input.lengthBytes }
    return { sharedSecret: await use.capability.deriveSharedSecret(privateKey, parameters, work) }
  },
})
