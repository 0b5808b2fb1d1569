import { constants, type KeyObject, publicEncrypt } from 'node:crypto'
import type { AlgorithmEntry, Capability } from '../../src/crypto/capabilities.ts'
import type { SlowWork } from '../../src/crypto/slow-work.ts'
import type { WeighedOperation } from '../../src/crypto/weights.ts'
import { atOnce, freshKey } from './keys.ts'

/** One call of an algorithm's table entry that may do slow work. */
export interface CapabilityCall {
  readonly operation: WeighedOperation
  run(work: SlowWork): Promise<unknown>
}

const message = Buffer.alloc(256, 7)

/** Every call that an algorithm has, with a fresh key and inputs that fit. */
export async function callsOf(entry: AlgorithmEntry): Promise<CapabilityCall[]> {
  const { key, publicKey } = await freshKey(entry)
  const material = await entry.generate(atOnce)
  const calls: CapabilityCall[] = [
    { operation: 'GENERATE', run: (work) => entry.generate(work) },
    { operation: 'IMPORT', run: (work) => entry.readImported(material.secret, work) },
  ]
  for (const capability of Object.values(entry.capabilities)) {
    calls.push(...(await callsOfCapability(capability, { key, publicKey })))
  }
  return calls
}

async function callsOfCapability(
  capability: Capability,
  { key, publicKey }: { readonly key: KeyObject; readonly publicKey: KeyObject },
): Promise<CapabilityCall[]> {
  switch (capability.kind) {
    case 'signature': {
      const calls: CapabilityCall[] = []
      for (const signingAlgorithm of capability.signingAlgorithms) {
        const isDigest = capability.digestSigningAlgorithms.includes(signingAlgorithm)
        const digest = Buffer.alloc(Number(signingAlgorithm.match(/\d+$/)?.[0]) / 8, 7)
        const inputs = [
          { message, messageType: 'MESSAGE', signingAlgorithm, encoding: 'DER' } as const,
          ...(isDigest
            ? [{ message: digest, messageType: 'DIGEST', signingAlgorithm, encoding: 'DER' } as const]
            : []),
        ]
        for (const parameters of inputs) {
          const signature = await capability.sign(key, parameters, atOnce)
          calls.push({ operation: 'SIGN', run: (work) => capability.sign(key, parameters, work) })
          calls.push({
            operation: 'VERIFY',
            run: (work) => capability.verify(publicKey, parameters, signature, work),
          })
        }
      }
      return calls
    }
    case 'publicKeyEncryption':
      return capability.encryptionAlgorithms.map((algorithm): CapabilityCall => {
        const oaepHash = algorithm.replace('RSAES_OAEP_SHA_', 'sha')
        const padding = constants.RSA_PKCS1_OAEP_PADDING
        const ciphertext = publicEncrypt({ key: publicKey, padding, oaepHash }, Buffer.alloc(32, 7))
        return { operation: 'DECRYPT', run: (work) => capability.decrypt(key, ciphertext, algorithm, work) }
      })
    case 'keyEncapsulation': {
      const { ciphertext } = await capability.encapsulate(publicKey, atOnce)
      return [
        { operation: 'ENCAPSULATE', run: (work) => capability.encapsulate(publicKey, work) },
        { operation: 'DECAPSULATE', run: (work) => capability.decapsulate(key, ciphertext, work) },
      ]
    }
    case 'keyAgreement': {
      const peerPublicKey = publicKey.export({ type: 'spki', format: 'der' })
      const parameters = { peerPublicKey, context: Buffer.alloc(0), bytes: 32 }
      return [{ operation: 'DERIVE', run: (work) => capability.deriveSharedSecret(key, parameters, work) }]
    }
    case 'aead':
    case 'mac':
      return []
  }
}
