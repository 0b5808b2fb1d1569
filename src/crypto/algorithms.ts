import { aes128Gcm, aes256Gcm, chacha20Poly1305 } from './aead.ts'
import {
  aeadAlgorithm,
  agreementAlgorithm,
  curveAlgorithm,
  hmacAlgorithm,
  messageSignatureAlgorithm,
  mlKemAlgorithm,
  rsaAlgorithm,
} from './algorithm-families.ts'
import type { AlgorithmEntry, KeyType, KeyUsage } from './capabilities.ts'
import { xaes256Gcm } from './xaes-256-gcm.ts'

/** Every algorithm that keys can have. Adding one is an entry here and, for a new family, one small file. */
export const algorithms: readonly AlgorithmEntry[] = [
  aeadAlgorithm({
    name: 'AES_256_GCM',
    displayName: 'AES-256',
    securityBits: 256,
    standard: 'NIST SP 800-38D',
    description: 'AES with a 256-bit key in Galois/Counter Mode, 96-bit random nonces and 128-bit tags.',
    keyBytes: 32,
    capability: aes256Gcm,
  }),
  aeadAlgorithm({
    name: 'AES_128_GCM',
    displayName: 'AES-128',
    securityBits: 128,
    standard: 'NIST SP 800-38D',
    description: 'AES with a 128-bit key in Galois/Counter Mode, 96-bit random nonces and 128-bit tags.',
    keyBytes: 16,
    capability: aes128Gcm,
  }),
  aeadAlgorithm({
    name: 'CHACHA20_POLY1305',
    displayName: 'ChaCha20-Poly1305',
    securityBits: 256,
    standard: 'RFC 8439',
    description: 'ChaCha20 with a 256-bit key, 96-bit random nonces and 128-bit Poly1305 tags.',
    keyBytes: 32,
    capability: chacha20Poly1305,
  }),
  aeadAlgorithm({
    name: 'XAES_256_GCM',
    displayName: 'XAES-256',
    securityBits: 256,
    standard: 'C2SP XAES-256-GCM',
    description:
      'AES-256-GCM with 192-bit random nonces and a key derived for each message: no practical limit of encryptions.',
    keyBytes: 32,
    capability: xaes256Gcm,
  }),
  rsaAlgorithm(2048, 112),
  rsaAlgorithm(3072, 128),
  rsaAlgorithm(4096, 152),
  curveAlgorithm({
    name: 'EC_P256',
    displayName: 'ECC P-256',
    securityBits: 128,
    standard: 'FIPS 186-5 §6; NIST SP 800-186 §3.2.1.3',
    curve: 'prime256v1',
    hashBits: 256,
    agreement: true,
  }),
  curveAlgorithm({
    name: 'EC_P384',
    displayName: 'ECC P-384',
    securityBits: 192,
    standard: 'FIPS 186-5 §6; NIST SP 800-186 §3.2.1.4',
    curve: 'secp384r1',
    hashBits: 384,
    agreement: true,
  }),
  curveAlgorithm({
    name: 'EC_P521',
    displayName: 'ECC P-521',
    securityBits: 256,
    standard: 'FIPS 186-5 §6; NIST SP 800-186 §3.2.1.5',
    curve: 'secp521r1',
    hashBits: 512,
    agreement: true,
  }),
  curveAlgorithm({
    name: 'EC_SECP256K1',
    displayName: 'ECC secp256k1',
    securityBits: 128,
    standard: 'FIPS 186-5 §6; SEC 2 §2.4.1',
    curve: 'secp256k1',
    hashBits: 256,
    agreement: false,
  }),
  messageSignatureAlgorithm({
    name: 'ED25519',
    displayName: 'Ed25519',
    securityBits: 128,
    standard: 'RFC 8032 §5.1; FIPS 186-5 §7',
    kind: { type: 'ed25519' },
  }),
  messageSignatureAlgorithm({
    name: 'ED448',
    displayName: 'Ed448',
    securityBits: 224,
    standard: 'RFC 8032 §5.2; FIPS 186-5 §7',
    kind: { type: 'ed448' },
  }),
  messageSignatureAlgorithm({
    name: 'ML_DSA_44',
    displayName: 'ML-DSA-44',
    securityBits: 128,
    standard: 'FIPS 204',
    kind: { type: 'ml-dsa-44' },
  }),
  messageSignatureAlgorithm({
    name: 'ML_DSA_65',
    displayName: 'ML-DSA-65',
    securityBits: 192,
    standard: 'FIPS 204',
    kind: { type: 'ml-dsa-65' },
  }),
  messageSignatureAlgorithm({
    name: 'ML_DSA_87',
    displayName: 'ML-DSA-87',
    securityBits: 256,
    standard: 'FIPS 204',
    kind: { type: 'ml-dsa-87' },
  }),
  hmacAlgorithm(256),
  hmacAlgorithm(384),
  hmacAlgorithm(512),
  mlKemAlgorithm({
    name: 'ML_KEM_768',
    displayName: 'ML-KEM-768',
    securityBits: 192,
    kind: { type: 'ml-kem-768' },
    ciphertextBytes: 1088,
  }),
  mlKemAlgorithm({
    name: 'ML_KEM_1024',
    displayName: 'ML-KEM-1024',
    securityBits: 256,
    kind: { type: 'ml-kem-1024' },
    ciphertextBytes: 1568,
  }),
  agreementAlgorithm({
    name: 'X25519',
    displayName: 'X25519',
    securityBits: 128,
    standard: 'RFC 7748; NIST SP 800-56A; RFC 5869',
    description: 'Diffie-Hellman key agreement on Curve25519, followed by HKDF (SHA-256).',
    kind: { type: 'x25519' },
  }),
]

const entries = new Map(algorithms.map((entry) => [entry.name, entry]))

/** The entry of this name. */
export function findAlgorithm(name: string): AlgorithmEntry | undefined {
  return entries.get(name)
}

/** Algorithms of which `generateDataKeyPair` makes pairs: those that software elsewhere knows what to do with. */
export const dataKeyPairAlgorithms: readonly string[] = [
  'RSA_2048',
  'RSA_3072',
  'RSA_4096',
  'EC_P256',
  'EC_P384',
  'EC_P521',
  'EC_SECP256K1',
  'ED25519',
]

/** Algorithms for callers that name none: current advice (NIST SP 800-57 Part 1, BSI TR-02102-1), not the smallest. */
export const defaultAlgorithms: readonly { usage: KeyUsage; type: KeyType; algorithm: string }[] = [
  { usage: 'ENCRYPT_DECRYPT', type: 'SYMMETRIC', algorithm: 'AES_256_GCM' },
  { usage: 'ENCRYPT_DECRYPT', type: 'ASYMMETRIC', algorithm: 'RSA_3072' },
  { usage: 'SIGN_VERIFY', type: 'ASYMMETRIC', algorithm: 'EC_P256' },
  { usage: 'GENERATE_VERIFY_MAC', type: 'SYMMETRIC', algorithm: 'HMAC_SHA256' },
  { usage: 'KEY_ENCAPSULATION', type: 'ASYMMETRIC', algorithm: 'ML_KEM_768' },
  { usage: 'KEY_AGREEMENT', type: 'ASYMMETRIC', algorithm: 'X25519' },
]
