import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { findAlgorithm } from '../../../src/crypto/algorithms.ts'
import type {
  SignatureCapability,
  SignatureEncoding,
  SigningAlgorithm,
} from '../../../src/crypto/capabilities.ts'
import { loadPublicKey } from '../../../src/crypto/public-key.ts'
import { atOnce } from '../../crypto/keys.ts'
import { pkcs8OfBytes, pkcs8OfExpanded } from '../raw-keys.ts'
import { bytes, number, text, type VectorGroup } from './files.ts'
import {
  acceptedIf,
  capabilityOf,
  type FindCheck,
  type GroupCheck,
  importedOrNull,
  keyOrNull,
  requireSame,
  WrongResultError,
} from './outcome.ts'

const hashBytes: Readonly<Record<string, number>> = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 }

/** RSASSA-PSS; a salt of another length than the hash, or another hash in MGF1, is not offered. */
export const checkPss: FindCheck = (_file, group) => {
  const sha = text(group, 'sha')
  const found = rsaScheme('PSS', group)
  if (found === null) return { notApplicable: 'no such size or hash' }
  return {
    offered: () => number(group, 'sLen') === hashBytes[sha] && group['mgfSha'] === sha,
    attempt: verification(found.capability, group, { signingAlgorithm: found.scheme }),
  }
}

/** RSASSA-PSS with a key that names its parameters: the key's numbers, used with the product's scheme. */
export const checkPssWithParameters: FindCheck = (_file, group) => {
  const sha = text(group, 'sha')
  const found = rsaScheme('PSS', group)
  if (found === null) return { notApplicable: 'no such size or hash' }
  return {
    offered: () => number(group, 'sLen') === hashBytes[sha] && group['mgfSha'] === sha,
    attempt: verificationWith(rsaPublicKeyOf(group), found.capability, { signingAlgorithm: found.scheme }),
  }
}

/** RSASSA-PKCS1-v1_5: the message, and its digest must have the same outcome. */
export const checkPkcs1: FindCheck = (_file, group) => {
  const found = rsaScheme('PKCS1_V1_5', group)
  if (found === null) return { notApplicable: 'no such size or hash' }
  const key = loadPublicKey(bytes(group, 'publicKeyDer'))
  const attemptMessage = verification(found.capability, group, { signingAlgorithm: found.scheme })
  return {
    offered: () => true,
    attempt: async (test) => {
      const outcome = await attemptMessage(test)
      const ofDigest = await acceptedIf(() =>
        found.capability.verify(
          key,
          {
            message: digestOf(group, bytes(test, 'msg')),
            messageType: 'DIGEST',
            signingAlgorithm: found.scheme,
            encoding: 'DER',
          },
          bytes(test, 'sig'),
          atOnce,
        ),
      )
      if (ofDigest !== outcome) throw new WrongResultError('the digest has another outcome than the message')
      return outcome
    },
  }
}

/** RSASSA-PKCS1-v1_5 is deterministic: message and digest must give the signature of the vector. */
export const checkPkcs1Signing: FindCheck = (_file, group) => {
  const found = rsaScheme('PKCS1_V1_5', group)
  if (found === null) return { notApplicable: 'no such size or hash' }
  const { publicExponent } = group['privateKey'] as { publicExponent: string }
  if (publicExponent !== '010001') return { notApplicable: 'a public exponent that the product refuses' }
  const key = found.entry.load(bytes(group, 'privateKeyPkcs8'))
  const common = { signingAlgorithm: found.scheme, encoding: 'DER' } as const
  return {
    offered: () => true,
    attempt: (test) =>
      acceptedIf(async () => {
        const message = bytes(test, 'msg')
        const digest = digestOf(group, message)
        const { capability } = found
        requireSame(
          await capability.sign(key, { ...common, message, messageType: 'MESSAGE' }, atOnce),
          bytes(test, 'sig'),
        )
        return requireSame(
          await capability.sign(key, { ...common, message: digest, messageType: 'DIGEST' }, atOnce),
          bytes(test, 'sig'),
        )
      }),
  }
}

const curves: Readonly<Record<string, { name: string; sha: string }>> = {
  secp256r1: { name: 'EC_P256', sha: 'SHA-256' },
  secp384r1: { name: 'EC_P384', sha: 'SHA-384' },
  secp521r1: { name: 'EC_P521', sha: 'SHA-512' },
  secp256k1: { name: 'EC_SECP256K1', sha: 'SHA-256' },
}

/** ECDSA in DER. */
export const checkEcdsaDer: FindCheck = (_file, group) => checkEcdsa(group, 'DER')

/** ECDSA as two integers side by side. */
export const checkEcdsaP1363: FindCheck = (_file, group) => checkEcdsa(group, 'P1363')

const messageSchemes: Readonly<Record<string, SigningAlgorithm>> = {
  edwards25519: 'ED25519',
  edwards448: 'ED448',
  'ML-DSA-44': 'ML_DSA_44',
  'ML-DSA-65': 'ML_DSA_65',
  'ML-DSA-87': 'ML_DSA_87',
}

/** Ed25519 and Ed448. */
export const checkEddsa: FindCheck = (_file, group) => {
  const { curve } = group['publicKey'] as { curve: string }
  return checkMessageSignature(messageSchemes[curve], group)
}

