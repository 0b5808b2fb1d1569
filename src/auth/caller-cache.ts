import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { Caller } from '../keys/rules/caller.ts'

/** Most tokens in the cache. */
const tokensMax = 10_000

/** Cache of verified tokens, so that a signature is not checked with each request. */
export interface CallerCache {
  /** The caller of a token: cached, or verified now. Failures are not cached. */
  get(token: string, verify: () => Promise<Caller>): Promise<Caller>
  /** The caller of a cached token; null for other tokens. */
  find(token: string): Caller | null
}

interface Entry {
  readonly caller: Caller
  readonly verifiedAtMs: number
}

/** Builds the cache. `lifetimeMs` bounds how long a token counts after its issuer has withdrawn the signing key. */
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
  // Separate from the verified ones, so that a flood of bad tokens cannot evict these.
  const pendingVerifications = new Map<string, Promise<Caller>>()

  function isGood({ caller, verifiedAtMs }: Entry): boolean {
    const nowMs = clock.now().getTime()
    const ageMs = nowMs - verifiedAtMs
    // A clock that is set back must not extend the lifetime.
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
      const pending = pendingVerifications.get(digest)
      if (pending !== undefined) return pending
      const verification = verifyAndRemember(digest, verify).finally(() =>
        pendingVerifications.delete(digest),
      )
      pendingVerifications.set(digest, verification)
      return verification
    },
  }
}

/** Digest of a token. A token in memory could be replayed. */
function digestOf(token: string): string {
  return hash('sha256', token, 'base64')
}
