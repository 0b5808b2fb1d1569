import type { EnumOf } from '../api/graphql.ts'

/**
 * True if a large quantum computer would break keys of this algorithm (NIST IR 8547): RSA and elliptic curves. Symmetric
 * keys and those on lattices (ML-…) stay safe.
 */
export const isQuantumVulnerable = (algorithm: EnumOf<'KeyAlgorithm'>): boolean =>
  /^(RSA_|EC_|ED\d|X25519)/.test(algorithm)
