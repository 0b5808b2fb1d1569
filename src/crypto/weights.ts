/** Operations of keys whose cost depends on the algorithm. GENERATE makes material; IMPORT opens it and checks it. */
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
  RSA_2048: { GENERATE: 600, IMPORT: 600, SIGN: 12, VERIFY: 2, DECRYPT: 12 },
  RSA_3072: { GENERATE: 2500, IMPORT: 1600, SIGN: 30, VERIFY: 3, DECRYPT: 30 },
  RSA_4096: { GENERATE: 6000, IMPORT: 3600, SIGN: 60, VERIFY: 4, DECRYPT: 60 },
  EC_P256: { GENERATE: 4, IMPORT: 70, VERIFY: 2, DERIVE: 10 },
  EC_P384: { GENERATE: 15, IMPORT: 80, SIGN: 12, VERIFY: 9, DERIVE: 18 },
  EC_P521: { GENERATE: 26, IMPORT: 100, SIGN: 30, VERIFY: 28, DERIVE: 45 },
  EC_SECP256K1: { GENERATE: 10, IMPORT: 80, SIGN: 10, VERIFY: 10 },
  ED25519: { GENERATE: 4, IMPORT: 70, VERIFY: 2 },
  ED448: { GENERATE: 6, IMPORT: 80, SIGN: 5, VERIFY: 5 },
  ML_DSA_44: { GENERATE: 6, IMPORT: 90, SIGN: 13, VERIFY: 3 },
  ML_DSA_65: { GENERATE: 8, IMPORT: 95, SIGN: 18, VERIFY: 4 },
  ML_DSA_87: { GENERATE: 10, IMPORT: 100, SIGN: 22, VERIFY: 6 },
  ML_KEM_768: { GENERATE: 5, IMPORT: 75, ENCAPSULATE: 2, DECAPSULATE: 3 },
  ML_KEM_1024: { GENERATE: 6, IMPORT: 75, ENCAPSULATE: 3, DECAPSULATE: 3 },
  X25519: { GENERATE: 4, IMPORT: 70, DERIVE: 12 },
}

/** Units that an operation with a key of this algorithm costs. */
export function weightOf(algorithm: string, operation: WeighedOperation): number {
  return weights[algorithm]?.[operation] ?? 1
}
