import { algorithms, dataKeyPairAlgorithms } from '../../crypto/algorithms.ts'
import type {
  AlgorithmEntry,
  EncryptionAlgorithm,
  KeyType,
  KeyUsage,
  SigningAlgorithm,
} from '../../crypto/capabilities.ts'
import { weightOf } from '../../crypto/weights.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { requireRoleFor } from '../parts/request.ts'
import type { RequestContext } from '../rules/caller.ts'

/** One algorithm, with all that a form for creating keys needs. */
export interface KeyAlgorithmView {
  readonly algorithm: string
  readonly displayName: string
  readonly type: KeyType
  readonly usages: readonly KeyUsage[]
  readonly securityBits: number
  readonly standard: string
  readonly description: string
  readonly signingAlgorithms: readonly SigningAlgorithm[]
  readonly encryptionAlgorithms: readonly EncryptionAlgorithm[]
}

/** All algorithms of this release, in the order of the algorithm table. */
export const offeredAlgorithms: readonly KeyAlgorithmView[] = algorithms.map(viewOf)

/** Algorithms that data key pairs can have. */
export const offeredDataKeyPairs: readonly KeyAlgorithmView[] = offeredAlgorithms.filter(({ algorithm }) =>
  dataKeyPairAlgorithms.includes(algorithm),
)

/** The algorithms that new keys may have on this server. */
export function keyAlgorithms(
  { settings }: Dependencies,
  call: RequestContext,
  filter: { usage?: KeyUsage | null | undefined; type?: KeyType | null | undefined },
): KeyAlgorithmView[] {
  requireRoleFor(call, 'VIEW')
  const { allowedAlgorithms } = settings
  return offeredAlgorithms.filter(
    ({ algorithm, type, usages }) =>
      (allowedAlgorithms.length === 0 || allowedAlgorithms.includes(algorithm)) &&
      (!filter.type || type === filter.type) &&
      (!filter.usage || usages.includes(filter.usage)),
  )
}

/** Units of the rate limit that it costs to generate a version of an algorithm. */
export function generationUnits(algorithm: string): number {
  return weightOf(algorithm, 'GENERATE')
}

function viewOf(entry: AlgorithmEntry): KeyAlgorithmView {
  const { name, displayName, type, securityBits, standard, description } = entry
  const capabilities = Object.entries(entry.capabilities)
  return {
    algorithm: name,
    displayName,
    type,
    usages: capabilities.map(([usage]) => usage as KeyUsage),
    securityBits,
    standard,
    description,
    signingAlgorithms: capabilities.flatMap(([, each]) =>
      each.kind === 'signature' ? each.signingAlgorithms : [],
    ),
    encryptionAlgorithms: capabilities.flatMap(([, each]) =>
      each.kind === 'publicKeyEncryption' ? each.encryptionAlgorithms : [],
    ),
  }
}
