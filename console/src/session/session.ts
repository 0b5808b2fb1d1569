/** Why somebody is not signed in, for the page to translate. `message` is in English, and says what to do. */
export interface LoginFailure {
  readonly code:
    | 'refused'
    /** It is tried again after `retryAfterSeconds`; without, when somebody asks for it. */
    | 'unavailable'
    /** The API refuses the provider's tokens, also new ones. */
    | 'not-accepted'
    /** The answer belongs to no login of this page, as after Back, or to one that somebody else has started. */
    | 'not-started-here'
    /** This window was opened to sign in. It is done, and the browser does not let the page close it. */
    | 'close-window'
    | 'pop-up-blocked'
    /** The server did not confirm the sign-out: reloading the page may sign in again. */
    | 'sign-out-incomplete'
  readonly message: string
  readonly retryAfterSeconds?: number
}

/** Where a session stands. */
export type SessionState =
  | { readonly kind: 'signedOut' }
  | { readonly kind: 'signingIn' }
  | { readonly kind: 'signedIn'; readonly name: string; readonly subject: string }
  /** The page stays as it is. Requests wait until the same person has signed in again. */
  | {
      readonly kind: 'expired'
      readonly name: string
      readonly subject: string
      readonly failure: LoginFailure | null
    }
  | { readonly kind: 'failed'; readonly reason: LoginFailure }

/** How to sign in. */
export interface SignInOptions {
  /** Path of the page to come back to; the present one if not given. */
  readonly returnTo?: string
  /** Signs in in a window of its own, so that this page keeps what was typed. Call it while a click is handled. */
  readonly popup?: boolean
}

/** Who uses the console. Tokens are in memory only. */
export interface Session {
  /** A new object with each change, for `useSyncExternalStore`. With another subject, nothing of the page may stay. */
  readonly state: SessionState
  subscribe(onChange: () => void): () => void
  /** A token for the API, renewed in time. Waits while the session has expired; rejects if nobody is signed in. */
  token(): Promise<string>
  /** Another token, after the API has answered 401 to this one. */
  renewAfterUnauthenticated(refusedToken: string): Promise<string>
  signIn(options?: SignInOptions): Promise<void>
  /** Host of the provider, if it has a page that ends its own session; null otherwise. */
  providerToSignOutAt(): Promise<string | null>
  /** Ends the session here, and with `atProvider` also goes to the page on which the provider ends its own. */
  signOut(options?: { readonly atProvider?: boolean }): Promise<void>
  /** The personas of development mode; null with a login. */
  readonly development: Development | null
}

/** The choice of a persona in development mode. */
export interface Development {
  readonly personas: readonly string[]
  choose(persona: string): void
}
