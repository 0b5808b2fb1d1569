import { hash } from 'node:crypto'
import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import { KeysteadError } from '../errors.ts'
import { discover, isEndpoint, noDiscovery } from './discovery.ts'
import { UnauthenticatedError } from './errors.ts'
import { fetchLimited } from './fetch-text.ts'
import { BadAnswerError, type FetchTrouble, fetchTroubleOf } from './fetch-trouble.ts'
import { failurePauseMs } from './key-lookup.ts'
import { createRenewals, type Grant, type Renewals } from './renewals.ts'

/** The client of the console at its provider. */
export interface LoginClient {
  readonly issuer: string
  /** Addresses of the discovery document; the first that answers counts. */
  readonly discoveryUrls: readonly string[]
  /** File with the certificate authorities to trust instead of the usual ones. */
  readonly caFile: string | null
  readonly clientId: string
  /** Null for a public client. */
  readonly clientSecret: string | null
  readonly redirectUri: string
  readonly parameters: readonly (readonly [name: string, value: string])[]
  /** Token that is sent to the API. */
  readonly token: 'access_token' | 'id_token'
}

/** Limits on the use of what the provider says, and callbacks. */
export interface LoginProviderOptions {
  /** Renewals that other processes have a part in; those of this process if not given. */
  readonly renewals?: Renewals
  /** How long the discovery document is used before it is fetched again. */
  readonly lifetimeMs: number
  readonly clockToleranceSeconds: number
  /** Called when a request to the provider has failed, or the provider has refused the client. */
  readonly onFailure: (trouble: FetchTrouble) => void
}

/** Addresses of the provider that browsers are sent to. */
export interface ProviderPages {
  readonly authorizationEndpoint: string
  readonly endSessionEndpoint: string | null
}

/** What the provider has sent back to the callback, and what the browser kept of the request. */
export interface LoginReply {
  readonly code: string
  /** The issuer that the answer names (RFC 9207). */
  readonly iss: string | null
  readonly codeVerifier: string
  readonly nonce: string
}

/** A session that can be renewed. */
export interface KeptSession {
  readonly refreshToken: string
  readonly subject: string
  readonly name: string
}

/** The provider that people log in to the console at. */
export interface LoginProvider {
  pages(): Promise<ProviderPages>
  /**
   * Redeems a code.
   *
   * @throws UnauthenticatedError if it is refused, LoginUnavailableError if the provider cannot be used now
   */
  redeem(reply: LoginReply): Promise<Grant>
  /** Renews a session, once for all tabs that ask at about the same time. Throws as `redeem` does. */
  renew(session: KeptSession): Promise<Grant>
  /** Revokes the refresh token of a session, if the provider has an endpoint for it. Never rejects. */
  revoke(refreshToken: string): Promise<void>
}

