import { type EnumOf, graphql, type ResultOf } from '../../api/graphql.ts'

/** Which algorithms the server offers, and for what. */
export const keyAlgorithmsQuery = graphql(`
  query KeyAlgorithms {
    keyAlgorithms {
      algorithm
      displayName
      type
      usages
      securityBits
      standard
      description
    }
  }
`)

/** One algorithm that the server offers. */
export type AlgorithmInfo = NonNullable<ResultOf<typeof keyAlgorithmsQuery>['keyAlgorithms']>[number]

type Usage = EnumOf<'KeyUsage'>
type Type = EnumOf<'KeyType'>

/** What is chosen for those who have no reason to choose; of an asymmetric key the server's own defaults. */
const recommended: Readonly<Record<Usage, Partial<Record<Type, EnumOf<'KeyAlgorithm'>>>>> = {
  ENCRYPT_DECRYPT: { SYMMETRIC: 'AES_256_GCM', ASYMMETRIC: 'RSA_3072' },
  SIGN_VERIFY: { ASYMMETRIC: 'EC_P256' },
  GENERATE_VERIFY_MAC: { SYMMETRIC: 'HMAC_SHA256' },
  KEY_ENCAPSULATION: { ASYMMETRIC: 'ML_KEM_768' },
  KEY_AGREEMENT: { ASYMMETRIC: 'X25519' },
}

/** True for the algorithm that is chosen for those who have no reason to choose. */
export const isRecommended = (usage: Usage, { type, algorithm }: AlgorithmInfo): boolean =>
  recommended[usage][type] === algorithm

/** The usages that the server offers. */
export const usagesOf = (offered: readonly AlgorithmInfo[]): readonly Usage[] => [
  ...new Set(offered.flatMap(({ usages }) => usages)),
]

/** The types that a key of this usage can have. */
export const typesFor = (offered: readonly AlgorithmInfo[], usage: Usage): readonly Type[] => [
  ...new Set(offered.filter(({ usages }) => usages.includes(usage)).map(({ type }) => type)),
]

/** The algorithms for a usage and a type; the recommended one first. */
export const algorithmsFor = (
  offered: readonly AlgorithmInfo[],
  usage: Usage,
  type: Type,
): readonly AlgorithmInfo[] =>
  offered
    .filter((info) => info.usages.includes(usage) && info.type === type)
    .toSorted((a, b) => Number(isRecommended(usage, b)) - Number(isRecommended(usage, a)))