/** ML-DSA verification; a context is not offered, and neither is a message that was hashed before. */
export const checkMlDsaVerify: FindCheck = (file, group) =>
  checkMessageSignature(messageSchemes[file.algorithm], group)

/** ML-DSA: the vector's signature and one of our own (which is hedged, so another) must verify. */
export const checkMlDsaSign: FindCheck = (file, group) => {
  const scheme = messageSchemes[file.algorithm]
  const found = scheme && capabilityOf(scheme, 'SIGN_VERIFY', 'signature')
  if (!scheme || !found) return { notApplicable: 'no such scheme' }
  const name = scheme as 'ML_DSA_44' | 'ML_DSA_65' | 'ML_DSA_87'
  const pkcs8 =
    'privateSeed' in group
      ? pkcs8OfBytes(name, bytes(group, 'privateSeed'))
      : pkcs8OfExpanded(name, bytes(group, 'privateKey'))
  return {
    offered: (test) => (test['ctx'] ?? '') === '',
    attempt: async (test) => {
      if (!('msg' in test)) return { notApplicable: 'a message that was hashed before' }
      return acceptedIf(async () => {
        const key = await importedOrNull(found.entry, pkcs8)
        if (key === null) return false
        const parameters = {
          message: bytes(test, 'msg'),
          messageType: 'MESSAGE',
          signingAlgorithm: scheme,
          encoding: 'DER',
        } as const
        const publicKey = createPublicKey(key)
        const own = await found.capability.sign(key, parameters, atOnce)
        if (!(await found.capability.verify(publicKey, parameters, own, atOnce))) {
          throw new WrongResultError('a signature that does not verify')
        }
        return found.capability.verify(publicKey, parameters, bytes(test, 'sig'), atOnce)
      })
    },
  }
}

function checkEcdsa(group: VectorGroup, encoding: SignatureEncoding): ReturnType<FindCheck> {
  const curve = curves[(group['publicKey'] as { curve: string }).curve]
  const found = curve && capabilityOf(curve.name, 'SIGN_VERIFY', 'signature')
  const [signingAlgorithm] = found?.capability.signingAlgorithms ?? []
  if (!curve || !found || !signingAlgorithm || text(group, 'sha') !== curve.sha) {
    return { notApplicable: 'no such curve, or another hash than the one of the curve' }
  }
  return {
    offered: () => true,
    attempt: verification(found.capability, group, { signingAlgorithm, encoding }),
  }
}

function checkMessageSignature(
  signingAlgorithm: SigningAlgorithm | undefined,
  group: VectorGroup,
): ReturnType<FindCheck> {
  const found = signingAlgorithm && capabilityOf(signingAlgorithm, 'SIGN_VERIFY', 'signature')
  if (!signingAlgorithm || !found) return { notApplicable: 'no such scheme' }
  return {
    offered: (test) => (test['ctx'] ?? '') === '',
    attempt: verification(found.capability, group, { signingAlgorithm }),
  }
}

function verification(
  capability: SignatureCapability,
  group: VectorGroup,
  how: { signingAlgorithm: SigningAlgorithm; encoding?: SignatureEncoding },
): GroupCheck['attempt'] {
  const { publicKeyDer } = group
  const key =
    typeof publicKeyDer === 'string' ? keyOrNull(() => loadPublicKey(Buffer.from(publicKeyDer, 'hex'))) : null
  return verificationWith(key, capability, how)
}

function verificationWith(
  key: KeyObject | null,
  capability: SignatureCapability,
  how: { signingAlgorithm: SigningAlgorithm; encoding?: SignatureEncoding },
): GroupCheck['attempt'] {
  return async (test) => {
    if (!('msg' in test)) return { notApplicable: 'a message that was hashed before' }
    return acceptedIf(
      () =>
        key !== null &&
        capability.verify(
          key,
          {
            message: bytes(test, 'msg'),
            messageType: 'MESSAGE',
            signingAlgorithm: how.signingAlgorithm,
            encoding: how.encoding ?? 'DER',
          },
          bytes(test, 'sig'),
          atOnce,
        ),
    )
  }
}

function rsaPublicKeyOf(group: VectorGroup): KeyObject {
  const { modulus, publicExponent } = group['publicKey'] as { modulus: string; publicExponent: string }
  const numberOf = (hex: string) => Buffer.from(hex.replace(/^(00)+/, ''), 'hex').toString('base64url')
  return createPublicKey({
    key: { kty: 'RSA', n: numberOf(modulus), e: numberOf(publicExponent) },
    format: 'jwk',
  })
}

function rsaScheme(padding: 'PSS' | 'PKCS1_V1_5', group: VectorGroup) {
  const scheme = `RSASSA_${padding}_${text(group, 'sha').replace('-', '_')}` as SigningAlgorithm
  const entry = findAlgorithm(`RSA_${number(group, 'keySize')}`)
  const capability = entry?.capabilities.SIGN_VERIFY
  if (!entry || capability?.kind !== 'signature' || !capability.signingAlgorithms.includes(scheme))
    return null
  return { entry, capability, scheme }
}

function digestOf(group: VectorGroup, message: Buffer): Buffer {
  return createHash(text(group, 'sha').replace('-', '')).update(message).digest()
}
