import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import * as oauth from 'oauth4webapi'
import { CommandError } from '../command-line/command.ts'
import { systemTroubleOf } from '../system-errors.ts'
import type { ProviderSource } from './saved-logins.ts'
import { shown } from './shown-text.ts'

/** A client without a secret (RFC 8252) at an OpenID provider, and what it asks for. */
export interface LoginRequest {
  readonly issuer: string
  readonly clientId: string
  readonly scopes: string
  /** Further parameters of the authorization request. */
  readonly parameters: readonly (readonly [name: string, value: string])[]
  readonly tokenKind: ProviderSource['tokenKind']
}

/** What a login gave. */
export interface GivenTokens {
  readonly token: string
  readonly expiresAt: string | null
  readonly source: ProviderSource
}

/** What the person is told on the way. */
export interface LoginTexts {
  /** The address to open, and the code to type in there; null for a login that needs none. */
  showAddress(address: string, code: string | null): Promise<void>
}

/** Settings of the login with a browser on this machine. */
export interface BrowserLogin extends LoginTexts {
  /** Port that the browser is sent back to; 0 for any. */
  readonly port: number
  readonly signal: AbortSignal
}

const requestTimeoutMs = 10_000
/** How long the person may take. */
const loginTimeoutMs = 10 * 60_000
const pollSeconds = { usual: 5, more: 5 } as const
const clockToleranceSeconds = 60
const callbackPath = '/callback'

/** Logs a person in with a browser on this machine: code with PKCE, sent back to a port of the loopback (RFC 8252 §7.3). */
export async function logInWithBrowser(request: LoginRequest, login: BrowserLogin): Promise<GivenTokens> {
  const { showAddress, signal } = login
  const provider = await openProvider(request, signal)
  const { server, client } = provider
  const endpoint = pageOf(server.authorization_endpoint, server, 'authorization_endpoint')
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  const listener = await listenForCode(state, login)
  try {
    for (const [name, value] of request.parameters) endpoint.searchParams.append(name, value)
    const own = {
      client_id: request.clientId,
      response_type: 'code',
      redirect_uri: listener.redirectUri,
      scope: request.scopes,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }
    for (const [name, value] of Object.entries(own)) endpoint.searchParams.set(name, value)
    await showAddress(endpoint.href, null)
    const answer = await listener.answer
    return await provider.ask(async (options) => {
      const parameters = oauth.validateAuthResponse(server, client, answer, state)
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        oauth.None(),
        parameters,
        listener.redirectUri,
        verifier,
        options,
      )
      return oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: nonce,
        requireIdToken: true,
      })
    })
  } finally {
    listener.close()
  }
}

/** Logs a person in with a browser on any machine: the person types in a code there (RFC 8628). */
export async function logInWithDevice(
  request: LoginRequest,
  { showAddress, signal }: LoginTexts & { readonly signal: AbortSignal },
): Promise<GivenTokens> {
  const provider = await openProvider(request, signal)
  const { server, client } = provider
  if (server.device_authorization_endpoint === undefined) {
    throw new CommandError(`${request.issuer} has no login with a code. Leave out --device.`)
  }
  const device = await provider.askFor(async (options) => {
    const parameters = [...request.parameters.map(([...pair]) => pair), ['scope', request.scopes]]
    const response = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), parameters, options)
    return oauth.processDeviceAuthorizationResponse(server, client, response)
  })
  const page = pageOf(device.verification_uri_complete ?? device.verification_uri, server, 'verification_uri')
  await showAddress(page.href, device.user_code)
  const endsAt = performance.now() + Math.min(device.expires_in * 1000, loginTimeoutMs)
  let seconds = device.interval ?? pollSeconds.usual
  while (performance.now() < endsAt) {
    await setTimeout(seconds * 1000, undefined, { signal })
    try {
      return await provider.ask(async (options) => {
        const response = await oauth.deviceCodeGrantRequest(
          server,
          client,
          oauth.None(),
          device.device_code,
          options,
        )
        return oauth.processDeviceCodeResponse(server, client, response)
      })
    } catch (error) {
      const { code } = ((error as CommandError).cause as { readonly code?: unknown }) ?? {}
      if (code === 'authorization_pending') continue
      if (code !== 'slow_down') throw error
      seconds += pollSeconds.more
    }
  }
  throw new CommandError('Nobody signed in with the code in time. Start again: keystead login --device')
}

