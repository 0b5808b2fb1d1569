import {
  checkPrime,
  createPublicKey,
  decapsulate,
  encapsulate,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { promisify } from 'node:util'

/** True if a number is prime, with an error probability below 2^-64 (OpenSSL's number of rounds). */
export const isPrime = promisify<bigint, boolean>(checkPrime)
const signInPool = promisify<null, Uint8Array, KeyObject, Buffer>(sign)
const verifyInPool = promisify<null, Uint8Array, KeyObject, Uint8Array, boolean>(verify)
const encapsulateInPool = promisify<KeyObject, { sharedKey: Buffer; ciphertext: Buffer }>(encapsulate)
const decapsulateInPool = promisify<KeyObject, Uint8Array, Buffer>(decapsulate)

/**
 * Whether the numbers of RSAPrivateKey (RFC 8017 §A.1.2: version, n, e, d, p, q, dP, dQ, qInv) fit together (NIST SP
 * 800-56B §6.4.1). OpenSSL reads keys without this check, and a wrong CRT part can give the factors away. Works in the
 * thread pool.
 */
export async function isConsistentRsaKey(numbers: readonly Uint8Array[]): Promise<boolean> {
  const [version, n, e, d, p, q, dp, dq, qi] = numbers.map(integerOf)
  // Version 1 has more than two primes.
  if (version !== 0n || !(n && e && d && p && q && dp && dq && qi)) return false
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

/** True if a private key of any other type works together with its public key. */
export async function worksWithItsPublicKey(privateKey: KeyObject): Promise<boolean> {
  switch (privateKey.asymmetricKeyType) {
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

async function verifiesOwn(privateKey: KeyObject): Promise<boolean> {
  const message = Buffer.from('pairwise consistency')
  const signature = await signInPool(null, message, privateKey)
  return verifyInPool(null, message, createPublicKey(privateKey), signature)
}

async function decapsulatesOwn(privateKey: KeyObject): Promise<boolean> {
  const { sharedKey, ciphertext } = await encapsulateInPool(createPublicKey(privateKey))
  return (await decapsulateInPool(privateKey, ciphertext)).equals(sharedKey)
}

function integerOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
}
