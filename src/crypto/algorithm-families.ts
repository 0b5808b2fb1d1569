import { createSecretKey, type KeyObject } from 'node:crypto'
import type { AeadCapability, AlgorithmEntry, GeneratedMaterial, SigningAlgorithm } from './capabilities.ts'
import { createEcdsa } from './ecdsa.ts'
import { createHmacMac } from './hmac.ts'
import { readImportedSecret } from './imported-material.ts'
import { readImportedPrivateKey } from './imported-private-key.ts'
import { createKeyAgreement } from './key-agreement.ts'
import { generatePair, type KeyPairKind, loadPrivateKey } from './key-pair.ts'
import { createMessageSignature } from './message-signature.ts'
import { createMlKem } from './ml-kem.ts'
import { createRsaOaep } from './rsa-oaep.ts'
import { rsaSignature } from './rsa-signature.ts'
import { freshRandomBytes } from './secrets.ts'
import { poolSigner, quickSigner } from './signer.ts'

type Described = Pick<AlgorithmEntry, 'name' | 'displayName' | 'securityBits'>
type Standardised = Described & Pick<AlgorithmEntry, 'standard'>

/** Sizes and names that go with a hash of the SHA-2 family. */
const hashes = {
  256: { name: 'sha256', ecdsa: 'ECDSA_SHA_256' },
  384: { name: 'sha384', ecdsa: 'ECDSA_SHA_384' },
  512: { name: 'sha512', ecdsa: 'ECDSA_SHA_512' },
} as const

/** Symmetric authenticated encryption. */
export function aeadAlgorithm(
  facts: Standardised & { description: string; keyBytes: number; capability: AeadCapability },
): AlgorithmEntry {
  const { keyBytes, capability, ...described } = facts
  return {
    ...described,
    type: 'SYMMETRIC',
    capabilities: { ENCRYPT_DECRYPT: capability },
    ...secretKeys(keyBytes),
  }
}

/** RSA, to encrypt or to sign. */
export function rsaAlgorithm(modulusBits: number, securityBits: number): AlgorithmEntry {
  return {
    name: `RSA_${modulusBits}`,
    displayName: `RSA ${modulusBits}`,
    type: 'ASYMMETRIC',
    securityBits,
    standard: 'RFC 8017 (PKCS #1 v2.2)',
    description: `RSA with a ${modulusBits}-bit modulus: RSAES-OAEP to encrypt, or RSASSA-PSS and RSASSA-PKCS1-v1_5 to sign; of these, RSASSA-PKCS1-v1_5 also signs a digest.`,
    capabilities: { ENCRYPT_DECRYPT: createRsaOaep(modulusBits), SIGN_VERIFY: rsaSignature },
    ...keyPairs({ type: 'rsa', modulusBits }),
  }
}

/** An elliptic curve in short Weierstrass form; `agreement` where its keys may also derive shared secrets. */
export function curveAlgorithm(
  facts: Standardised & { curve: string; hashBits: 256 | 384 | 512; agreement: boolean },
): AlgorithmEntry {
  const { curve, hashBits, agreement, ...described } = facts
  const hash = hashes[hashBits]
  return {
    ...described,
    type: 'ASYMMETRIC',
    description: `ECDSA with SHA-${hashBits} on the curve ${facts.displayName.replace('ECC ', '')}, of messages only.`,
    capabilities: {
      SIGN_VERIFY: createEcdsa(hash.ecdsa, hash.name, curve === 'prime256v1' ? quickSigner : poolSigner),
      ...(agreement ? { KEY_AGREEMENT: createKeyAgreement(hash.name, hashBits / 8) } : {}),
    },
    ...keyPairs({ type: 'ec', curve }),
  }
}

/** A signature scheme that takes messages only and that the key alone names. */
export function messageSignatureAlgorithm(
  facts: Standardised & { name: SigningAlgorithm; kind: KeyPairKind },
): AlgorithmEntry {
  const { kind, ...described } = facts
  return {
    ...described,
    type: 'ASYMMETRIC',
    description: `Signatures with ${facts.displayName}, of messages only.`,
    capabilities: {
      SIGN_VERIFY: createMessageSignature(facts.name, facts.name === 'ED25519' ? quickSigner : poolSigner),
    },
    ...keyPairs(kind),
  }
}

/** HMAC with a key as long as the hash. */
export function hmacAlgorithm(bits: 256 | 384 | 512): AlgorithmEntry {
  return {
    name: `HMAC_SHA${bits}`,
    displayName: `HMAC-SHA-${bits}`,
    type: 'SYMMETRIC',
    securityBits: bits,
    standard: 'FIPS 198-1; RFC 2104',
    description: `Message authentication codes of ${bits / 8} bytes with SHA-${bits} and a key of the same length.`,
    capabilities: { GENERATE_VERIFY_MAC: createHmacMac(hashes[bits].name) },
    ...secretKeys(bits / 8),
  }
}

/** Key encapsulation on module lattices. */
export function mlKemAlgorithm(
  facts: Described & { kind: KeyPairKind; ciphertextBytes: number },
): AlgorithmEntry {
  const { kind, ciphertextBytes, ...described } = facts
  return {
    ...described,
    type: 'ASYMMETRIC',
    standard: 'FIPS 203',
    description: `Key encapsulation with ${facts.displayName}: shared secrets of 32 bytes, safe from quantum computers.`,
    capabilities: { KEY_ENCAPSULATION: createMlKem(ciphertextBytes) },
    ...keyPairs(kind),
  }
}

/** Key agreement on a curve that does nothing else. */
export function agreementAlgorithm(
  facts: Standardised & { description: string; kind: KeyPairKind },
): AlgorithmEntry {
  const { kind, ...described } = facts
  return {
    ...described,
    type: 'ASYMMETRIC',
    capabilities: { KEY_AGREEMENT: createKeyAgreement('sha256', 32) },
    ...keyPairs(kind),
  }
}

type Material = Pick<AlgorithmEntry, 'generate' | 'load' | 'importFormat' | 'readImported'>

function secretKeys(bytes: number): Material {
  return {
    generate: () => generateSecret(bytes),
    load: (secret) => loadSecret(secret, bytes),
    importFormat: { format: 'RAW', bytes },
    readImported: (material) => readImportedSecret(material, bytes),
  }
}

function keyPairs(kind: KeyPairKind): Material {
  return {
    generate: (work) => generatePair(kind, work),
    load: (secret) => loadPrivateKey(secret, kind),
    importFormat: { format: 'PKCS8_DER', bytes: null },
    readImported: (material, work) => readImportedPrivateKey(material, kind, work),
  }
}

/** A new symmetric key. */
async function generateSecret(bytes: number): Promise<GeneratedMaterial> {
  return { secret: freshRandomBytes(bytes), publicKey: null }
}

/** Reads a stored symmetric key; throws TypeError if it is of another length. */
export function loadSecret(secret: Uint8Array, bytes: number): KeyObject {
  if (secret.length !== bytes) throw new TypeError('a symmetric key of another length')
  return createSecretKey(secret)
}