/**
 * Gets a new token with a refresh token, which may be used once.
 *
 * @throws LoginEndedError if the provider does not accept it any more
 */
export async function renewGrant(source: ProviderSource, signal: AbortSignal): Promise<GivenTokens> {
  const { issuer, clientId, tokenKind, resources, refreshToken, subject } = source
  if (refreshToken === null) throw new LoginEndedError('The login has expired, and cannot be renewed.')
  const parameters = resources.map((value) => ['resource', value] as const)
  const provider = await openProvider({ issuer, clientId, scopes: '', parameters, tokenKind }, signal)
  const { server, client } = provider
  const grant = await provider.ask(async (options) => {
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, options)
    return oauth.processRefreshTokenResponse(server, client, response)
  }, source)
  // OpenID Connect Core §12.2: a renewed ID token is for the same person.
  if (grant.source.subject !== subject)
    throw new LoginEndedError('The provider renewed the login of somebody else.')
  return grant
}

/** Revokes the refresh token. Resolves to false if the provider has no endpoint for it. */
export async function revokeGrant(source: ProviderSource, signal: AbortSignal): Promise<boolean> {
  const { issuer, clientId, tokenKind, refreshToken } = source
  if (refreshToken === null) return false
  const { server, client, askFor } = await openProvider(
    { issuer, clientId, scopes: '', parameters: [], tokenKind },
    signal,
  )
  if (server.revocation_endpoint === undefined) return false
  await askFor(async ({ additionalParameters: _none, ...options }) => {
    const additionalParameters = { token_type_hint: 'refresh_token' }
    const response = await oauth.revocationRequest(server, client, oauth.None(), refreshToken, {
      ...options,
      additionalParameters,
    })
    await oauth.processRevocationResponse(response)
  })
  return true
}

/** The provider has ended the login, or it cannot be renewed. */
export class LoginEndedError extends CommandError {}

interface RequestOptions {
  readonly signal: () => AbortSignal
  readonly additionalParameters: URLSearchParams
  readonly [oauth.allowInsecureRequests]: boolean
}

interface Provider {
  readonly server: oauth.AuthorizationServer
  readonly client: oauth.Client
  /** Sends a request for tokens. What the provider refuses becomes a CommandError. */
  ask(
    send: (options: RequestOptions) => Promise<oauth.TokenEndpointResponse>,
    previous?: ProviderSource,
  ): Promise<GivenTokens>
  /** Sends another request. */
  askFor<T>(send: (options: RequestOptions) => Promise<T>): Promise<T>
}

async function openProvider(request: LoginRequest, signal: AbortSignal): Promise<Provider> {
  const { issuer, clientId, parameters, tokenKind } = request
  const issuerUrl = issuerUrlOf(issuer)
  const resources = parameters.flatMap(([name, value]) => (name === 'resource' ? [value] : []))
  const options: RequestOptions = {
    signal: () => AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    additionalParameters: new URLSearchParams(resources.map((value) => ['resource', value])),
    [oauth.allowInsecureRequests]: issuerUrl.protocol === 'http:',
  }
  async function askFor<T>(send: (options: RequestOptions) => Promise<T>): Promise<T> {
    try {
      return await send(options)
    } catch (error) {
      throw signal.aborted ? signal.reason : failureOf(error, issuer)
    }
  }
  const client = { client_id: clientId, [oauth.clockTolerance]: clockToleranceSeconds }
  const server = await askFor(async () => {
    const response = await oauth.discoveryRequest(issuerUrl, options)
    return oauth.processDiscoveryResponse(issuerUrl, response)
  })
  return {
    server,
    client,
    askFor,
    async ask(send, previous) {
      const answer = await askFor(send)
      const token = answer[tokenKind]
      if (token === undefined) throw new LoginEndedError(`${issuer} answers without a new ID token.`)
      const claims = oauth.getValidatedIdTokenClaims(answer)
      const source: ProviderSource = {
        kind: 'oidc',
        issuer,
        clientId,
        resources,
        tokenKind,
        subject: claims?.sub ?? previous?.subject ?? '',
        refreshToken: answer.refresh_token ?? previous?.refreshToken ?? null,
      }
      return { token, expiresAt: expiryOf(answer, claims, tokenKind), source }
    },
  }
}

