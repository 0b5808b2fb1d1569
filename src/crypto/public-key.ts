import { createPublicKey, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { KeyUsage } from './capabilities.ts'
import { DerError, derTag, isOneDerValue, octetsOf, readDer, readDerValues } from './der.ts'

/** SubjectPublicKeyInfo (RFC 5280 §4.1), taken apart; both are views into what was read. */
export interface Spki {
  /** Content of the AlgorithmIdentifier: the algorithm and its parameters. */
  readonly identifier: Uint8Array
  /** The public key in the form of its algorithm. */
  readonly key: Uint8Array
}

/** Reads one SubjectPublicKeyInfo in DER; throws {@link DerError} for anything else. */
export function readSpki(bytes: Uint8Array): Spki {
  const [identifier, key, ...more] = readDerValues(readDer(bytes, derTag.sequence).content)
  if (identifier?.tag !== derTag.sequence || key?.tag !== derTag.bitString || more.length > 0) {
    throw new DerError('not a public key')
  }
  return { identifier: identifier.content, key: octetsOf(key.content) }
}

/** The one encoding of a public key that is given out: a named curve, and an uncompressed point (RFC 5480 §2). */
export function encodePublicKey(key: KeyObject): Buffer {
  return canonical(key).export({ type: 'spki', format: 'der' })
}

/** Reads a public key (SPKI DER, RFC 5280 §4.1); throws if the bytes are none, or more than one. */
export function loadPublicKey(spki: Uint8Array): KeyObject {
  if (!isOneDerValue(spki)) throw new TypeError('not a public key')
  return createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
}

/** Checks whether a public key (SPKI DER) is that of a private key. */
export function isPublicKeyOf(privateKey: KeyObject, spki: Uint8Array): boolean {
  return createPublicKey(privateKey).equals(loadPublicKey(spki))
}

const rsaJwsAlgorithms = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']

/**
 * JWS algorithms that keys sign with (RFC 7518 §3.1, RFC 8037, RFC 8812 §3.2, RFC 9864, and draft-ietf-cose-dilithium for
 * ML-DSA). Only keys with one of them have an `alg` in their JWK by themselves.
 */
const jwsAlgorithms: Readonly<Record<string, readonly string[]>> = {
  RSA_2048: rsaJwsAlgorithms,
  RSA_3072: rsaJwsAlgorithms,
  RSA_4096: rsaJwsAlgorithms,
  EC_P256: ['ES256'],
  EC_P384: ['ES384'],
  EC_P521: ['ES512'],
  EC_SECP256K1: ['ES256K'],
  ED25519: ['EdDSA', 'Ed25519'],
  ED448: ['EdDSA', 'Ed448'],
  ML_DSA_44: ['ML-DSA-44'],
  ML_DSA_65: ['ML-DSA-65'],
  ML_DSA_87: ['ML-DSA-87'],
}

/** JWS algorithms of a key whose signatures are verified with a public key; none for other keys. */
export function jwsAlgorithmsOf(key: {
  readonly algorithm: string
  readonly usage: string
}): readonly string[] {
  return key.usage === 'SIGN_VERIFY' ? (jwsAlgorithms[key.algorithm] ?? []) : []
}

/** Members of the JWK that say which key it is, and what for (RFC 7517 §4). */
export function jwkMembersOf(key: {
  /** ID of the version, `kver_…`. */
  readonly id: string
  readonly algorithm: string
  readonly usage: KeyUsage
}): Readonly<Record<string, string>> {
  const [alg, ...others] = jwsAlgorithmsOf(key)
  return {
    kid: key.id,
    use: key.usage === 'SIGN_VERIFY' ? 'sig' : 'enc',
    ...(alg !== undefined && others.length === 0 && { alg }),
  }
}

/**
 * A public key as other software reads it: PEM (RFC 7468 §13), JWK (RFC 7517) and its SHA-256 thumbprint (RFC 7638).
 *
 * @param members further ones of the JWK
 */
export async function describePublicKey(
  spki: Uint8Array,
  members: Readonly<Record<string, string>> = {},
): Promise<{ pem: string; jwk: Readonly<Record<string, unknown>>; fingerprint: string }> {
  const key = canonical(loadPublicKey(spki))
  const jwk = key.export({ format: 'jwk' }) as JWK
  return {
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: { ...jwk, ...members },
    fingerprint: await calculateJwkThumbprint(jwk, 'sha256'),
  }
}

/** The key as it is made from its coordinates alone; keys of other types than EC have one form. */
function canonical(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ec') return key
  return createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' })
}
