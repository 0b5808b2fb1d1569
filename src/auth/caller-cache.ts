import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Caller } from '../keys/rules/caller.ts'

/** Most tokens that are remembered. */
const tokensMax = 10_000

/** Verified tokens, so that a signature is checked once and not with each request. */
export interface CallerCache {
  /** The caller of a token: remembered, or worked out now. Failures are not remembered. */
  get(token: string, verify: () => Promise<Caller>): Promise<Caller>
  /** The caller of a token if it is remembered, else null. */
  find(token: string): Caller | null
}

interface Entry {
  readonly caller: Caller
  readonly verifiedAtMs: number
}

/** Builds the cache; `lifetimeMs` bounds how long a token counts after the issuer withdrew the key that signed it. */
export function createCallerCache({
  clock,
  lifetimeMs,
  size = tokensMax,
}: {
  clock: Clock
  lifetimeMs: number
  size?: number
}): CallerCache {
  const verified = new LRUCache<string, Entry>({ max: size })
  // Apart from the verified ones, so that a flood of bad tokens cannot push these out.
  const underWay = new Map<string, Promise<Caller>>()

  function isGood({ caller, verifiedAtMs }: Entry): boolean {
    const nowMs = clock.now().getTime()
    const ageMs = nowMs - verifiedAtMs
    // A clock that was set back must not lengthen a life.
    return ageMs >= 0 && ageMs < lifetimeMs && nowMs < caller.tokenExpiresAt.getTime()
  }

  async function verifyAndRemember(digest: string, verify: () => Promise<Caller>): Promise<Caller> {
    const verifiedAtMs = clock.now().getTime()
    const caller = await verify()
    verified.set(digest, { caller, verifiedAtMs })
    return caller
  }

  function findVerified(digest: string): Caller | null {
    const known = verified.get(digest)
    if (known === undefined) return null
    if (isGood(known)) return known.caller
    verified.delete(digest)
    return null
  }

  return {
    find: (token) => findVerified(digestOf(token)),
    async get(token, verify) {
      const digest = digestOf(token)
      const known = findVerified(digest)
      if (known !== null) return known
      const pending = underWay.get(digest)
      if (pending !== undefined) return pending
      const verification = verifyAndRemember(digest, verify).finally(() => underWay.delete(digest))
      underWay.set(digest, verification)
      return verification
    },
  }
}

/** The digest, not the token: what stays in memory for long cannot be replayed. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}
