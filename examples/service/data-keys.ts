import { createSecretKey, type KeyObject } from 'node:crypto'
import type { KeysteadClient } from '../keystead-client.ts'
import { type RetryOptions, withRetry } from './retry.ts'

/** How a service gets its data keys. */
export interface DataKeyOptions {
  readonly client: KeysteadClient
  readonly keyId: string
  /** How many records one data key protects. */
  readonly recordsPerKey: number
  /**
   * How long a data key is kept in memory. So long can the service still read after the version that wraps the key was
   * deactivated in Keystead, or the service was taken off its list.
   */
  readonly lifetimeMs: number
  readonly retry: RetryOptions
}

/** A data key in memory, and the same wrapped, to be kept with each record. */
export interface SealingKey {
  readonly key: KeyObject
  readonly wrapped: Buffer
}

/** The data keys of a service. */
export interface DataKeys {
  /** A key for one new record. */
  forSealing(): Promise<SealingKey>
  /** The key of an old record. */
  forOpening(wrapped: Buffer): Promise<KeyObject>
}

/** Keystead wraps a data key together with this, so that no other program can have it opened for its own purposes. */
const purpose = Buffer.from('examples/service records')
const openedKeysMax = 1000

/** Data keys that are asked for as rarely as the options allow. */
export function createDataKeys(options: DataKeyOptions): DataKeys {
  const { client, keyId, recordsPerKey, lifetimeMs, retry } = options
  const opened = new Map<string, { readonly key: Promise<KeyObject>; readonly until: number }>()
  let sealing: { readonly key: Promise<SealingKey>; readonly until: number; uses: number } | null = null

  async function generate(): Promise<SealingKey> {
    const { plaintext, wrapped } = await withRetry(
      () => client.generateDataKey({ key: keyId, lengthBytes: 32, aad: purpose }),
      retry,
    )
    return { key: takeKey(plaintext), wrapped }
  }

  async function unwrap(wrapped: Buffer): Promise<KeyObject> {
    const { plaintext } = await withRetry(() => client.decrypt({ ciphertext: wrapped, aad: purpose }), retry)
    return takeKey(plaintext)
  }

  return {
    forSealing() {
      if (sealing === null || sealing.uses === recordsPerKey || sealing.until <= Date.now()) {
        const started = { key: generate(), until: Date.now() + lifetimeMs, uses: 0 }
        sealing = started
        // The next record tries again; who waits for this one is told by the promise itself.
        started.key.catch(() => {
          if (sealing === started) sealing = null
        })
      }
      sealing.uses += 1
      return sealing.key
    },
    forOpening(wrapped) {
      const name = wrapped.toString('base64')
      const known = opened.get(name)
      if (known !== undefined && known.until > Date.now()) return known.key
      const started = { key: unwrap(wrapped), until: Date.now() + lifetimeMs }
      opened.set(name, started)
      started.key.catch(() => opened.delete(name))
      const [oldest] = opened.keys()
      if (opened.size > openedKeysMax && oldest !== undefined) opened.delete(oldest)
      return started.key
    },
  }
}

/** The bytes as a key outside of JavaScript's memory; the bytes themselves are filled with zeros. */
function takeKey(plaintext: Buffer): KeyObject {
  const key = createSecretKey(plaintext)
  plaintext.fill(0)
  return key
}
