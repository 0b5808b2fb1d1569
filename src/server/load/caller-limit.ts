import type { Config } from '../../config.ts'
import { KeysteadError } from '../../errors.ts'
import type { Caller } from '../../keys/rules/caller.ts'
import { requestCost } from '../graphql/cost.ts'
import { limitKeyOf } from '../http/client-address.ts'
import type { Refusal } from '../observe/request-facts.ts'
import { createRateLimit } from './rate-limit.ts'

/** A caller, or an address, has used up what it may use. Says which limit it is, and when there is more. */
export class RateLimitedError extends KeysteadError {
  readonly code = 'RATE_LIMITED'
  readonly refusal: Refusal
  readonly retryAfterSeconds: number
  constructor(refusal: Refusal, message: string, retryAfterSeconds: number) {
    super(`${message} Try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? 'second' : 'seconds'}.`)
    this.refusal = refusal
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A request asks for more than a caller may ever use at once: to try again would not help. */
class RequestTooCostlyError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
}

/** What each caller may use within some time, in units (see `costOf`). */
export interface CallerLimit {
  /**
   * Takes what a request costs from a caller, less what was taken for it before: all or nothing.
   *
   * @throws RateLimitedError, or an error that says that a caller never has so many units
   */
  charge(caller: Caller, cost: number, taken?: number): Promise<void>
  /**
   * Takes what the slow work of one field costs. Such work never costs more than a caller has in a window, or it could
   * not be done at all.
   *
   * @throws RateLimitedError
   */
  chargeWork(caller: Caller, units: number): Promise<void>
}

/** Builds the limit that the settings describe. It is of this process: with two replicas a caller has twice as much. */
export function createCallerLimit(
  config: Pick<Config, 'RATE_LIMIT_UNITS' | 'RATE_LIMIT_WINDOW_SECONDS'>,
): CallerLimit {
  const { RATE_LIMIT_UNITS: units, RATE_LIMIT_WINDOW_SECONDS: windowSeconds } = config
  const limit = createRateLimit({ units, windowSeconds })
  const takeAll = async (caller: Caller, cost: number) => {
    const seconds = await limit.take(callerKey(caller), cost)
    if (seconds > 0) throw new RateLimitedError('rate', `A caller may use ${allowance}.`, seconds)
  }
  const allowance = `${units} units in ${windowSeconds} seconds, one for each field on the first level and each item of a batch, and more for slow cryptography`
  return {
    async charge(caller, cost, taken = 0) {
      if (units !== 0 && cost > units) {
        throw new RequestTooCostlyError(
          `The request costs ${cost} units, and a caller may use ${allowance}. Send it in parts.`,
        )
      }
      if (cost > taken) await takeAll(caller, cost - taken)
    },
    chargeWork: (caller, cost) => takeAll(caller, Math.min(cost, Math.max(1, units - requestCost))),
  }
}

/** The one spelling of who asks. A subject has no control characters, so that two callers never look the same. */
export function callerKey({ subject, projectId }: Pick<Caller, 'subject' | 'projectId'>): string {
  return `${subject}\n${projectId}`
}

/** Refused tokens of an address within a minute after which each further refusal comes after a pause. */
const manyFailures = 60

/** Tokens of each address that were refused: to look at one costs more than to make one up. */
export interface FailureLimit {
  /** @throws RateLimitedError */
  check(clientAddress: string | null): Promise<void>
  /** Counts a token that was refused; tells whether there were many of late. */
  count(clientAddress: string | null): Promise<boolean>
}

/** Builds the limit that the settings describe. Requests that came without a socket have no address, and no limit. */
export function createFailureLimit({
  AUTH_FAILURES_PER_MINUTE_MAX: units,
}: Pick<Config, 'AUTH_FAILURES_PER_MINUTE_MAX'>): FailureLimit {
  const limit = createRateLimit({ units, windowSeconds: 60 })
  return {
    async check(address) {
      const seconds = address === null ? 0 : await limit.secondsUntilFree(limitKeyOf(address))
      if (seconds === 0) return
      throw new RateLimitedError(
        'failures',
        `More than ${units} tokens from this address were refused within a minute, so that no new ones are looked at.`,
        seconds,
      )
    },
    async count(address) {
      if (address === null) return false
      const key = limitKeyOf(address)
      await limit.take(key, 1)
      return (await limit.used(key)) > manyFailures
    },
  }
}
