import { decapsulate, encapsulate, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { CryptoInputError, type KeyEncapsulationCapability } from './capabilities.ts'

const encapsulateInPool = promisify<KeyObject, { sharedKey: Buffer; ciphertext: Buffer }>(encapsulate)
const decapsulateInPool = promisify<KeyObject, Uint8Array, Buffer>(decapsulate)

/** ML-KEM (FIPS 203). A ciphertext of the right length always gives a secret: implicit rejection (§6.3). */
export function createMlKem(ciphertextBytes: number): KeyEncapsulationCapability {
  return {
    kind: 'keyEncapsulation',
    async encapsulate(publicKey, work) {
      const { sharedKey, ciphertext } = await work('SHORT', () => encapsulateInPool(publicKey))
      return { sharedSecret: sharedKey, ciphertext }
    },
    async decapsulate(privateKey, ciphertext, work) {
      if (ciphertext.length !== ciphertextBytes) {
        throw new CryptoInputError('ciphertext', `must have ${ciphertextBytes} bytes for this key`)
      }
      return work('SHORT', () => decapsulateInPool(privateKey, ciphertext))
    },
  }
}
