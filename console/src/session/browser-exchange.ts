import * as oauth from 'oauth4webapi'
import { type Grant, LoginError, type TokenExchange } from './exchange.ts'
import type { OidcSettings } from './settings.ts'

/** Addresses of the provider, and its other properties. */
interface Provider {
  readonly server: oauth.AuthorizationServer
  readonly authorizationEndpoint: string
}

/** Builds the exchange in the browser. The refresh token is in memory, so that it does not survive a reload. */
export function createBrowserExchange(settings: OidcSettings): TokenExchange {
  const { issuer, clientId, token: tokenKind } = settings
  const client: oauth.Client = { client_id: clientId }
  const resources = settings.parameters.filter(([name]) => name === 'resource').map(([...pair]) => pair)
  const options = {
    signal: () => AbortSignal.timeout(10_000),
    additionalParameters: new URLSearchParams(resources),
    [oauth.allowInsecureRequests]: issuer.startsWith('http:'),
  }
  let provider: Promise<Provider> | null = null
  let kept: { readonly refreshToken: string; readonly grant: Grant } | null = null

  async function discover(): Promise<Provider> {
    const url = new URL(issuer)
    const server = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options))
    const { authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint } = server
    if (server.issuer !== issuer || !authorizationEndpoint || !tokenEndpoint) {
      throw refused('The identity provider has another name, or lacks addresses. Check CONSOLE_OIDC_ISSUER.')
    }
    if (new URL(tokenEndpoint).origin !== url.origin) {
      throw refused(
        'The token endpoint of the identity provider is at another host than its issuer, which the policy of this page does not allow. Set CONSOLE_OIDC_EXCHANGE=server.',
      )
    }
    return { server, authorizationEndpoint }
  }

  function find(): Promise<Provider> {
    const found = provider ?? discover()
    provider = found
    found.catch(() => {
      if (provider === found) provider = null
    })
    return found
  }

  function keep(response: oauth.TokenEndpointResponse): Grant {
    const claims = oauth.getValidatedIdTokenClaims(response)
    const before = kept?.grant
    if (before !== undefined && claims !== undefined && claims.sub !== before.subject) {
      throw refused('The identity provider has renewed the session of somebody else. Sign in again.')
    }
    const token = response[tokenKind]
    if (token === undefined) throw refused('The identity provider gives no new ID token. Sign in again.')
    const subject = claims?.sub ?? before?.subject ?? ''
    const refreshToken = response.refresh_token ?? kept?.refreshToken ?? null
    const grant = {
      token,
      expiresInSeconds: lifetimeOf(response, claims, tokenKind),
      subject,
      name: nameIn(claims) ?? before?.name ?? subject,
      isRenewable: refreshToken !== null,
    }
    kept = refreshToken === null ? null : { refreshToken, grant }
    return grant
  }

  return {
    isShared: false,
    pages: () =>
      told(async () => {
        const { server, authorizationEndpoint } = await find()
        return { authorizationEndpoint, endSessionEndpoint: server.end_session_endpoint ?? null }
      }),
    redeem: (reply, { state, nonce, codeVerifier }) =>
      told(async () => {
        const { server } = await find()
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          oauth.None(),
          oauth.validateAuthResponse(server, client, reply, state),
          `${settings.url}${settings.callbackPath}`,
          codeVerifier,
          options,
        )
        const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        })
        // Another person may have signed in.
        kept = null
        return keep(answer)
      }),
    renew: () =>
      told(async () => {
        if (kept === null) return null
        const { server } = await find()
        const { refreshToken } = kept
        const response = await oauth.refreshTokenGrantRequest(
          server,
          client,
          oauth.None(),
          refreshToken,
          options,
        )
        return keep(await oauth.processRefreshTokenResponse(server, client, response))
      }),
    async end() {
      const ended = kept
      kept = null
      if (ended === null) return
      const { server } = await find()
      if (server.revocation_endpoint === undefined) return
      // Many providers do not allow pages to revoke. The token is forgotten all the same.
      await oauth
        .revocationRequest(server, client, oauth.None(), ended.refreshToken, {
          ...options,
          additionalParameters: { token_type_hint: 'refresh_token' },
        })
        .catch(() => undefined)
    },
  }
}

/** Runs a step. What the library throws becomes an error for the page; a failed connection stays as it is. */
async function told<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) {
      throw refused(`The identity provider refused: ${error.error}. Sign in again.`)
    }
    const isOutage = (error as { cause?: unknown }).cause instanceof Response && statusOf(error) >= 500
    if (isOutage || error instanceof LoginError || !isOfLibrary(error)) throw error
    throw refused(`The answer of the identity provider was not accepted: ${error.message}.`)
  }
}

function statusOf(error: unknown): number {
  return (error as { cause: Response }).cause.status
}

function isOfLibrary(error: unknown): error is Error {
  return (
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.UnsupportedOperationError ||
    error instanceof oauth.AuthorizationResponseError ||
    error instanceof oauth.WWWAuthenticateChallengeError
  )
}

function refused(message: string): LoginError {
  return new LoginError({ code: 'refused', message })
}

function nameIn(claims: oauth.IDToken | undefined): string | null {
  const names = [claims?.['name'], claims?.['preferred_username'], claims?.['email']]
  const name = names.find((each) => typeof each === 'string' && each.trim() !== '')
  return typeof name === 'string' ? name : null
}

function lifetimeOf(
  { expires_in: seconds }: oauth.TokenEndpointResponse,
  claims: oauth.IDToken | undefined,
  tokenKind: OidcSettings['token'],
): number {
  const exp = tokenKind === 'id_token' && claims !== undefined ? claims.exp - Date.now() / 1000 : null
  return exp ?? seconds ?? 300
}
