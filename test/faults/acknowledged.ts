import type { Client } from '../support/story.ts'
import { findCiphertextFaults } from './check-ciphertexts.ts'
import { findKeyFaults } from './check-keys.ts'
import { afterChange, type Change, type KeyState } from './known-key.ts'

/** Bytes that a server said it encrypted. */
export interface KnownCiphertext {
  readonly keyId: string
  readonly version: number
  readonly ciphertext: string
  /** Base64, as is the additional data. */
  readonly plaintext: string
  readonly additionalData: string | null
}

/** A key that a server said it made. */
export interface KnownKey {
  readonly id: string
  state: KeyState
  /** A change that was sent and never answered, or answered with UNAVAILABLE: it may stand, as a whole, or not. */
  inDoubt: Change | null
  /** Whether the system rotates it as soon as it looks, so that it has either one version or two. */
  rotationDue: boolean
  /** A change that was sent and may still be answered: one at a time, so that the order of changes is known. */
  changing: Change | null
  /** Changes that are known to have taken effect, with the revision that each made. */
  readonly changes: { readonly type: 'create' | Change['type']; readonly revision: number }[]
}

/** Everything that servers acknowledged, and what they must therefore still know after any fault. */
export interface Ledger {
  readonly keys: Map<string, KnownKey>
  readonly ciphertexts: KnownCiphertext[]
  /** Names of keys whose creation was never answered, with their descriptions. */
  readonly namesInDoubt: Map<string, string>
  /** How much was found missing or wrong, in all checks. */
  lost: number
  addKey(id: string, state: KeyState): KnownKey
  /** Notes a key whose creation was not acknowledged and turned out to have taken effect. */
  addFoundKey(id: string, state: KeyState): KnownKey
  /** Notes that a change was acknowledged, with the revision that the answer gave. */
  addChange(key: KnownKey, change: Change, revision: number): void
  /** How many changes and ciphertexts were acknowledged. */
  acknowledged(): number
}

/** A ledger in which nothing is written yet. */
export function createLedger(): Ledger {
  const keys = new Map<string, KnownKey>()
  const ciphertexts: KnownCiphertext[] = []
  let changes = 0
  function addFoundKey(id: string, state: KeyState): KnownKey {
    const key: KnownKey = {
      id,
      state,
      inDoubt: null,
      rotationDue: false,
      changing: null,
      changes: [{ type: 'create', revision: 1 }],
    }
    keys.set(id, key)
    return key
  }

  return {
    keys,
    ciphertexts,
    namesInDoubt: new Map(),
    lost: 0,
    addKey(id, state) {
      changes++
      return addFoundKey(id, state)
    },
    addFoundKey,
    addChange(key, change, revision) {
      key.state = { ...afterChange(key.state, change), revision }
      key.changes.push({ type: change.type, revision })
      changes++
    },
    acknowledged: () => changes + ciphertexts.length,
  }
}

/** Something that was acknowledged is missing or wrong; the message says what. */
export class LostError extends Error {}

/** Most faults that a message names. */
const faultsNamedMax = 50

/**
 * Counts faults as lost in the ledger.
 *
 * @throws LostError naming them if there are any
 */
export function throwIfLost(ledger: Ledger, faults: readonly string[]): void {
  ledger.lost += faults.length
  if (faults.length === 0) return
  throw new LostError(`${faults.length} faults:\n${faults.slice(0, faultsNamedMax).join('\n')}`)
}

/** How a check is done. */
export interface CheckOptions {
  /** How long servers may use what they have read before: CACHE_LIFETIME_MS of theirs. 500 if not given. */
  readonly cacheLifetimeMs?: number
}

/**
 * Checks through the API that everything acknowledged is there and that nothing is there by halves, and settles what was
 * in doubt. Nobody may be changing anything meanwhile but the system.
 *
 * @throws LostError, as `throwIfLost` does
 */
export async function expectAllThere(
  client: Client,
  ledger: Ledger,
  { cacheLifetimeMs = 500 }: CheckOptions = {},
): Promise<{ acknowledged: number; lost: number }> {
  const keyFaults = await findKeyFaults(client, ledger)
  // What was changed on one replica counts on all others from then on, so that no answer below is excused by a cache.
  await new Promise((resolve) => setTimeout(resolve, cacheLifetimeMs))
  const faults = [...keyFaults, ...(await findCiphertextFaults(client, ledger))]
  throwIfLost(ledger, faults)
  return { acknowledged: ledger.acknowledged(), lost: faults.length }
}
