import {
  checkPrime,
  createECDH,
  createPublicKey,
  decapsulate,
  encapsulate,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'

const isPrime = promisify<bigint, boolean>(checkPrime)
const signInPool = promisify<null, Uint8Array, KeyObject, Buffer>(sign)
const verifyInPool = promisify<null, Uint8Array, KeyObject, Uint8Array, boolean>(verify)
const encapsulateInPool = promisify<KeyObject, { sharedKey: Buffer; ciphertext: Buffer }>(encapsulate)
const decapsulateInPool = promisify<KeyObject, Uint8Array, Buffer>(decapsulate)

const curvesByJwkName: Readonly<Record<string, string>> = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  secp256k1: 'secp256k1',
}

/**
 * Whether the parts of a private key fit together and to its public key (NIST SP 800-56A §5.6.2.1, SP 800-56B §6.4.1).
 * OpenSSL reads keys without these checks, and a wrong CRT part of an RSA key can give its factors away. Works in the
 * thread pool.
 */
export async function isSamePair(privateKey: KeyObject): Promise<boolean> {
  switch (privateKey.asymmetricKeyType) {
    case 'rsa':
      return isConsistentRsaKey(privateKey.export({ format: 'jwk' }))
    case 'ec':
      return isConsistentCurveKey(privateKey.export({ format: 'jwk' }))
    case 'ml-kem-768':
    case 'ml-kem-1024':
      return decapsulatesOwn(privateKey)
    case 'ed25519':
    case 'ed448':
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return verifiesOwn(privateKey)
    case 'x25519':
      // OpenSSL computes the public key of the private one, so that there is nothing to differ.
      return true
    default:
      return false
  }
}

async function isConsistentRsaKey(jwk: JsonWebKey): Promise<boolean> {
  const [n, e, d, p, q, dp, dq, qi] = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map(
    integerOf,
  )
  // A key of more than two primes, or without its CRT parts, has some of these missing or zero.
  if (!(n && e && d && p && q && dp && dq && qi)) return false
  const modulusBits = n.toString(2).length
  const halfBits = BigInt(modulusBits / 2)
  const distance = p > q ? p - q : q - p
  return (
    p * q === n &&
    // FIPS 186-5 §A.1.1 and §A.1.3: primes of half the size, far from each other, and a private exponent not small.
    [p, q].every((prime) => prime.toString(2).length * 2 === modulusBits) &&
    distance >> (halfBits - 100n) > 0n &&
    d >> halfBits > 0n &&
    d < n &&
    (d * e) % (p - 1n) === 1n &&
    (d * e) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    qi < p &&
    (qi * q) % p === 1n &&
    (await isPrime(p)) &&
    (await isPrime(q))
  )
}

function isConsistentCurveKey({ crv = '', d = '', x = '', y = '' }: JsonWebKey): boolean {
  const curve = createECDH(curvesByJwkName[crv] ?? crv)
  try {
    curve.setPrivateKey(Buffer.from(d, 'base64url'))
  } catch {
    // Zero, or not below the order of the curve.
    return false
  }
  const uncompressed = [Buffer.of(0x04), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]
  return curve.getPublicKey().equals(Buffer.concat(uncompressed))
}

async function verifiesOwn(privateKey: KeyObject): Promise<boolean> {
  const message = Buffer.from('pairwise consistency')
  const signature = await signInPool(null, message, privateKey)
  return verifyInPool(null, message, createPublicKey(privateKey), signature)
}

async function decapsulatesOwn(privateKey: KeyObject): Promise<boolean> {
  const { sharedKey, ciphertext } = await encapsulateInPool(createPublicKey(privateKey))
  return (await decapsulateInPool(privateKey, ciphertext)).equals(sharedKey)
}

function integerOf(base64url: string | undefined): bigint | null {
  return base64url === undefined ? null : BigInt(`0x0${Buffer.from(base64url, 'base64url').toString('hex')}`)
}
