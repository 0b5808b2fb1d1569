import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** Most callers, or addresses, whose use is remembered; the one that was not seen for longest is forgotten. */
const keysMaxDefault = 100_000

/** What may be used within a window of time. */
export interface RateLimitOptions {
  /** 0 for no limit. */
  readonly units: number
  readonly windowSeconds: number
  readonly keysMax?: number
}

/** Counts what each caller, or each address, uses. */
export interface RateLimit {
  /**
   * Takes units, all or none: seconds until there are enough again if there are not, else 0. What was refused costs
   * nothing, so that a client that tries again and again does not lock itself out.
   */
  take(key: string, units: number): Promise<number>
  /** Units that were taken in the present window. */
  used(key: string): Promise<number>
  /** Seconds until there is a unit again, 0 if there is one. */
  secondsUntilFree(key: string): Promise<number>
  /** How many keys are remembered. */
  readonly size: number
}

/**
 * Builds a limit on what may be used in a window of time, which begins with a caller's first use. The library keeps one
 * entry for each key until its window ends, without a bound; the cache beside it is the bound.
 */
export function createRateLimit({
  units: points,
  windowSeconds,
  keysMax = keysMaxDefault,
}: RateLimitOptions): RateLimit {
  if (points === 0)
    return { size: 0, take: async () => 0, used: async () => 0, secondsUntilFree: async () => 0 }
  const limiter = new RateLimiterMemory({ points, duration: windowSeconds })
  const remembered = new LRUCache<string, true>({
    max: keysMax,
    dispose: (_, key, reason) => {
      if (reason === 'evict') void limiter.delete(key)
    },
  })
  return {
    get size() {
      return remembered.size
    },
    async take(key, units) {
      // To look for it makes it the last one to be forgotten.
      if (remembered.get(key) === undefined) remembered.set(key, true)
      try {
        await limiter.consume(key, units)
        return 0
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        await limiter.reward(key, units)
        return secondsOf(refusal)
      }
    },
    used: async (key) => (await limiter.get(key))?.consumedPoints ?? 0,
    async secondsUntilFree(key) {
      const used = await limiter.get(key)
      return used !== null && used.consumedPoints >= points ? secondsOf(used) : 0
    },
  }
}

/** Whole seconds, and never none: who comes back too early is refused again. */
function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000))
}
