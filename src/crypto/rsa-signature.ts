import { constants, type KeyObject, publicDecrypt } from 'node:crypto'
import {
  CryptoInputError,
  type SignatureCapability,
  type SignatureParameters,
  type SigningAlgorithm,
} from './capabilities.ts'
import { privateEncryptInThread } from './private-encrypt.ts'
import { constantTimeEqual } from './secrets.ts'
import { poolSigner } from './signer.ts'

interface Scheme {
  readonly padding: 'pss' | 'pkcs1'
  readonly hash: string
  readonly hashBytes: number
  /** DER in front of the digest (RFC 8017 §9.2, note 1). */
  readonly digestInfoPrefix: string
}

const sha256 = { hash: 'sha256', hashBytes: 32, digestInfoPrefix: '3031300d060960864801650304020105000420' }
const sha384 = { hash: 'sha384', hashBytes: 48, digestInfoPrefix: '3041300d060960864801650304020205000430' }
const sha512 = { hash: 'sha512', hashBytes: 64, digestInfoPrefix: '3051300d060960864801650304020305000440' }

const schemes: ReadonlyMap<SigningAlgorithm, Scheme> = new Map([
  ['RSASSA_PSS_SHA_256', { padding: 'pss', ...sha256 }],
  ['RSASSA_PSS_SHA_384', { padding: 'pss', ...sha384 }],
  ['RSASSA_PSS_SHA_512', { padding: 'pss', ...sha512 }],
  ['RSASSA_PKCS1_V1_5_SHA_256', { padding: 'pkcs1', ...sha256 }],
  ['RSASSA_PKCS1_V1_5_SHA_384', { padding: 'pkcs1', ...sha384 }],
  ['RSASSA_PKCS1_V1_5_SHA_512', { padding: 'pkcs1', ...sha512 }],
])

/** RSASSA-PSS with a salt as long as the hash, and RSASSA-PKCS1-v1_5 (RFC 8017 §8). */
export const rsaSignature: SignatureCapability = {
  kind: 'signature',
  signingAlgorithms: [...schemes.keys()],
  digestSigningAlgorithms: [...schemes.keys()].filter((name) => schemes.get(name)?.padding === 'pkcs1'),
  async sign(key, parameters, work) {
    const scheme = schemeOf(parameters)
    if (parameters.messageType === 'DIGEST') {
      const digestInfo = digestInfoOf(scheme, parameters.message)
      return work('SHORT', () => privateEncryptInThread(key, digestInfo))
    }
    return poolSigner.sign(scheme.hash, parameters.message, { key, ...paddingOf(scheme) }, work)
  },
  async verify(key, parameters, signature, work) {
    const scheme = schemeOf(parameters)
    // RFC 8017 §8.1.2 and §8.2.2, step 1: OpenSSL would read a signature whose leading zeros are missing.
    const hasItsLength = signature.length === signatureBytes(key)
    if (parameters.messageType === 'DIGEST') {
      const expected = digestInfoOf(scheme, parameters.message)
      if (!hasItsLength) return false
      try {
        return constantTimeEqual(
          publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature),
          expected,
        )
      } catch {
        return false
      }
    }
    return (
      hasItsLength &&
      poolSigner.verify(scheme.hash, parameters.message, { key, ...paddingOf(scheme) }, signature, work)
    )
  },
}

function schemeOf({ signingAlgorithm, messageType }: SignatureParameters): Scheme {
  const scheme = schemes.get(signingAlgorithm)
  if (scheme === undefined) {
    throw new CryptoInputError(
      'signingAlgorithm',
      `must be one of ${[...schemes.keys()].join(', ')} for this key`,
    )
  }
  // OpenSSL as Node offers it takes no digest for PSS, and padding is not to be written by hand.
  if (messageType === 'DIGEST' && scheme.padding === 'pss') {
    throw new CryptoInputError(
      'messageType',
      'must be MESSAGE with RSASSA_PSS; only RSASSA_PKCS1_V1_5 takes a digest here',
    )
  }
  return scheme
}

/** Length of every signature: that of the modulus (RFC 8017 §8). */
function signatureBytes(key: KeyObject): number {
  const { modulusLength } = key.asymmetricKeyDetails ?? {}
  if (modulusLength === undefined) throw new TypeError('not an RSA key')
  return Math.ceil(modulusLength / 8)
}

function paddingOf({ padding, hashBytes }: Scheme) {
  return padding === 'pss'
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: hashBytes }
    : { padding: constants.RSA_PKCS1_PADDING }
}

function digestInfoOf(scheme: Scheme, digest: Uint8Array): Buffer {
  if (digest.length !== scheme.hashBytes) {
    throw new CryptoInputError('message', `must be a digest of ${scheme.hashBytes} bytes for this scheme`)
  }
  return Buffer.concat([Buffer.from(scheme.digestInfoPrefix, 'hex'), digest])
}
