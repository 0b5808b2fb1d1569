import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { onTestFinished } from 'vitest'
import { askForTokens, type FilledForm, type IssuedTokens, logInWithCode } from './log-in.ts'

/** A certified provider on loopback, with one public client and one service. */
export interface RealProvider {
  readonly issuer: string
  /** Logs a user in: authorisation code with PKCE. Without `resource` the access token is opaque. */
  logIn(user: string, options?: { resource?: boolean }): Promise<IssuedTokens>
  /** Client credentials of the service "payments". */
  serve(options?: { resource?: boolean }): Promise<IssuedTokens>
  /** Restarts the provider with a new signing key beside or instead of the old ones. */
  rotate(options?: { keepOld?: boolean }): void
  /** Answers to all requests with this status until it is called with null. */
  failWith(status: number | null): void
  /** Answers nothing, so that requests time out, until it is called with false. */
  stayMute(isMute: boolean): void
  /** Refuses the refresh tokens that there are now. */
  forgetTokens(): void
  /** Requests that it has received: method and path. */
  readonly received: string[]
  stop(): void
}

/** A client for the console, and how long its access tokens live. */
export interface ConsoleClient {
  readonly url: string
  /** Not set: a public client. */
  readonly secret?: string
  readonly accessTokenSeconds?: number
}

/** ID of the client for the console. */
export const consoleClientId = 'keystead-console'

/** ID of the public client for command lines. */
export const commandLineClientId = 'keystead-cli'

const resourceId = 'urn:keystead'
const redirectUri = 'http://127.0.0.1:1/callback'
const secret = 'secret-of-payments'

/** Starts the provider; it ends with the test. */
export async function startRealProvider(): Promise<RealProvider> {
  const provider = await openRealProvider()
  onTestFinished(() => provider.stop())
  return provider
}

/** Starts the provider until it is stopped. */
export async function openRealProvider(consoles: readonly ConsoleClient[] = []): Promise<RealProvider> {
  let keys = [newKey()]
  let failure: number | null = null
  let isMute = false
  let refreshTokensSince = 0
  const received: string[] = []
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const start = () => {
    server.removeAllListeners('request')
    const answer = quietly(
      () =>
        new Provider(
          issuer,
          configurationOf(keys, consoles, () => refreshTokensSince),
        ),
    ).callback()
    server.on('request', (request, response) => {
      received.push(`${request.method} ${request.url?.split('?')[0]}`)
      if (isMute) return
      if (failure === null) answer(request, response)
      else response.writeHead(failure).end()
    })
  }
  start()

  const tokenUrl = `${issuer}/token`
  return {
    issuer,
    logIn: (user, { resource = true } = {}) =>
      logInWithCode({
        authorizeUrl: `${issuer}/auth`,
        tokenUrl,
        client: 'console',
        redirectUri,
        scope: 'openid keys:use',
        ...(resource && { parameters: { resource: resourceId } }),
        fillIn: (page) => fillIn(page, user),
      }),
    serve: ({ resource = true } = {}) =>
      askForTokens(
        tokenUrl,
        { grant_type: 'client_credentials', scope: 'keys:use', ...(resource && { resource: resourceId }) },
        { authorization: `Basic ${Buffer.from(`payments:${secret}`).toString('base64')}` },
      ),
    rotate({ keepOld = false } = {}) {
      keys = [newKey(), ...(keepOld ? keys : [])]
      start()
    },
    forgetTokens() {
      refreshTokensSince = Date.now()
    },
    stayMute(wanted) {
      isMute = wanted
    },
    failWith(status) {
      failure = status
    },
    received,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function newKey(): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    ...privateKey.export({ format: 'jwk' }),
    use: 'sig',
    alg: 'RS256',
    kid: randomBytes(4).toString('hex'),
  }
}

function configurationOf(
  keys: readonly object[],
  consoles: readonly ConsoleClient[],
  refreshTokensSince: () => number,
): object {
  const secondsOf = (clientId: string) =>
    consoles.find((_each, index) => consoleIdOf(index) === clientId)?.accessTokenSeconds ?? 600
  return {
    clients: [
      ...consoles.map(({ url, secret }, index) => ({
        client_id: consoleIdOf(index),
        ...(secret === undefined
          ? { token_endpoint_auth_method: 'none' }
          : { client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }),
        redirect_uris: [`${url}/console/callback`],
        grant_types: ['authorization_code', 'refresh_token'],
      })),
      {
        client_id: commandLineClientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      },
      {
        client_id: 'console',
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
      },
      {
        client_id: 'payments',
        client_secret: secret,
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
      },
    ],
    jwks: { keys },
    cookies: { keys: ['cookie-key'] },
    scopes: ['openid', 'profile', 'offline_access', 'keys:use'],
    claims: { openid: ['sub'], profile: ['name'] },
    // The name is in the ID token, as with most providers.
    conformIdTokenClaims: false,
    clientBasedCORS: () => true,
    findAccount: (_context: unknown, accountId: string, token?: { kind: string; iat: number }) =>
      token?.kind === 'RefreshToken' && token.iat * 1000 < refreshTokensSince()
        ? undefined
        : {
            accountId,
            claims: () => ({
              sub: accountId,
              name: `${accountId.charAt(0).toUpperCase()}${accountId.slice(1)}`,
            }),
          },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      deviceFlow: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (
          _context: unknown,
          _resource: string,
          { clientId }: { clientId: string },
        ) => ({
          scope: 'keys:use',
          audience: 'keystead',
          accessTokenFormat: 'jwt',
          accessTokenTTL: secondsOf(clientId),
        }),
        useGrantedResource: () => true,
      },
    },
    extraTokenClaims: (_context: unknown, token: { kind: string }) => ({
      tenant: 'shop',
      roles: token.kind === 'ClientCredentials' ? ['KMS_USER'] : ['KMS_MANAGER'],
      groups: ['payments'],
    }),
    ttl: {
      AccessToken: (_context: unknown, token: { resourceServer?: { accessTokenTTL: number } }) =>
        token.resourceServer?.accessTokenTTL ?? 600,
      ClientCredentials: 600,
      DeviceCode: 600,
      IdToken: 600,
      Grant: 600,
      RefreshToken: 600,
      Session: 600,
      Interaction: 600,
    },
  }
}

/** ID of the client of a console, of which there may be several. */
export function consoleIdOf(index: number): string {
  return index === 0 ? consoleClientId : `${consoleClientId}-${index}`
}

/** The page of an interaction asks for a log-in first, and then for consent. */
export function fillIn(page: string, login: string): FilledForm {
  const asksWho = page.includes('name="login"')
  return { fields: asksWho ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' } }
}

/** Builds a provider without its advice about production, which it prints. */
export function quietly<T>(build: () => T): T {
  const { info, warn } = console
  console.info = () => {}
  console.warn = () => {}
  try {
    return build()
  } finally {
    Object.assign(console, { info, warn })
  }
}
