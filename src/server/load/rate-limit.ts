import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from '../../config.ts'
import { counted } from '../../counted.ts'
import { KeysteadError } from '../../errors.ts'
import type { Caller } from '../../keys/rules/caller.ts'
import type { Refusal } from '../observe/request-log.ts'

/** Cost of every request, in units. It is charged as soon as the caller is known. */
export const requestCost = 1

/** A rate limit of a caller or of an address is used up. The message names the limit and when to try again. */
export class RateLimitedError extends KeysteadError {
  readonly code = 'RATE_LIMITED'
  readonly refusal: Refusal
  readonly retryAfterSeconds: number
  constructor(refusal: Refusal, message: string, retryAfterSeconds: number) {
    super(`${message} Try again in ${counted(retryAfterSeconds, 'second')}.`)
    this.refusal = refusal
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A request costs more than the whole limit, so that a retry would not help. */
class RequestTooCostlyError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
}

/** Rate limit of callers, in units (see `costOf`). */
export interface CallerLimit {
  /** Opens the charges of one request. */
  forRequest(caller: Caller): RequestCharges
}

/** Charges of one request to its caller. */
export interface RequestCharges {
  /**
   * Charges the cost of the request, less what has been charged for it before: all or nothing. Calling it again for the
   * same cost charges nothing.
   *
   * @throws RateLimitedError, or an error that says that the cost exceeds the whole limit
   */
  charge(cost: number): Promise<void>
  /**
   * Charges slow work in addition. Work that costs more than the whole limit is charged as much as the limit, since it
   * could never be done otherwise.
   *
   * @throws RateLimitedError
   */
  chargeWork(units: number): Promise<void>
}

/** Builds the limit from the settings. Each process counts for itself: two replicas allow twice as much. */
export function createCallerLimit(
  config: Pick<Config, 'RATE_LIMIT_UNITS' | 'RATE_LIMIT_WINDOW_SECONDS'>,
): CallerLimit {
  const { RATE_LIMIT_UNITS: units, RATE_LIMIT_WINDOW_SECONDS: windowSeconds } = config
  const limit = createRateLimit({ units, windowSeconds })
  const allowance = `${units} units in ${windowSeconds} seconds, one for each top-level field and each item of a batch, and more for slow cryptography`

  async function take(caller: Caller, cost: number): Promise<void> {
    const seconds = await limit.take(callerKey(caller), cost)
    if (seconds > 0) throw new RateLimitedError('rate', `A caller may use ${allowance}.`, seconds)
  }

  return {
    forRequest(caller) {
      let charged = 0
      return {
        async charge(cost) {
          if (units !== 0 && cost > units) {
            throw new RequestTooCostlyError(
              `The request costs ${cost} units, and a caller may use ${allowance}. Send it in parts.`,
            )
          }
          if (cost <= charged) return
          await take(caller, cost - charged)
          charged = cost
        },
        chargeWork: (cost) => take(caller, Math.min(cost, Math.max(1, units - requestCost))),
      }
    },
  }
}

/** Key of a caller. Subjects have no control characters, so that the keys of two callers always differ. */
export function callerKey({ subject, projectId }: Pick<Caller, 'subject' | 'projectId'>): string {
  return `${subject}\n${projectId}`
}

/** Refused tokens of an address within a minute after which further refusals come after a pause. */
const manyFailures = 60

/** Rate limit of refused tokens for each address: verifying a token costs more than making one up. */
export interface FailureLimit {
  /** @throws RateLimitedError */
  check(clientAddress: string | null): Promise<void>
  /** Counts a refused token. Resolves to true if there were many within the minute. */
  count(clientAddress: string | null): Promise<boolean>
}

/** Builds the limit from the settings. Requests without an address have no limit. */
export function createFailureLimit({
  AUTH_FAILURES_PER_MINUTE_MAX: units,
}: Pick<Config, 'AUTH_FAILURES_PER_MINUTE_MAX'>): FailureLimit {
  const limit = createRateLimit({ units, windowSeconds: 60 })
  return {
    async check(address) {
      const seconds = address === null ? 0 : await limit.secondsUntilFree(addressKey(address))
      if (seconds === 0) return
      throw new RateLimitedError(
        'failures',
        `More than ${units} tokens from this address were refused within a minute, so that unverified tokens are rejected without checking.`,
        seconds,
      )
    },
    async count(address) {
      if (address === null) return false
      await limit.take(addressKey(address), 1)
      return (await limit.used(addressKey(address))) > manyFailures
    },
  }
}

/** Key of an address. An IPv6 client has a network of 64 bits, and could use a new address for each request. */
export function addressKey(address: string): string {
  if (isIP(address) !== 6) return address
  const [withoutZone = address] = address.split('%', 1)
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${withoutZone}/64`)}/64`
}

/** Most keys that are counted; beyond that, the least recently used one is dropped. */
const keysMaxDefault = 100_000

/** Size of a rate limit. */
export interface RateLimitOptions {
  /** Units for each window; 0 for no limit. */
  readonly units: number
  readonly windowSeconds: number
  readonly keysMax?: number
}

/** Counts units for each key, such as a caller or an address. */
export interface RateLimit {
  /**
   * Takes units, all or none. Resolves to 0 if they were taken, else to the seconds until there are enough. A refusal
   * takes nothing, so that retries do not lock a client out.
   */
  take(key: string, units: number): Promise<number>
  /** Units taken in the current window. */
  used(key: string): Promise<number>
  /** Seconds until a unit is free; 0 if there is one. */
  secondsUntilFree(key: string): Promise<number>
  /** Number of keys that are counted. */
  readonly size: number
}

/**
 * Builds a rate limit with windows that begin with the first use of a key. The library keeps one entry for each key until
 * its window ends, without a bound; the cache beside it is the bound.
 */
export function createRateLimit({
  units: points,
  windowSeconds,
  keysMax = keysMaxDefault,
}: RateLimitOptions): RateLimit {
  if (points === 0)
    return { size: 0, take: async () => 0, used: async () => 0, secondsUntilFree: async () => 0 }
  const limiter = new RateLimiterMemory({ points, duration: windowSeconds })
  const counted = new LRUCache<string, true>({
    max: keysMax,
    dispose: (_, key, reason) => {
      if (reason === 'evict') void limiter.delete(key)
    },
  })
  return {
    get size() {
      return counted.size
    },
    async take(key, units) {
      // The look-up makes the key the most recently used one.
      if (counted.get(key) === undefined) counted.set(key, true)
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

/** Whole seconds, at least 1: a retry that comes too early is refused again. */
function secondsOf({ msBeforeNext }: RateLimiterRes): number {
  return Math.max(1, Math.ceil(msBeforeNext / 1000))
}
