import { failureOf, LoginError, type TokenExchange } from './exchange.ts'
import type { LoginFailure, Session } from './session.ts'
import { type HeldToken, type SessionStore, signInAgain } from './session-store.ts'

/** A token is renewed this long before it expires, or for the last part of a short life. */
const margin = { ms: 60_000, share: 0.2 } as const
/** A token that the API refuses although it is younger than this, and not about to expire, would be refused after each renewal. */
const youngMs = 10_000

const notAccepted: LoginFailure = {
  code: 'not-accepted',
  message:
    'This server does not accept the token of the identity provider. Its log has the reason; tell the operator.',
}

/** Keeps the token of a session valid. */
export interface Renewal extends Pick<Session, 'token' | 'renewAfterUnauthenticated'> {
  /** Runs a step that uses the session of all tabs: one tab at a time, since a refresh token may be used once. */
  alone<T>(run: () => Promise<T>): Promise<T>
  /** Tries again after an outage, until it succeeds, fails for another reason, or is not needed any more. */
  retryLater(failure: LoginFailure, run: () => Promise<unknown>): void
}

/** Builds the renewal of a session. */
export function createRenewal(store: SessionStore, exchange: TokenExchange): Renewal {
  let renewing: Promise<HeldToken> | null = null

  function alone<T>(run: () => Promise<T>): Promise<T> {
    return exchange.isShared ? navigator.locks.request('keystead-session', run) : run()
  }

  async function renewNow(): Promise<HeldToken> {
    const grant = await alone(() => exchange.renew())
    if (grant === null) throw signInAgain('The session has ended. Sign in again.')
    // Meanwhile, in this or another tab.
    if (store.state.kind === 'signedOut') throw signInAgain('You have signed out.')
    return store.accept(grant)
  }

  function renew(): Promise<HeldToken> {
    renewing ??= renewNow().finally(() => {
      renewing = null
    })
    return renewing
  }

  /** Renews. A session that cannot be renewed has expired; while the provider is down, it lasts as long as its token. */
  async function renewOrExpire(): Promise<string> {
    const before = store.held
    try {
      return (await renew()).token
    } catch (error) {
      const failure = failureOf(error)
      const isOutage = failure.code === 'unavailable'
      // Somebody has signed in meanwhile, in a window of its own.
      if (store.held !== null && store.held !== before) return store.held.token
      if (isOutage && store.held !== null && Date.now() < store.held.expiresAtMs) return store.held.token
      if (store.state.kind === 'signedOut') throw error
      // Requests that have waited together come here one after the other.
      if (store.held !== null || store.state.kind !== 'expired') {
        store.expire(isOutage ? failure : null)
        if (isOutage) retryLater(failure, renew)
      }
      return store.untilSignedIn()
    }
  }

  function retryLater({ retryAfterSeconds = 5 }: LoginFailure, run: () => Promise<unknown>): void {
    setTimeout(() => {
      if (store.held !== null || store.state.kind === 'signedOut') return
      run().catch((error: unknown) => {
        const failure = failureOf(error)
        if (failure.code === 'unavailable') {
          store.fail(failure)
          retryLater(failure, run)
        } else if (store.state.kind === 'expired') store.expire()
        else store.fail(failure)
      })
    }, retryAfterSeconds * 1000)
  }

  async function replace({ isRenewable }: HeldToken): Promise<string> {
    if (isRenewable) return renewOrExpire()
    store.expire()
    return store.untilSignedIn()
  }

  /** True from some time before a token expires: it may do so on its way to the API. */
  function isEnding({ expiresAtMs, receivedAtMs, isRenewable }: HeldToken): boolean {
    const marginMs = isRenewable ? Math.min(margin.ms, (expiresAtMs - receivedAtMs) * margin.share) : 0
    return Date.now() >= expiresAtMs - marginMs
  }

  return {
    alone,
    retryLater,
    async token() {
      const { held } = store
      if (held === null) {
        if (store.state.kind === 'signedOut') throw signInAgain('Nobody is signed in.')
        return store.untilSignedIn()
      }
      return isEnding(held) ? replace(held) : held.token
    },
    async renewAfterUnauthenticated(refusedToken) {
      const { held } = store
      if (held === null) return store.untilSignedIn()
      if (held.token !== refusedToken) return held.token
      if (isEnding(held) || Date.now() - held.receivedAtMs >= youngMs) return replace(held)
      store.fail(notAccepted)
      throw new LoginError(notAccepted)
    },
  }
}