/** The provider cannot be used now. The message is for the person; the operator finds the reason in the log. */
export class LoginUnavailableError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
  /** Absent where a retry cannot succeed before the operator has corrected something. */
  readonly retryAfterSeconds?: number
  constructor(message: string, retryAfterSeconds?: number) {
    super(message)
    if (retryAfterSeconds !== undefined) this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Timeout of a request to the provider, in milliseconds. */
const requestTimeoutMs = 5000
/** Timeout of the discovery document, so that a request can follow within the timeout of ours. */
const discoveryTimeoutMs = 2000
/** When to try again after the provider did not answer, in seconds. */
const retryAfterSeconds = { usual: 5, max: 120 } as const
/** Lifetime of a token whose provider tells none, in seconds. */
const lifetimeSecondsDefault = 300
/** The part of the discovery document that is used. */
interface Provider extends ProviderPages {
  readonly server: oauth.AuthorizationServer
}

/** Builds the provider. Nothing is fetched before it is needed. */
export function createLoginProvider(client: LoginClient, options: LoginProviderOptions): LoginProvider {
  const { issuer, clientSecret, caFile, redirectUri, token: tokenKind } = client
  const { onFailure } = options
  const oauthClient: oauth.Client = {
    client_id: client.clientId,
    [oauth.clockTolerance]: options.clockToleranceSeconds,
  }
  const resources = client.parameters.filter(([name]) => name === 'resource').map(([...pair]) => pair)
  const discovery = createDiscovery(client, options)
  const renewals = options.renewals ?? createRenewals()
  /** Renewals under way in this process: who waits gets their errors, too. */
  const pending = new Map<string, Promise<Grant>>()

  const requestOptions = {
    signal: () => AbortSignal.timeout(requestTimeoutMs),
    additionalParameters: new URLSearchParams(resources),
    // The issuer decides: its addresses are checked with the discovery document.
    [oauth.allowInsecureRequests]: new URL(issuer).protocol === 'http:',
    [oauth.customFetch]: (
      url: string,
      { method, headers, body, signal }: oauth.CustomFetchOptions<'POST', URLSearchParams>,
    ) =>
      fetchLimited(
        url,
        {
          method,
          headers: new Headers(headers),
          body: String(body),
          signal: signal ?? AbortSignal.timeout(requestTimeoutMs),
        },
        caFile,
      ),
  }

  function authenticationAt({ token_endpoint_auth_methods_supported: methods }: oauth.AuthorizationServer) {
    if (clientSecret === null) return oauth.None()
    const isBasic = methods === undefined || methods.includes('client_secret_basic')
    return isBasic ? oauth.ClientSecretBasic(clientSecret) : oauth.ClientSecretPost(clientSecret)
  }

  /** Asks the token endpoint. What it refuses becomes an error of ours; secrets in its texts are cut out. */
  async function ask<T>(
    secrets: readonly string[],
    send: (server: oauth.AuthorizationServer, authentication: oauth.ClientAuth) => Promise<T>,
  ): Promise<T> {
    const { server } = await discovery.find()
    try {
      return await send(server, authenticationAt(server))
    } catch (error) {
      const loggable = (text: string) => without([...secrets, clientSecret ?? ''], text)
      const failure = failureOf(error, server.token_endpoint ?? issuer, loggable)
      if (failure.trouble !== null) {
        onFailure({ ...failure.trouble, text: loggable(failure.trouble.text) })
      }
      const { error: told } = failure
      if (!(told instanceof UnauthenticatedError)) throw told
      const reason = loggable(told.refusal.reason)
      throw new UnauthenticatedError(told.message, { challenge: told.challenge, reason })
    }
  }

  function grantOf(response: oauth.TokenEndpointResponse, kept: KeptSession | null): Grant {
    const claims = oauth.getValidatedIdTokenClaims(response)
    // OpenID Connect Core §12.2: a renewed ID token is for the same person.
    if (kept !== null && claims !== undefined && claims.sub !== kept.subject) {
      throw refused('the renewed ID token is for another subject')
    }
    const token = response[tokenKind]
    if (token === undefined) throw refused('the provider answered without a new ID token')
    const subject = claims?.sub ?? kept?.subject ?? ''
    return {
      token,
      expiresInSeconds: lifetimeOf(response, tokenKind),
      subject,
      name: (claims && nameIn(claims)) ?? kept?.name ?? subject,
      refreshToken: response.refresh_token ?? kept?.refreshToken ?? null,
    }
  }

  async function renewOnce(kept: KeptSession): Promise<Grant> {
    const { refreshToken } = kept
    return ask([refreshToken], async (server, authentication) => {
      const response = await oauth.refreshTokenGrantRequest(
        server,
        oauthClient,
        authentication,
        refreshToken,
        requestOptions,
      )
      return grantOf(await oauth.processRefreshTokenResponse(server, oauthClient, response), kept)
    })
  }

  /** What a refresh token was renewed to: the browser may not have received it. */
  async function newestOf(refreshToken: string): Promise<string> {
    const name = nameOf(refreshToken)
    const grant = (await pending.get(name)?.catch(() => null)) ?? (await renewals.find(name))
    return grant?.refreshToken ?? refreshToken
  }

  return {
    async pages() {
      const { authorizationEndpoint, endSessionEndpoint } = await discovery.find()
      return { authorizationEndpoint, endSessionEndpoint }
    },
    redeem({ code, iss, codeVerifier, nonce }) {
      return ask([code, codeVerifier], async (server, authentication) => {
        const parameters = new URLSearchParams({ code, ...(iss !== null && { iss }) })
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          oauthClient,
          authentication,
          // The browser has compared the state; it is bound to it, and not to this server.
          oauth.validateAuthResponse(server, oauthClient, parameters, oauth.expectNoState),
          redirectUri,
          codeVerifier,
          requestOptions,
        )
        const answer = await oauth.processAuthorizationCodeResponse(server, oauthClient, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        })
        return grantOf(answer, null)
      })
    },
    async renew(kept) {
      const name = nameOf(kept.refreshToken)
      const begun = pending.get(name)
      if (begun !== undefined) return begun
      const renewal = renewals.share(name, () => renewOnce(kept)).finally(() => pending.delete(name))
      pending.set(name, renewal)
      return renewal
    },
    async revoke(given) {
      const refreshToken = await newestOf(given)
      await renewals.forget(refreshToken)
      try {
        const { server } = await discovery.find()
        if (server.revocation_endpoint === undefined) return
        await ask([refreshToken], async (_server, authentication) => {
          const additionalParameters = { token_type_hint: 'refresh_token' }
          const response = await oauth.revocationRequest(server, oauthClient, authentication, refreshToken, {
            ...requestOptions,
            additionalParameters,
          })
          await oauth.processRevocationResponse(response)
        })
      } catch {
        // It was reported. The browser forgets its session all the same.
      }
    },
  }
}

