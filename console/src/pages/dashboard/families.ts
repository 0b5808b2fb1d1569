import type { EnumOf } from '../../api/graphql.ts'
import { isQuantumVulnerable } from '../../keys/algorithms.ts'

type Algorithm = EnumOf<'KeyAlgorithm'>

/** The family of each algorithm. */
const familyOf = {
  AES_256_GCM: 'aes',
  AES_128_GCM: 'aes',
  XAES_256_GCM: 'aes',
  CHACHA20_POLY1305: 'chacha',
  RSA_2048: 'rsa',
  RSA_3072: 'rsa',
  RSA_4096: 'rsa',
  EC_P256: 'ec',
  EC_P384: 'ec',
  EC_P521: 'ec',
  EC_SECP256K1: 'ec',
  ED25519: 'edwards',
  ED448: 'edwards',
  X25519: 'montgomery',
  ML_DSA_44: 'mldsa',
  ML_DSA_65: 'mldsa',
  ML_DSA_87: 'mldsa',
  ML_KEM_768: 'mlkem',
  ML_KEM_1024: 'mlkem',
  HMAC_SHA256: 'hmac',
  HMAC_SHA384: 'hmac',
  HMAC_SHA512: 'hmac',
} as const satisfies Record<Algorithm, string>

/** Algorithms that are counted together. */
export type Family = (typeof familyOf)[Algorithm]

/** Names of the families, which are the same in every language. */
export const familyNames: Readonly<Record<Family, string>> = {
  aes: 'AES-GCM',
  chacha: 'ChaCha20-Poly1305',
  rsa: 'RSA',
  ec: 'ECDSA',
  edwards: 'EdDSA',
  montgomery: 'X25519',
  mldsa: 'ML-DSA',
  mlkem: 'ML-KEM',
  hmac: 'HMAC',
}

/** The algorithms of each family. */
export const families = Object.groupBy(
  Object.keys(familyOf) as Algorithm[],
  (algorithm) => familyOf[algorithm],
) as Readonly<Record<Family, Algorithm[]>>

/** The families that a large quantum computer would break. */
export const vulnerableFamilies = (Object.keys(families) as Family[]).filter((family) =>
  families[family].some(isQuantumVulnerable),
)
