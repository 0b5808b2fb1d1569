import {
  CryptoInputError,
  type SignatureCapability,
  type SignatureParameters,
  type SigningAlgorithm,
} from './capabilities.ts'
import type { Signer } from './signer.ts'

/**
 * Schemes that take the message itself and are named by the key alone: Ed25519 and Ed448 (RFC 8032 §5.1 and §5.2,
 * never prehashed) and ML-DSA (FIPS 204 §5.2, hedged). The context is empty.
 */
export function createMessageSignature(
  signingAlgorithm: SigningAlgorithm,
  signer: Signer,
): SignatureCapability {
  const requireFit = (parameters: SignatureParameters) => {
    if (parameters.signingAlgorithm !== signingAlgorithm) {
      throw new CryptoInputError('signingAlgorithm', `must be ${signingAlgorithm} for this key`)
    }
    // A digest would be signed as if it were the message, and the prehashed variants are other schemes.
    if (parameters.messageType === 'DIGEST') {
      throw new CryptoInputError('messageType', `must be MESSAGE with ${signingAlgorithm}`)
    }
  }
  return {
    kind: 'signature',
    signingAlgorithms: [signingAlgorithm],
    digestSigningAlgorithms: [],
    async sign(key, parameters, work) {
      requireFit(parameters)
      return signer.sign(null, parameters.message, key, work)
    },
    async verify(key, parameters, signature, work) {
      requireFit(parameters)
      return signer.verify(null, parameters.message, key, signature, work)
    },
  }
}
