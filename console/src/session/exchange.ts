import type { LoginFailure } from './session.ts'

/** Pages of the provider. */
export interface ProviderPages {
  readonly authorizationEndpoint: string
  readonly endSessionEndpoint: string | null
}

/** A login, or its renewal. */
export interface Grant {
  readonly token: string
  readonly expiresInSeconds: number
  readonly subject: string
  readonly name: string
  readonly isRenewable: boolean
}

/** Exchanges codes and refresh tokens for tokens: with the help of the server, or in the browser. */
export interface TokenExchange {
  /** True if all tabs of the browser share one session. */
  readonly isShared: boolean
  pages(): Promise<ProviderPages>
  /** @param reply what the provider has sent, whose state was compared */
  redeem(
    reply: URLSearchParams,
    pending: { readonly state: string; readonly nonce: string; readonly codeVerifier: string },
  ): Promise<Grant>
  /** Null if there is nothing to renew. */
  renew(): Promise<Grant | null>
  /** Ends the session, and revokes its refresh token where the provider can. */
  end(): Promise<void>
}

/** A login or renewal has failed. */
export class LoginError extends Error {
  readonly failure: LoginFailure
  constructor(failure: LoginFailure) {
    super(failure.message)
    this.failure = failure
  }
}

/** Why something has failed; for unknown errors, that the other side cannot be reached. */
export function failureOf(error: unknown): LoginFailure {
  if (error instanceof LoginError) return error.failure
  return {
    code: 'unavailable',
    message: 'There is no connection to the server or the identity provider. Trying again.',
    retryAfterSeconds: 5,
  }
}
