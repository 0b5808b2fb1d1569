import { algorithms } from '../../crypto/algorithms.ts'

/** Part of its limit of encryptions from which on a version is near it. */
const nearShare = 0.8

/** The number of encryptions from which on a version is near its limit. */
export const nearLimitFrom = (encryptionsMax: number): number => Math.ceil(encryptionsMax * nearShare)

/** Algorithms whose encryptions are counted, by their limit per version. */
export function countedAlgorithms(): ReadonlyMap<number, readonly string[]> {
  const counted = algorithms.flatMap(({ name, capabilities: { ENCRYPT_DECRYPT: capability } }) =>
    capability?.kind === 'aead' && capability.encryptionsMax !== null
      ? [{ name, max: capability.encryptionsMax }]
      : [],
  )
  const groups = Map.groupBy(counted, ({ max }) => max)
  return new Map([...groups].map(([max, group]) => [max, group.map(({ name }) => name)]))
}
