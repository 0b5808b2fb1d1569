import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { onTestFinished } from 'vitest'

/** What a token endpoint answers. */
export interface IssuedTokens {
  readonly access_token: string
  readonly id_token?: string
  readonly refresh_token?: string
}

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

  async function ask(parameters: Record<string, string>, basic?: string): Promise<IssuedTokens> {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: basic === undefined ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` },
      body: new URLSearchParams(parameters),
    })
    if (!response.ok) throw new Error(`the provider answers ${response.status}: ${await response.text()}`)
    return (await response.json()) as IssuedTokens
  }

  return {
    issuer,
    async logIn(user, { resource = true } = {}) {
      const verifier = randomBytes(32).toString('base64url')
      const target = resource ? { resource: resourceId } : {}
      const query = new URLSearchParams({
        client_id: 'console',
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid keys:use',
        nonce: 'n',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...target,
      })
      const code = await walk(`${issuer}/auth?${query}`, user)
      return ask({
        grant_type: 'authorization_code',
        client_id: 'console',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
        ...target,
      })
    },
    serve: ({ resource = true } = {}) =>
      ask(
        { grant_type: 'client_credentials', scope: 'keys:use', ...(resource && { resource: resourceId }) },
        `payments:${secret}`,
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

/** Follows the redirects from the authorisation endpoint through log-in and consent to the code. */
async function walk(start: string, user: string): Promise<string> {
  const cookies = new Map<string, string>()
  let url = start
  let form: URLSearchParams | null = null
  for (let step = 0; step < 12; step++) {
    const response: Response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form !== null && { method: 'POST', body: form }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const page = await response.text()
    const location = response.headers.get('location')
    form = null
    if (location !== null) {
      url = new URL(location, url).href
      const code = new URL(url).searchParams.get('code')
      if (url.startsWith(redirectUri) && code !== null) return code
      if (url.startsWith(redirectUri)) throw new Error(`the provider refuses the log-in: ${url}`)
      continue
    }
    if (!response.ok) throw new Error(`the provider answers ${response.status}: ${page.slice(0, 500)}`)
    // The page of an interaction asks for a log-in first, and then for consent.
    form = page.includes('name="login"')
      ? new URLSearchParams({ prompt: 'login', login: user, password: 'x' })
      : new URLSearchParams({ prompt: 'consent' })
  }
  throw new Error('the log-in has no end')
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
