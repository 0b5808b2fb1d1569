import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Caller } from '../keys/caller.ts'

/** Most tokens that are remembered. */
const tokensMax = 10_000

/** Verified tokens, so that a signature is checked once and not with each request. */
export interface CallerCache {
  /** The caller of a token: remembered, or worked out now. Failures are not remembered. */
  get(token: string, verify: () => Promise<Caller>): Promise<Caller>
}

/**
 * Builds the cache.
 *
 * @param lifetimeMs longest time without a new check, so that a key that the issuer withdrew stops to count
 */
export function createCallerCache(clock: Clock, lifetimeMs: number): CallerCache {
  interface Entry {
    readonly caller: Promise<Caller>
    readonly verifiedAtMs: number
  }
  const entries = new LRUCache<string, Entry>({ max: tokensMax })

  return {
    async get(token, verify) {
      // The digest, not the token: what is in memory for long cannot be replayed.
      const name = hash('sha256', token, 'base64')
      const known = entries.get(name)
      if (known !== undefined && performance.now() - known.verifiedAtMs < lifetimeMs) {
        const caller = await known.caller
        if (caller.tokenExpiresAt > clock.now()) return caller
      }
      const entry: Entry = { caller: verify(), verifiedAtMs: performance.now() }
      entries.set(name, entry)
      try {
        return await entry.caller
      } catch (error) {
        if (entries.peek(name) === entry) entries.delete(name)
        throw error
      }
    },
  }
}
