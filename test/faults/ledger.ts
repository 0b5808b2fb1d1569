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
