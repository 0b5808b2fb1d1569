/** Operations of keys whose cost depends on the algorithm. GENERATE makes material; IMPORT opens and checks it. */
export type WeighedOperation =
  | 'GENERATE'
  | 'IMPORT'
  | 'SIGN'
  | 'VERIFY'
  | 'DECRYPT'
  | 'ENCAPSULATE'
  | 'DECAPSULATE'
  | 'DERIVE'

/** Processor time that one unit of the rate limit stands for. It is about what an item of `encryptBatch` takes. */
export const unitMicroseconds = 100

/**
 * Units that an operation costs, by algorithm: the processor time that `npm run bench:weights` measures, rounded up. What
 * is not listed costs one unit.
 */
export const weights: Readonly<Record<string, Readonly<Partial<Record<WeighedOperation, number>>>>> = {
  RSA_2048: { GENERATE: 600, IMPORT: 600, SIGN: 8, VERIFY: 2, DECRYPT: 9 },
  RSA_3072: { GENERATE: 2500, IMPORT: 1500, SIGN: 25, VERIFY: 2, DECRYPT: 25 },
  RSA_4096: { GENERATE: 6000, IMPORT: 3500, SIGN: 50, VERIFY: 2, DECRYPT: 50 },
  EC_P256: { GENERATE: 3, IMPORT: 60, VERIFY: 2, DERIVE: 10 },
  EC_P384: { GENERATE: 12, IMPORT: 70, SIGN: 12, VERIFY: 9, DERIVE: 20 },
  EC_P521: { GENERATE: 25, IMPORT: 90, SIGN: 30, VERIFY: 25, DERIVE: 45 },
  EC_SECP256K1: { GENERATE: 10, IMPORT: 70, SIGN: 9, VERIFY: 9 },
  ED25519: { GENERATE: 3, IMPORT: 60, VERIFY: 2 },
  ED448: { GENERATE: 6, IMPORT: 70, SIGN: 5, VERIFY: 5 },
  ML_DSA_44: { GENERATE: 6, IMPORT: 80, SIGN: 12, VERIFY: 2 },
  ML_DSA_65: { GENERATE: 6, IMPORT: 80, SIGN: 15, VERIFY: 3 },
  ML_DSA_87: { GENERATE: 6, IMPORT: 80, SIGN: 18, VERIFY: 4 },
  ML_KEM_768: { GENERATE: 4, IMPORT: 60, ENCAPSULATE: 2, DECAPSULATE: 2 },
  ML_KEM_1024: { GENERATE: 5, IMPORT: 60, ENCAPSULATE: 2, DECAPSULATE: 2 },
  X25519: { GENERATE: 3, IMPORT: 60, DERIVE: 8 },
}

/** Units that an operation with a key of this algorithm costs. */
export function weightOf(algorithm: string, operation: WeighedOperation): number {
  return weights[algorithm]?.[operation] ?? 1
}