/** Tokens and codes go over TLS, or stay on this machine. */
function issuerUrlOf(issuer: string): URL {
  const url = URL.parse(issuer)
  if (url !== null && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) return url
  throw new CommandError(`The issuer must be an https URL, got ${shown(issuer)}.`)
}

/** True for addresses of this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}

/** A page that the person is sent to: the provider must not name a program or a file instead. */
function pageOf(address: string | undefined, server: oauth.AuthorizationServer, name: string): URL {
  const url = URL.parse(address ?? '')
  const isHttp = url?.protocol === 'http:' && server.issuer.startsWith('http:')
  if (url !== null && (url.protocol === 'https:' || isHttp)) return url
  throw new CommandError(`${server.issuer} names no usable ${name}. Use another way to sign in.`)
}

function expiryOf(
  { expires_in: seconds }: oauth.TokenEndpointResponse,
  claims: oauth.IDToken | undefined,
  tokenKind: ProviderSource['tokenKind'],
): string | null {
  if (tokenKind === 'id_token') return claims === undefined ? null : new Date(claims.exp * 1000).toISOString()
  return seconds === undefined ? null : new Date(Date.now() + seconds * 1000).toISOString()
}

interface CodeListener {
  readonly redirectUri: string
  /** The answer of the provider, with the state of this login. */
  readonly answer: Promise<URLSearchParams>
  close(): void
}

async function listenForCode(state: string, { port, signal }: BrowserLogin): Promise<CodeListener> {
  const { promise: answer, resolve, reject } = Promise.withResolvers<URLSearchParams>()
  // It may be rejected before somebody waits for it.
  answer.catch(() => {})
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '', 'http://127.0.0.1')
    if (request.method !== 'GET' || url?.pathname !== callbackPath) {
      return respond(response, 404, 'This address is for the end of "keystead login" only.')
    }
    // Other pages can send a browser here, too: only the provider knows the state.
    if (url.searchParams.get('state') !== state) {
      return respond(
        response,
        400,
        'This answer belongs to no login that is under way. Start again: keystead login',
      )
    }
    respond(response, 200, 'You can close this page. The terminal says whether you are signed in.')
    resolve(url.searchParams)
  })
  await listen(server, port)
  const fail = () => reject(signal.reason)
  signal.addEventListener('abort', fail)
  const timer = globalThis.setTimeout(
    () => reject(new CommandError('Nobody signed in within ten minutes. Start again: keystead login')),
    loginTimeoutMs,
  )
  return {
    redirectUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${callbackPath}`,
    answer,
    close() {
      clearTimeout(timer)
      signal.removeEventListener('abort', fail)
      server.close()
      server.closeIdleConnections()
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      reject(new CommandError(`Port ${port} of this machine cannot be used (${code}). Give another --port.`)),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // The address holds a code.
    'referrer-policy': 'no-referrer',
    connection: 'close',
  })
  response.end(`${text}\n`)
}

/** A failure in words, with the error code of the provider as its cause. */
function failureOf(error: unknown, issuer: string): unknown {
  if (error instanceof CommandError) return error
  if (error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError) {
    const { error: code, error_description: description = '' } = error
    const text = `${issuer} refuses: ${shown(code)}${description === '' ? '' : ` (${shown(description).slice(0, 300)})`}.`
    const Kind = code === 'invalid_grant' ? LoginEndedError : CommandError
    return new Kind(`${text} ${adviceFor(code)}`.trim(), { cause: { code } })
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return new CommandError(`${issuer} refuses the client. ${adviceFor('invalid_client')}`)
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
    return new CommandError(
      `The answer of ${issuer} is not valid: ${shown(error.message)}. Check the issuer.`,
    )
  }
  const trouble = systemTroubleOf(error)
  return new CommandError(
    `${issuer} does not answer${trouble === null ? '' : ` (${trouble.code}). ${trouble.text}`}${trouble === null ? '. Try again in a moment.' : ''}`,
    { cause: error },
  )
}

function adviceFor(code: string): string {
  if (['invalid_client', 'unauthorized_client'].includes(code)) {
    return 'Check the client ID: it must be a public client, which has no secret, that may use this kind of login.'
  }
  if (code === 'invalid_scope' || code === 'invalid_target') return 'Check --scopes and --parameter.'
  return ''
}
