import { type Grant, LoginError } from './exchange.ts'
import { markSignedIn } from './pending-login.ts'
import type { LoginFailure, SessionState } from './session.ts'

/** A token, and when it expires. */
export interface HeldToken extends Grant {
  readonly receivedAtMs: number
  readonly expiresAtMs: number
}

/** State and token of a session. Every change of them is made here. */
export interface SessionStore {
  readonly state: SessionState
  readonly held: HeldToken | null
  subscribe(onChange: () => void): () => void
  /** Takes a token, and lets waiting requests go on if it is of the same person. */
  accept(grant: Grant): HeldToken
  beginSignIn(): void
  /** The token is gone. The page of somebody who was signed in stays. */
  expire(failure?: LoginFailure | null): void
  /** Tells a failure: beside the page of somebody whose session has expired, else in its place. */
  fail(reason: LoginFailure): void
  becomeSignedOut(): void
  /** Resolves to a token once the same person has signed in again. */
  untilSignedIn(): Promise<string>
}

/** Longest time of a timer, in milliseconds. Longer ones end at once. */
const timerMsMax = 2 ** 31 - 1

/** Builds the store of a page. It is lost with the page. */
export function createSessionStore(): SessionStore {
  const listeners = new Set<() => void>()
  let state: SessionState = { kind: 'signingIn' }
  let held: HeldToken | null = null
  let waiting: PromiseWithResolvers<string> | null = null
  let expiryTimer: ReturnType<typeof setTimeout> | undefined

  function setState(next: SessionState): void {
    state = next
    for (const tell of listeners) tell()
  }

  function drop(): void {
    held = null
    clearTimeout(expiryTimer)
  }

  function stopWaiting(message: string): void {
    waiting?.reject(signInAgain(message))
    waiting = null
  }

  function expire(failure: LoginFailure | null = null): void {
    drop()
    if (state.kind !== 'signedIn' && state.kind !== 'expired') return
    const { name, subject } = state
    setState({ kind: 'expired', name, subject, failure })
  }

  return {
    get state() {
      return state
    },
    get held() {
      return held
    },
    subscribe(onChange) {
      listeners.add(onChange)
      return () => listeners.delete(onChange)
    },
    accept(grant) {
      const { name, subject, token, expiresInSeconds, isRenewable } = grant
      const before = state.kind === 'expired' || state.kind === 'signedIn' ? state : null
      // What was begun as one person must not go on as another.
      if (before !== null && before.subject !== subject) stopWaiting('Somebody else has signed in.')
      drop()
      const nowMs = Date.now()
      held = { ...grant, receivedAtMs: nowMs, expiresAtMs: nowMs + expiresInSeconds * 1000 }
      // Nobody renews it, so that nobody would notice.
      if (!isRenewable)
        expiryTimer = setTimeout(() => expire(), Math.min(expiresInSeconds * 1000, timerMsMax))
      markSignedIn(true)
      waiting?.resolve(token)
      waiting = null
      const isSame = state.kind === 'signedIn' && state.subject === subject && state.name === name
      if (!isSame) setState({ kind: 'signedIn', name, subject })
      return held
    },
    beginSignIn: () => setState({ kind: 'signingIn' }),
    expire,
    fail(reason) {
      if (state.kind === 'expired') {
        setState({ ...state, failure: reason })
        return
      }
      drop()
      setState({ kind: 'failed', reason })
    },
    becomeSignedOut() {
      drop()
      markSignedIn(false)
      stopWaiting('You have signed out.')
      setState({ kind: 'signedOut' })
    },
    untilSignedIn() {
      waiting ??= Promise.withResolvers()
      return waiting.promise
    },
  }
}

/** Error for a request that nobody is signed in for. */
export function signInAgain(message: string): LoginError {
  return new LoginError({ code: 'refused', message })
}
