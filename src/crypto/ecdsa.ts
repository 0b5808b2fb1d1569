import type { KeyObject } from 'node:crypto'
import {
  CryptoInputError,
  type SignatureCapability,
  type SignatureParameters,
  type SigningAlgorithm,
} from './capabilities.ts'
import type { Signer } from './signer.ts'

/** ECDSA (FIPS 186-5 §6) with the hash that fits the curve. */
export function createEcdsa(
  signingAlgorithm: SigningAlgorithm,
  hash: string,
  signer: Signer,
): SignatureCapability {
  const keyFor = (key: KeyObject, parameters: SignatureParameters) => {
    if (parameters.signingAlgorithm !== signingAlgorithm) {
      throw new CryptoInputError('signingAlgorithm', `must be ${signingAlgorithm} for this key`)
    }
    // OpenSSL as Node offers it hashes what it signs with ECDSA in every case, also where no hash is named.
    if (parameters.messageType === 'DIGEST') {
      throw new CryptoInputError('messageType', 'must be MESSAGE with ECDSA')
    }
    // DER is what comes of a key alone.
    return parameters.encoding === 'DER' ? key : { key, dsaEncoding: 'ieee-p1363' as const }
  }
  return {
    kind: 'signature',
    signingAlgorithms: [signingAlgorithm],
    digestSigningAlgorithms: [],
    async sign(key, parameters, work) {
      return signer.sign(hash, parameters.message, keyFor(key, parameters), work)
    },
    async verify(key, parameters, signature, work) {
      return signer.verify(hash, parameters.message, keyFor(key, parameters), signature, work)
    },
  }
}
