import { aes256Gcm } from './aes-gcm.ts'
import type { AlgorithmEntry, KeyUsage } from './capabilities.ts'
import { createEcdsa } from './ecdsa.ts'
import { generatePair, type KeyPairKind, loadPrivateKey } from './key-pair.ts'
import { createRsaOaep } from './rsa-oaep.ts'
import { rsaSignature } from './rsa-signature.ts'
import { generateSecret, loadSecret } from './secret-key.ts'

/** Every algorithm that keys can have. Adding one is an entry here and, for a new family, one small file. */
export const algorithms: readonly AlgorithmEntry[] = [
  {
    name: 'AES_256_GCM',
    displayName: 'AES-256',
    type: 'SYMMETRIC',
    securityBits: 256,
    standard: 'NIST SP 800-38D',
    description: 'AES with a 256-bit key in Galois/Counter Mode, 96-bit random nonces and 128-bit tags.',
    capabilities: { ENCRYPT_DECRYPT: aes256Gcm },
    ...secretKeys(32),
  },
  rsa(2048, 112),
  rsa(3072, 128),
  rsa(4096, 152),
  {
    name: 'EC_P256',
    displayName: 'ECC P-256',
    type: 'ASYMMETRIC',
    securityBits: 128,
    standard: 'FIPS 186-5 §6; NIST SP 800-186 §3.2.1.3',
    description: 'ECDSA with SHA-256 on the curve P-256.',
    capabilities: { SIGN_VERIFY: createEcdsa('ECDSA_SHA_256', 'sha256') },
    ...keyPairs({ type: 'ec', curve: 'prime256v1' }),
  },
]

/** The usages for which the server has operations; keys for others cannot be created. */
export const offeredUsages: ReadonlySet<KeyUsage> = new Set<KeyUsage>(['ENCRYPT_DECRYPT', 'SIGN_VERIFY'])

const entries = new Map(algorithms.map((entry) => [entry.name, entry]))

/** The entry of this name. */
export function findAlgorithm(name: string): AlgorithmEntry | undefined {
  return entries.get(name)
}

function rsa(modulusBits: number, securityBits: number): AlgorithmEntry {
  return {
    name: `RSA_${modulusBits}`,
    displayName: `RSA ${modulusBits}`,
    type: 'ASYMMETRIC',
    securityBits,
    standard: 'RFC 8017 (PKCS #1 v2.2)',
    description: `RSA with a ${modulusBits}-bit modulus: RSAES-OAEP to encrypt, or RSASSA-PSS and RSASSA-PKCS1-v1_5 to sign.`,
    capabilities: { ENCRYPT_DECRYPT: createRsaOaep(modulusBits), SIGN_VERIFY: rsaSignature },
    ...keyPairs({ type: 'rsa', modulusBits }),
  }
}

function secretKeys(bytes: number): Pick<AlgorithmEntry, 'generate' | 'load'> {
  return { generate: () => generateSecret(bytes), load: (secret) => loadSecret(secret, bytes) }
}

function keyPairs(kind: KeyPairKind): Pick<AlgorithmEntry, 'generate' | 'load'> {
  return { generate: () => generatePair(kind), load: (secret) => loadPrivateKey(secret, kind) }
}
