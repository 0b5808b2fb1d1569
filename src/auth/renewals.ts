import { LRUCache } from 'lru-cache'

/** A login, or its renewal. */
export interface Grant {
  /** For the API. */
  readonly token: string
  readonly expiresInSeconds: number
  readonly subject: string
  /** Name to show; the subject if the provider tells none. */
  readonly name: string
  /** Null if the session cannot be renewed. */
  readonly refreshToken: string | null
}

/**
 * Renewals of the last seconds, by the digest of the refresh token. The processes of one server share them: a tab may have
 * sent the old refresh token while another one was renewing it, or may not have received the answer. With rotation, the
 * second use of a token would end the session.
 */
export interface Renewals {
  /** The grant of a renewal under this name, or of `renew` if there was none. */
  share(name: string, renew: () => Promise<Grant>): Promise<Grant>
  /** The grant of a renewal that is done. */
  find(name: string): Promise<Grant | null>
  /** Forgets the grants with this refresh token. */
  forget(refreshToken: string): Promise<void>
}

/** How long a renewal is answered again, in milliseconds, and how many are kept. */
const renewed = { ttl: 30_000, max: 1000 } as const

/** Grants of the last renewals. */
export interface RenewedGrants {
  get(name: string): Grant | null
  set(name: string, grant: Grant): void
  forget(refreshToken: string): void
}

/** Keeps the grants of renewals for a while. Each is given with what is left of the life of its token by then. */
export function createRenewedGrants(): RenewedGrants {
  const grants = new LRUCache<string, { readonly grant: Grant; readonly atMs: number }>(renewed)
  return {
    get(name) {
      const kept = grants.get(name)
      if (kept === undefined) return null
      const { grant, atMs } = kept
      const secondsLeft = Math.floor(grant.expiresInSeconds - (performance.now() - atMs) / 1000)
      return { ...grant, expiresInSeconds: Math.max(0, secondsLeft) }
    },
    set: (name, grant) => void grants.set(name, { grant, atMs: performance.now() }),
    forget(refreshToken) {
      for (const [name, { grant }] of grants) if (grant.refreshToken === refreshToken) grants.delete(name)
    },
  }
}

/** Renewals of one process. */
export function createRenewals(): Renewals {
  const grants = createRenewedGrants()
  return {
    async share(name, renew) {
      const done = grants.get(name)
      if (done !== null) return done
      const grant = await renew()
      grants.set(name, grant)
      return grant
    },
    find: async (name) => grants.get(name),
    forget: async (refreshToken) => grants.forget(refreshToken),
  }
}
