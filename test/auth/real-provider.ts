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
}

const resourceId = 'urn:keystead'
const redirectUri = 'http://127.0.0.1:1/callback'
const secret = 'secret-of-payments'

/** Starts the provider; it ends with the test. */
export async function startRealProvider(): Promise<RealProvider> {
  let keys = [newKey()]
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const start = () => {
    server.removeAllListeners('request')
    server.on('request', quietly(() => new Provider(issuer, configurationOf(keys))).callback())
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

function configurationOf(keys: readonly object[]): object {
  return {
    clients: [
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
    scopes: ['openid', 'keys:use'],
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId }),
    }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'keys:use',
          audience: 'keystead',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
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
      AccessToken: 600,
      ClientCredentials: 600,
      IdToken: 600,
      Grant: 600,
      Session: 600,
      Interaction: 600,
    },
  }
}

/** The page of an interaction asks for a log-in first, and then for consent. */
function fillIn(page: string, login: string): FilledForm {
  const asksWho = page.includes('name="login"')
  return { fields: asksWho ? { prompt: 'login', login, password: 'x' } : { prompt: 'consent' } }
}

/** Builds a provider without its advice about production, which it prints. */
function quietly<T>(build: () => T): T {
  const { info, warn } = console
  console.info = () => {}
  console.warn = () => {}
  try {
    return build()
  } finally {
    Object.assign(console, { info, warn })
  }
}
