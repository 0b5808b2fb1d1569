import { dataKeyPairAlgorithms } from '../../crypto/algorithms.ts'
import { describePublicKey } from '../../crypto/public-key.ts'
import { freshRandomBytes } from '../../crypto/secrets.ts'
import { algorithmOf } from '../changing/new-material.ts'
import { slowWorkOf } from '../parts/request.ts'
import type { PublicKeyView } from '../reading/views.ts'
import type { AssociatedInput } from '../rules/encryption-context.ts'
import { requireBytesAtMost, requireInput } from '../rules/input.ts'
import { encryptWith, requireAssociatedData, requireEncryptionLeft } from './encrypt.ts'
import { defineKeyOperation } from './key-operation.ts'
import type { UsedVersion } from './run-operation.ts'

interface GenerateInput extends AssociatedInput {
  /** The plaintext is returned too. It leaves the server only if the caller asks for it. */
  readonly disclosePlaintext: boolean
}

interface GenerateDataKeyInput extends GenerateInput {
  /** Length of the data key in bytes, 1 to 1,024. */
  readonly lengthBytes: number
}

interface GenerateDataKeyPairInput extends GenerateInput {
  /** Algorithm of the pair, as the algorithm table names it. */
  readonly algorithm: string
}

export interface DataKeyOutput extends UsedVersion {
  readonly ciphertext: Buffer
  /** Null unless the caller asked for it. */
  readonly plaintext: Buffer | null
}

export interface DataKeyPairOutput extends UsedVersion {
  readonly publicKey: PublicKeyView
  /** The private key (PKCS#8 DER), encrypted. */
  readonly privateKeyCiphertext: Buffer
  /** PKCS#8 DER; null unless the caller asked for it. */
  readonly privateKeyPlaintext: Buffer | null
}

/** Longest data key, in bytes. */
const dataKeyBytesMax = 1024

/** Generates a data key, encrypted under the default version of a symmetric key. */
export const generateDataKey = defineKeyOperation({
  action: 'GENERATE_DATA_KEY',
  permission: 'ENCRYPT',
  usage: 'ENCRYPT_DECRYPT',
  kinds: ['aead'],
  version: 'default',
  contextOf: ({ context }: GenerateDataKeyInput) => context,
  details: ({ disclosePlaintext, lengthBytes }) => ({
    plaintextDisclosed: disclosePlaintext,
    bytes: lengthBytes,
  }),
  checkInput({ parts, capability }, input) {
    const { lengthBytes } = input
    requireInput(
      lengthBytes >= 1 && lengthBytes <= dataKeyBytesMax,
      'lengthBytes',
      `must be 1 to ${dataKeyBytesMax}`,
    )
    requireAssociatedData(parts, capability, input)
  },
  async run(use, { lengthBytes, disclosePlaintext, ...associated }) {
    const plaintext = freshRandomBytes(lengthBytes)
    try {
      const { ciphertext } = await encryptWith(use, { ...associated, plaintext })
      return { ciphertext, plaintext: disclosePlaintext ? Buffer.from(plaintext) : null }
    } finally {
      plaintext.fill(0)
    }
  },
})

/** Generates a key pair for use elsewhere. Its private key is encrypted under the default version of a symmetric key. */
export const generateDataKeyPair = defineKeyOperation({
  action: 'GENERATE_DATA_KEY_PAIR',
  permission: 'ENCRYPT',
  usage: 'ENCRYPT_DECRYPT',
  kinds: ['aead'],
  version: 'default',
  contextOf: ({ context }: GenerateDataKeyPairInput) => context,
  details: ({ disclosePlaintext, algorithm }) => ({
    plaintextDisclosed: disclosePlaintext,
    algorithm,
  }),
  checkInput({ parts, capability }, input) {
    requireInput(
      dataKeyPairAlgorithms.includes(input.algorithm),
      'algorithm',
      'must be an algorithm of DataKeyPairAlgorithm',
    )
    requireAssociatedData(parts, capability, input)
  },
  async run(use, { algorithm, disclosePlaintext, ...associated }) {
    const { parts, context } = use
    // Before the pair is made, which takes seconds for RSA.
    await requireEncryptionLeft(use)
    const work = slowWorkOf(parts, context, { algorithm, operation: 'GENERATE' })
    const { secret, publicKey } = await algorithmOf({ algorithm }).generate(work)
    if (publicKey === null) throw new TypeError('an asymmetric algorithm makes pairs')
    try {
      requireBytesAtMost(parts.settings.itemBytesMax, 'plaintext', secret)
      const { ciphertext } = await encryptWith(use, { ...associated, plaintext: secret })
      return {
        publicKey: { ...(await describePublicKey(publicKey)), algorithm },
        privateKeyCiphertext: ciphertext,
        privateKeyPlaintext: disclosePlaintext ? Buffer.from(secret) : null,
      }
    } finally {
      secret.fill(0)
    }
  },
})
