import type { EnumOf } from '../api/graphql.ts'

/**
 * True if a large quantum computer would break keys of this algorithm (NIST IR 8547): RSA and elliptic curves. Symmetric
 * keys and those on lattices (ML-…) stay safe.
 */
export const isQuantumVulnerable = (algorithm: EnumOf<'KeyAlgorithm'>): boolean =>
  /^(RSA_|EC_|ED\d|X25519)/.test(algorithm)

// Does not compile while an algorithm of the schema is missing.
const all = {
  AES_256_GCM: true,
  AES_128_GCM: true,
  XAES_256_GCM: true,
  CHACHA20_POLY1305: true,
  RSA_2048: true,
  RSA_3072: true,
  RSA_4096: true,
  EC_P256: true,
  EC_P384: true,
  EC_P521: true,
  EC_SECP256K1: true,
  ED25519: true,
  ED448: true,
  ML_DSA_44: true,
  ML_DSA_65: true,
  ML_DSA_87: true,
  HMAC_SHA256: true,
  HMAC_SHA384: true,
  HMAC_SHA512: true,
  ML_KEM_768: true,
  ML_KEM_1024: true,
  X25519: true,
} satisfies Readonly<Record<EnumOf<'KeyAlgorithm'>, true>>

/** All algorithms that keys may have, in the order of the documentation. A server may offer fewer for new keys. */
export const keyAlgorithms = Object.keys(all) as readonly EnumOf<'KeyAlgorithm'>[]