/** Fetches the discovery document, and keeps it. If it cannot be fetched again, the last one counts. */
function createDiscovery(
  { issuer, discoveryUrls, caFile }: LoginClient,
  { lifetimeMs, onFailure }: LoginProviderOptions,
): { find(): Promise<Provider> } {
  let last: Provider | null = null
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let failedAtMs = Number.NEGATIVE_INFINITY
  let pending: Promise<Provider> | null = null

  async function fetchProvider(): Promise<Provider> {
    // For a while after a failure, requests fail at once instead of waiting for the timeout.
    if (performance.now() - failedAtMs < failurePauseMs) return last ?? Promise.reject(unavailable())
    try {
      last = await discover(
        { issuer, urls: discoveryUrls },
        {
          method: 'GET',
          redirect: 'manual',
          headers: new Headers(),
          signal: AbortSignal.timeout(discoveryTimeoutMs),
        },
        { caFile, bearerTokenFile: null },
        readProvider,
      )
      fetchedAtMs = performance.now()
      return last
    } catch (error) {
      failedAtMs = performance.now()
      onFailure(fetchTroubleOf(error, discoveryUrls[0] ?? issuer))
      if (last !== null) return last
      throw unavailable()
    }
  }

  return {
    async find() {
      if (last !== null && performance.now() - fetchedAtMs < lifetimeMs) return last
      pending ??= fetchProvider().finally(() => {
        pending = null
      })
      return pending
    },
  }
}

function readProvider(document: Readonly<Record<string, unknown>>, url: string): Provider {
  const endpoint = (name: string) => {
    const address = document[name]
    return typeof address === 'string' && isEndpoint(address, url) ? address : undefined
  }
  const authorizationEndpoint = endpoint('authorization_endpoint')
  const tokenEndpoint = endpoint('token_endpoint')
  if (authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    throw noDiscovery('"issuer", "authorization_endpoint" and "token_endpoint", which must be https URLs')
  }
  const { revocation_endpoint: _unchecked, ...rest } = document
  const revocationEndpoint = endpoint('revocation_endpoint')
  return {
    authorizationEndpoint,
    endSessionEndpoint: endpoint('end_session_endpoint') ?? null,
    server: {
      ...(rest as Record<string, never>),
      issuer: String(document['issuer']),
      token_endpoint: tokenEndpoint,
      ...(revocationEndpoint !== undefined && { revocation_endpoint: revocationEndpoint }),
    },
  }
}

/** Name of a refresh token, of which it cannot be told. */
function nameOf(refreshToken: string): string {
  return hash('sha256', refreshToken, 'base64')
}

/** Name of a person in the claims of an ID token. */
function nameIn(claims: oauth.IDToken): string | null {
  for (const claim of ['name', 'preferred_username', 'email']) {
    const value = claims[claim]
    if (typeof value === 'string' && value.trim() !== '') return value.slice(0, 200)
  }
  return null
}

