import { generateKeyPair, type KeyObject, type KeyPairKeyObjectResult } from 'node:crypto'
import { promisify } from 'node:util'
import type { GeneratedMaterial } from './capabilities.ts'
import { isOneDerValue } from './der.ts'
import { readPrivateKey } from './read-private-key.ts'
import type { SlowWork, TaskLength } from './slow-work.ts'

const generate = promisify(generateKeyPair)

/** What pairs are generated from: a type of OpenSSL, and what it leaves open. */
export type KeyPairKind =
  | { readonly type: 'rsa'; readonly modulusBits: number }
  | { readonly type: 'ec'; readonly curve: string }
  | { readonly type: 'ed25519' | 'ed448' | 'x25519' }
  | { readonly type: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' }
  | { readonly type: 'ml-kem-768' | 'ml-kem-1024' }

/** Length of the task to generate a pair, or to check an imported one: RSA needs two large primes. */
export function lengthOfGeneration(type: KeyPairKind['type']): TaskLength {
  return type === 'rsa' ? 'LONG' : 'SHORT'
}

/** A new pair in the forms in which it is stored, made in the thread pool. */
export async function generatePair(kind: KeyPairKind, work: SlowWork): Promise<GeneratedMaterial> {
  const { privateKey, publicKey } = await work(lengthOfGeneration(kind.type), () => generateObjects(kind))
  return {
    secret: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  }
}

/** Reads a stored private key and checks that it is of this kind; throws TypeError if not. */
export function loadPrivateKey(secret: Uint8Array, kind: KeyPairKind): KeyObject {
  const key = parsePrivateKey(secret)
  if (!isOfKind(key, kind)) throw new TypeError('a private key of another algorithm')
  return key
}

/** A case for each type, since the declarations of Node know each by itself. */
function generateObjects(kind: KeyPairKind): Promise<KeyPairKeyObjectResult> {
  switch (kind.type) {
    case 'rsa':
      return generate('rsa', { modulusLength: kind.modulusBits, publicExponent: 0x10001 })
    case 'ec':
      return generate('ec', { namedCurve: kind.curve })
    case 'ed25519':
      return generate('ed25519')
    case 'ed448':
      return generate('ed448')
    case 'x25519':
      return generate('x25519')
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return generate(kind.type)
    case 'ml-kem-768':
    case 'ml-kem-1024':
      return generate(kind.type)
  }
}

/** True if a key has the type, and the size or curve, of a kind. */
export function isOfKind(key: KeyObject, kind: KeyPairKind): boolean {
  if (key.asymmetricKeyType !== kind.type) return false
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (kind.type === 'rsa') return modulusLength === kind.modulusBits && isSafeExponent(publicExponent)
  return kind.type !== 'ec' || namedCurve === kind.curve
}

/** FIPS 186-5 §5.4: odd, and at least 65,537. OpenSSL verifies with exponents of up to 64 bits only. */
function isSafeExponent(exponent: bigint | undefined): boolean {
  return exponent !== undefined && exponent >= 65_537n && exponent < 1n << 64n && exponent % 2n === 1n
}

/** Reads one private key in PKCS#8 DER of any type; throws TypeError for anything else. */
export function parsePrivateKey(secret: Uint8Array): KeyObject {
  if (!isOneDerValue(secret)) throw new TypeError('not a private key')
  try {
    return readPrivateKey({
      key: Buffer.from(secret.buffer, secret.byteOffset, secret.length),
      type: 'pkcs8',
      format: 'der',
    })
  } catch {
    // OpenSSL's text could describe the bytes.
    throw new TypeError('not a private key')
  }
}
