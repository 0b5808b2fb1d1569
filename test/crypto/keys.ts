import { createPublicKey, type KeyObject } from 'node:crypto'
import { algorithms } from '../../src/crypto/algorithms.ts'
import type { AlgorithmEntry, Capability } from '../../src/crypto/capabilities.ts'
import type { SlowWork } from '../../src/crypto/slow-work.ts'

/** An algorithm with one of its capabilities. */
export interface Candidate<K extends Capability['kind']> {
  readonly name: string
  readonly entry: AlgorithmEntry
  readonly capability: Extract<Capability, { kind: K }>
}

/** Every algorithm that has a capability of this kind. */
export function candidates<K extends Capability['kind']>(kind: K): Candidate<K>[] {
  return algorithms.flatMap((entry) =>
    Object.values(entry.capabilities)
      .filter((each): each is Extract<Capability, { kind: K }> => each.kind === kind)
      .map((capability) => ({ name: entry.name, entry, capability })),
  )
}

/** A pair, or a secret key alone, loaded from fresh material. */
export async function freshKey(entry: AlgorithmEntry): Promise<{ key: KeyObject; publicKey: KeyObject }> {
  const { secret } = await entry.generate(atOnce)
  const key = entry.load(secret)
  return { key, publicKey: key.type === 'private' ? createPublicKey(key) : key }
}

/** Slow work without a queue. */
export const atOnce: SlowWork = (_length, task) => task()