function lifetimeOf(response: oauth.TokenEndpointResponse, tokenKind: LoginClient['token']): number {
  if (tokenKind === 'access_token' && response.expires_in !== undefined) return response.expires_in
  const exp = expiryOf(response[tokenKind] ?? '')
  return exp === null ? lifetimeSecondsDefault : Math.max(0, Math.floor(exp - Date.now() / 1000))
}

function expiryOf(token: string): number | null {
  try {
    return decodeJwt(token).exp ?? null
  } catch {
    return null
  }
}

function unavailable(after: number = retryAfterSeconds.usual): LoginUnavailableError {
  return new LoginUnavailableError(
    `The identity provider cannot be reached. Try again in ${after} seconds; the log of this server has the reason.`,
    after,
  )
}

/** Error for an answer of the provider that was not accepted, or that refuses. The reason is for the log. */
function refused(
  reason: string,
  message = 'The answer of the identity provider was not accepted. The log of this server has the reason. Sign in again.',
) {
  return new UnauthenticatedError(message, { challenge: 'Bearer realm="keystead"', reason })
}

/** Errors of RFC 6749 §5.2 that the person or a new login can do something about; others are mistakes of the operator. */
const errorsOfLogin = [
  'invalid_grant',
  'access_denied',
  'interaction_required',
  'login_required',
  'consent_required',
]

/** What is told about an error, and what is reported to the operator; null for what only concerns one login. */
function failureOf(
  error: unknown,
  url: string,
  loggable: (text: string) => string,
): { readonly error: unknown; readonly trouble: FetchTrouble | null } {
  const trouble = (code: string, text: string) => fetchTroubleOf(new BadAnswerError(code, text), url)
  if (error instanceof KeysteadError) return { error, trouble: null }
  if (error instanceof oauth.ResponseBodyError) {
    const { error: code, error_description: description = '' } = error
    // Cut off last: a part of a secret would not be found.
    const reason = `the provider answers ${codeIn(code)}: ${loggable(description).slice(0, 300)}`
    if (errorsOfLogin.includes(code)) {
      return {
        error: refused(reason, `The identity provider refused: ${code}. Sign in again.`),
        trouble: null,
      }
    }
    if (error.status === 429) return outage(trouble('HTTP_429', reason), error.response)
    return mistake(
      trouble(
        'PROVIDER_REFUSES',
        `${reason}. Compare the settings CONSOLE_OIDC_* with the client at the provider.`,
      ),
    )
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return mistake(
      trouble(
        'PROVIDER_REFUSES',
        'The provider refuses the client. Check CONSOLE_OIDC_CLIENT_ID and its secret.',
      ),
    )
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
    const { cause } = error
    if (cause instanceof Response) {
      const found = trouble(`HTTP_${cause.status}`, `The token endpoint answers with status ${cause.status}.`)
      return cause.status >= 500 || cause.status === 429 ? outage(found, cause) : mistake(found)
    }
    return { error: refused(`the answer of the provider is not valid: ${error.message}`), trouble: null }
  }
  return { error: unavailable(), trouble: fetchTroubleOf(error, url) }
}

function mistake(trouble: FetchTrouble): { readonly error: unknown; readonly trouble: FetchTrouble } {
  const message =
    'The identity provider does not accept the requests of this server. Tell the operator: the log has the reason.'
  return { error: new LoginUnavailableError(message), trouble }
}

function outage(
  trouble: FetchTrouble,
  { headers }: Response,
): { readonly error: unknown; readonly trouble: FetchTrouble } {
  const asked = Number(headers.get('retry-after') ?? Number.NaN)
  const after = asked > 0 ? Math.min(Math.ceil(asked), retryAfterSeconds.max) : retryAfterSeconds.usual
  return { error: unavailable(after), trouble }
}

/** An error code as RFC 6749 writes it; a provider may send anything. */
function codeIn(code: string): string {
  return /^[a-z_]{1,64}$/.test(code) ? code : 'an unknown error'
}

/** A text of the provider without secrets that were sent to it, and in one line. */
function without(secrets: readonly string[], text: string): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '[not logged]'), text)
    .replace(/\p{Cc}+/gu, ' ')
}
