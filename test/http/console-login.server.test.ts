import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { authorizationUrl, beginLogin } from '../../console/src/session/authorization.ts'
import { createBrowserExchange } from '../../console/src/session/browser-exchange.ts'
import type { PendingLogin } from '../../console/src/session/pending-login.ts'
import type { OidcSettings } from '../../console/src/session/settings.ts'
import { type App, createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { walk } from '../auth/log-in.ts'
import { consoleIdOf, fillIn, openRealProvider, type RealProvider } from '../auth/real-provider.ts'
import { buildConsole } from '../support/build-console.ts'
import { createTestDatabase } from '../support/databases.ts'
import { connectTo } from './raw-request.ts'

const consoleUrl = 'https://console.test'
const secret = 'secret-of-the-console'
const parameters = 'resource=urn:keystead&prompt=consent'
const scopes = 'openid profile offline_access keys:use'

/** A server whose console has a login. */
interface Served {
  readonly app: App
  readonly logged: string[]
  dispose(): Promise<void>
}

let provider: RealProvider
let server: Served
/** Secrets of all logins: none may be in a log. */
const secrets = new Set<string>()
beforeAll(async () => {
  buildConsole()
  provider = await openRealProvider([{ url: consoleUrl }, { url: consoleUrl, secret }])
  server = await serve()
})
afterAll(async () => {
  await server.dispose()
  provider.stop()
})

async function serve(
  settings: Readonly<Record<string, string>> = {},
  { tokens = 'rfc9068', audience = 'keystead', issuer = provider.issuer } = {},
): Promise<Served> {
  const database = await createTestDatabase()
  const file = join(database.dataFolder, 'issuers.json')
  const entry =
    tokens === 'rfc9068'
      ? { name: 'sso', preset: 'rfc9068', issuer, settings: { audience, project: { claim: 'tenant' } } }
      : { name: 'sso', issuer, tokens, audiences: [audience], rules: [idRule] }
  writeFileSync(file, JSON.stringify({ version: 2, issuers: [entry] }))
  const logged: string[] = []
  try {
    const app = await createApp(
      readConfig({
        PORT: '0',
        DATA_FOLDER: database.dataFolder,
        DATABASE_URL: database.databaseUrl ?? '',
        AUTH_ISSUERS_FILE: file,
        CONSOLE_URL: consoleUrl,
        CONSOLE_OIDC_ISSUER: provider.issuer,
        CONSOLE_OIDC_CLIENT_ID: consoleIdOf(0),
        CONSOLE_OIDC_SCOPES: scopes,
        CONSOLE_OIDC_PARAMETERS: parameters,
        ...settings,
      }),
      { log: createLog('debug', { write: (line) => void logged.push(line) }) },
    )
    const dispose = async () => {
      await app.close()
      await database.dispose()
    }
    return { app, logged, dispose }
  } catch (error) {
    await database.dispose()
    throw error
  }
}

const idRule = {
  when: [{ claim: 'sub', present: true }],
  kind: 'USER',
  project: 'shop',
  subject: { claim: 'sub' },
}

/** A scripted browser with the console in it. */
function openBrowser({ app }: Pick<Served, 'app'> = server) {
  const jar = { cookie: '' }
  const atProvider = new Map<string, string>()
  const browser = {
    jar,
    async send(
      method: string,
      path: string,
      options: { body?: unknown; headers?: Record<string, string> } = {},
    ) {
      const { body, headers = {} } = options
      const response = await fetch(`${app.url}/console${path}`, {
        method,
        headers: {
          origin: consoleUrl,
          'sec-fetch-site': 'same-origin',
          ...(jar.cookie !== '' && { cookie: jar.cookie }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const [setCookie] = response.headers.getSetCookie()
      if (setCookie !== undefined)
        jar.cookie = /Max-Age=0/.test(setCookie) ? '' : (setCookie.split(';')[0] ?? '')
      if (jar.cookie !== '') secrets.add(refreshTokenIn(jar.cookie))
      const text = await response.text()
      const content = text === '' ? null : JSON.parse(text)
      if (content?.token) secrets.add(content.token)
      return { status: response.status, headers: response.headers, setCookie, content, text }
    },
    settings: async () => (await browser.send('GET', '/settings.json')).content as OidcSettings,
    /** Goes to the provider and back, as far as the callback. */
    async authorize(user: string): Promise<{ pending: PendingLogin; reply: URLSearchParams }> {
      const pending = beginLogin('/', false)
      const settings = await browser.settings()
      const url = await authorizationUrl(`${provider.issuer}/auth`, settings, pending, null)
      const redirectUri = `${consoleUrl}/console/callback`
      const reply = await walk(url, { redirectUri, fillIn: (page) => fillIn(page, user) }, atProvider)
      for (const each of [reply.get('code'), pending.codeVerifier]) secrets.add(each ?? '')
      return { pending, reply }
    },
    redeem: ({ pending, reply }: { pending: PendingLogin; reply: URLSearchParams }, changes: object = {}) =>
      browser.send('POST', '/session', {
        body: {
          code: reply.get('code'),
          iss: reply.get('iss'),
          codeVerifier: pending.codeVerifier,
          nonce: pending.nonce,
          ...changes,
        },
      }),
    signIn: async (user: string) => browser.redeem(await browser.authorize(user)),
    renew: (headers = {}) => browser.send('POST', '/session/renew', { body: {}, headers }),
  }
  return browser
}

const refreshTokenIn = (cookie: string) => decodeURIComponent(cookie.slice(cookie.indexOf('.') + 1))

async function viewerOf(token: string, { app }: Pick<Served, 'app'> = server): Promise<string> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ viewer { subject { id } } }' }),
  })
  const { data, errors } = await response.json()
  return data?.viewer.subject.id ?? errors[0].message
}

/** Uses a refresh token as somebody would who has stolen it. */
async function useAtProvider(refreshToken: string): Promise<number> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: consoleIdOf(0),
    refresh_token: refreshToken,
  })
  return (await fetch(`${provider.issuer}/token`, { method: 'POST', body })).status
}

/** Opens a page as browsers do, which `fetch` cannot. */
async function navigate(path: string): Promise<{ status: number | undefined; headers: IncomingHttpHeaders }> {
  const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
  const sent = request(`${server.app.url}${path}`, { headers, agent: false }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return { status: response.statusCode, headers: response.headers }
}

const tokenRequests = () => provider.received.filter((each) => each === 'POST /token').length

describe('a login with the exchange on the server', () => {
  it('is described by settings that hold no secret and are not cached', async () => {
    const { status, headers, content } = await openBrowser().send('GET', '/settings.json')
    expect({ status, content }).toEqual({
      status: 200,
      content: {
        mode: 'oidc',
        url: consoleUrl,
        callbackPath: '/console/callback',
        issuer: provider.issuer,
        clientId: 'keystead-console',
        commandLineClientId: null,
        scopes,
        parameters: [
          ['resource', 'urn:keystead'],
          ['prompt', 'consent'],
        ],
        token: 'access_token',
        exchange: 'server',
      },
    })
    expect(headers.get('cache-control')).toBe('no-store')
    expect((await openBrowser().send('GET', '/session/provider')).content).toEqual({
      authorizationEndpoint: `${provider.issuer}/auth`,
      endSessionEndpoint: `${provider.issuer}/session/end`,
    })
  })

  it('gives a token that the API accepts, and a cookie that no script and no other page can use', async () => {
    const browser = openBrowser()
    const { status, headers, content, setCookie = '', text } = await browser.signIn('ada')
    expect(status).toBe(200)
    expect(content).toEqual({
      token: expect.any(String),
      expiresInSeconds: 600,
      subject: 'ada',
      name: 'Ada',
      isRenewable: true,
    })
    expect(await viewerOf(content.token)).toBe('user:ada')
    expect(setCookie).toMatch(
      /^__Host-keystead-[0-9a-f]{8}=[A-Za-z0-9_-]+\.[^;]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    )
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('access-control-allow-origin')).toBe(null)
    expect(text).not.toContain(refreshTokenIn(browser.jar.cookie))
  })

  it('is renewed by the cookie, whose refresh token is rotated', async () => {
    const browser = openBrowser()
    const first = await browser.signIn('ada')
    const firstCookie = browser.jar.cookie
    const renewed = await browser.renew()
    expect(renewed).toMatchObject({
      status: 200,
      content: { subject: 'ada', name: 'Ada', isRenewable: true },
    })
    expect(await viewerOf(renewed.content.token)).toBe('user:ada')
    expect(renewed.content.token).not.toBe(first.content.token)
    expect(refreshTokenIn(browser.jar.cookie)).not.toBe(refreshTokenIn(firstCookie))
    expect(renewed.setCookie).toContain('; Path=/; Secure; HttpOnly; SameSite=Strict')
  })

  it('survives many tabs that renew at once, also one that comes late', async () => {
    const browser = openBrowser()
    await browser.signIn('ada')
    const before = browser.jar.cookie
    const asked = tokenRequests()
    const tabs = await Promise.all(Array.from({ length: 8 }, () => browser.renew({ cookie: before })))
    const late = await browser.renew({ cookie: before })
    for (const { status, content, setCookie } of [...tabs, late]) {
      expect({ status, token: content.token }).toEqual({ status: 200, token: late.content.token })
      expect(setCookie).toBe(late.setCookie)
    }
    expect(tokenRequests()).toBe(asked + 1)
    expect((await browser.renew()).status).toBe(200)
  })

  it('needs no cookie to be asked for: there is nothing to renew then', async () => {
    expect(await openBrowser().renew()).toMatchObject({ status: 204, text: '' })
  })

  it('ends when the provider has ended it: the cookie goes, and the person is told what to do', async () => {
    const browser = openBrowser()
    await browser.signIn('ada')
    const used = refreshTokenIn(browser.jar.cookie)
    await useAtProvider(used)
    // The second use of a refresh token shows that it was stolen, and ends the session.
    const { status, content, setCookie } = await browser.renew()
    expect(status).toBe(401)
    expect(content.errors[0]).toEqual({
      message: 'The identity provider refused: invalid_grant. Sign in again.',
      extensions: { code: 'UNAUTHENTICATED' },
    })
    expect(setCookie).toMatch(/^__Host-keystead-[0-9a-f]{8}=; .*Max-Age=0$/)
    expect(server.logged.at(-1)).toContain('the provider answers invalid_grant')
  })

  it('ends with a sign-out, after which its refresh token is worth nothing', async () => {
    const browser = openBrowser()
    await browser.signIn('ada')
    const { cookie } = browser.jar
    expect(await browser.send('DELETE', '/session')).toMatchObject({ status: 204, text: '' })
    expect(browser.jar.cookie).toBe('')
    expect(provider.received.at(-1)).toBe('POST /token/revocation')
    expect(await useAtProvider(refreshTokenIn(cookie))).toBe(400)
    expect((await browser.renew({ cookie })).status).toBe(401)
    expect((await browser.send('DELETE', '/session')).status).toBe(204)
  })

  it.each([
    ['another nonce', { nonce: 'another' }, 'nonce'],
    ['another issuer', { iss: 'https://other.test' }, 'iss'],
    ['no issuer, which this provider always names', { iss: null }, 'iss'],
    ['another verifier: the code was stolen', { codeVerifier: 'v'.repeat(43) }, 'invalid_grant'],
    ['another code', { code: 'guessed' }, 'invalid_grant'],
  ])('is refused with %s', async (_what, changes, reason) => {
    const browser = openBrowser()
    const answer = await browser.redeem(await browser.authorize('ada'), changes)
    expect(answer.status).toBe(401)
    expect(answer.content.errors[0].message).toContain('Sign in again')
    expect(browser.jar.cookie).toBe('')
    expect(answer.setCookie).toBe(undefined)
    expect(server.logged.at(-1)).toContain(reason)
  })

  it('is refused with a code that was used before', async () => {
    const browser = openBrowser()
    const authorized = await browser.authorize('ada')
    expect((await browser.redeem(authorized)).status).toBe(200)
    expect((await openBrowser().redeem(authorized)).status).toBe(401)
  })

  it('is refused if the API would not accept the token, in the words of the API, and is revoked', async () => {
    const opaque = await serve({ CONSOLE_OIDC_PARAMETERS: 'prompt=consent' })
    onTestFinished(opaque.dispose)
    const browser = openBrowser(opaque)
    const { status, content } = await browser.signIn('ada')
    expect(status).toBe(401)
    expect(content.errors[0].message).toContain('The token is opaque')
    expect(browser.jar.cookie).toBe('')
    expect(provider.received.at(-1)).toBe('POST /token/revocation')
  })

  const attacks = [
    ['another origin', { origin: 'https://evil.test' }, 403],
    ['the same host with http', { origin: 'http://console.test' }, 403],
    ['a longer host', { origin: 'https://console.test.evil.test' }, 403],
    ['a sandboxed page', { origin: 'null' }, 403],
    ['a sibling of the site', { 'sec-fetch-site': 'same-site' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form that looks like JSON', { 'content-type': 'text/plain' }, 415],
  ] as const
  it.each(attacks)('cannot be used by %s', async (_who, headers, status) => {
    const browser = openBrowser()
    await browser.signIn('ada')
    const { cookie } = browser.jar
    const asked = provider.received.length
    const sent = [
      await browser.renew(headers),
      await browser.send('POST', '/session', { body: {}, headers }),
      ...(status === 403 ? [await browser.send('DELETE', '/session', { headers })] : []),
    ]
    for (const each of sent) {
      expect(each.status).toBe(status)
      expect(each.setCookie).toBe(undefined)
      expect(each.headers.get('access-control-allow-origin')).toBe(null)
    }
    expect(provider.received.length).toBe(asked)
    expect((await browser.renew({ cookie })).status).toBe(200)
  })

  it('cannot be used by a program of a page without an Origin, or after a preflight', async () => {
    const { url } = server.app
    const headers = { 'content-type': 'application/json' }
    const without = await fetch(`${url}/console/session/renew`, { method: 'POST', headers, body: '{}' })
    expect(without.status).toBe(403)
    const preflight = await fetch(`${url}/console/session`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'DELETE' },
    })
    expect(preflight.status).toBe(405)
    expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('takes no cookie of which there are two: one may be of somebody else', async () => {
    const [ada, eve] = [openBrowser(), openBrowser()]
    await ada.signIn('ada')
    await eve.signIn('eve')
    const cookie = `${ada.jar.cookie}; ${eve.jar.cookie}`
    expect((await openBrowser().renew({ cookie })).status).toBe(204)
    for (const broken of [`${ada.jar.cookie.split('=')[0]}=x`, `${ada.jar.cookie.split('=')[0]}=W10.%`]) {
      expect((await openBrowser().renew({ cookie: broken })).status).toBe(204)
    }
  })

  it.each([
    ['no JSON', '{', 400],
    ['a list', '[]', 400],
    [
      'another member',
      '{"code":"c","iss":null,"codeVerifier":"v","nonce":"n","redirectUri":"https://evil.test"}',
      400,
    ],
    ['a body that is too large', `{"code":"${'c'.repeat(20_000)}"}`, 413],
  ])('refuses %s', async (_what, body, status) => {
    expect((await openBrowser().send('POST', '/session', { body })).status).toBe(status)
  })

  it('has no other paths and methods', async () => {
    for (const [method, path, status] of [
      ['GET', '/session', 405],
      ['PUT', '/session', 405],
      ['GET', '/session/renew', 405],
      ['POST', '/session/other', 404],
      ['POST', '/settings.json', 405],
      ['GET', '/sessions', 404],
    ] as const) {
      expect((await openBrowser().send(method, path)).status, `${method} ${path}`).toBe(status)
    }
  })

  it('waits while the provider is down, and keeps the session', async () => {
    const browser = openBrowser()
    const authorized = await browser.authorize('eve')
    await browser.signIn('ada')
    const { cookie } = browser.jar
    provider.failWith(502)
    for (const answer of [await browser.renew(), await browser.redeem(authorized)]) {
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('5')
      expect(answer.content.errors[0]).toMatchObject({
        message: expect.stringContaining('cannot be reached'),
        extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 5 },
      })
      expect(answer.setCookie).toBe(undefined)
    }
    provider.failWith(null)
    expect(server.logged.join('')).toContain('"part":"login"')
    expect((await browser.renew({ cookie })).status).toBe(200)
    expect((await browser.redeem(authorized)).status).toBe(200)
  })

  it('starts while the provider is down, and lets people in once it is up', async () => {
    provider.failWith(503)
    const early = await serve()
    onTestFinished(early.dispose)
    const browser = openBrowser(early)
    const pages = () => browser.send('GET', '/session/provider')
    expect(await pages()).toMatchObject({
      status: 503,
      content: { errors: [{ message: expect.any(String) }] },
    })
    expect(early.logged.join('')).toContain('The identity provider of the console cannot be used')
    provider.failWith(null)
    await expect.poll(async () => (await pages()).status).toBe(200)
  })

  it('serves the page of the callback without keeping its address anywhere', async () => {
    const { status, headers } = await navigate('/console/callback?code=c&state=s')
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(/connect-src 'self';.* frame-ancestors 'none'/),
    })
  })
})

describe('a login of a client with a secret', () => {
  async function serveWith(text: string, mode = 0o600): Promise<Served> {
    const folder = (await createTestDatabase()).dataFolder
    const file = join(folder, 'client-secret')
    writeFileSync(file, `${text}\n`)
    chmodSync(file, mode)
    const served = await serve({
      CONSOLE_OIDC_CLIENT_ID: consoleIdOf(1),
      CONSOLE_OIDC_CLIENT_SECRET_FILE: file,
    })
    onTestFinished(served.dispose)
    return served
  }

  it('works, and tells the browser nothing of the secret', async () => {
    const served = await serveWith(secret)
    const browser = openBrowser(served)
    const { status, content, text } = await browser.signIn('ada')
    expect({ status, subject: content.subject }).toEqual({ status: 200, subject: 'ada' })
    expect((await browser.renew()).status).toBe(200)
    expect(text + JSON.stringify(await browser.settings())).not.toContain(secret)
    expect(served.logged.join('')).not.toContain(secret)
  })

  it('is a matter for the operator if the secret is wrong', async () => {
    const served = await serveWith('wrong-secret-of-the-console')
    const { status, content } = await openBrowser(served).signIn('ada')
    expect(status).toBe(503)
    expect(content.errors[0].message).toContain('Tell the operator')
    const log = served.logged.join('')
    expect(log).toContain('PROVIDER_REFUSES')
    expect(log).not.toContain('wrong-secret-of-the-console')
  })
})

it('a login can send ID tokens, where the entry of the issuer is for these', async () => {
  const served = await serve({ CONSOLE_OIDC_TOKEN: 'id_token' }, { tokens: 'id', audience: consoleIdOf(0) })
  onTestFinished(served.dispose)
  const browser = openBrowser(served)
  const { content } = await browser.signIn('ada')
  expect(decodeJwt(content.token)).toMatchObject({
    aud: consoleIdOf(0),
    sub: 'ada',
    nonce: expect.any(String),
  })
  expect(content.expiresInSeconds).toBeGreaterThan(500)
  expect(await viewerOf(content.token, served)).toBe('user:ada')
  const renewed = await browser.renew()
  expect(await viewerOf(renewed.content.token, served)).toBe('user:ada')
})

describe('a login with the exchange in the browser', () => {
  let served: Served
  beforeAll(async () => {
    served = await serve({ CONSOLE_OIDC_EXCHANGE: 'browser' })
  })
  afterAll(() => served.dispose())

  it('has no part in the server: no session, no cookie; the page may ask the issuer', async () => {
    const browser = openBrowser(served)
    expect(await browser.settings()).toMatchObject({ exchange: 'browser' })
    for (const [method, path] of [
      ['POST', '/session'],
      ['POST', '/session/renew'],
      ['DELETE', '/session'],
      ['GET', '/session/provider'],
    ] as const) {
      expect((await browser.send(method, path)).status).toBe(404)
    }
    const page = await fetch(served.app.url)
    expect(page.headers.get('content-security-policy')).toContain(`connect-src 'self' ${provider.issuer};`)
  })

  it('works, is renewed with rotation, and is revoked', async () => {
    const browser = openBrowser(served)
    const exchange = createBrowserExchange(await browser.settings())
    expect(await exchange.renew()).toBe(null)
    const { pending, reply } = await browser.authorize('ada')
    const first = await exchange.redeem(reply, pending)
    expect(first).toMatchObject({ subject: 'ada', name: 'Ada', expiresInSeconds: 600, isRenewable: true })
    expect(await viewerOf(first.token, served)).toBe('user:ada')
    for (let time = 0; time < 2; time++) {
      const renewed = await exchange.renew()
      expect(await viewerOf(renewed?.token ?? '', served)).toBe('user:ada')
      expect(renewed?.token).not.toBe(first.token)
    }
    await exchange.end()
    expect(provider.received.at(-1)).toBe('POST /token/revocation')
    expect(await exchange.renew()).toBe(null)
  })

  it.each([
    ['another state', (reply: URLSearchParams) => reply.set('state', 'x'), {}],
    ['another issuer', (reply: URLSearchParams) => reply.set('iss', 'https://other.test'), {}],
    ['no issuer, which this provider always names', (reply: URLSearchParams) => reply.delete('iss'), {}],
    ['another nonce', () => {}, { nonce: 'another' }],
    ['another verifier', () => {}, { codeVerifier: 'v'.repeat(43) }],
  ])('is refused with %s', async (_what, change, changes) => {
    const browser = openBrowser(served)
    const exchange = createBrowserExchange(await browser.settings())
    const { pending, reply } = await browser.authorize('ada')
    change(reply)
    await expect(exchange.redeem(reply, { ...pending, ...changes })).rejects.toMatchObject({
      failure: { code: 'refused' },
    })
    expect(await exchange.renew()).toBe(null)
  })
})

describe('settings of a login', () => {
  const complete = {
    AUTH_ISSUER: 'https://issuer.test',
    AUTH_JWKS_URL: 'https://issuer.test/keys',
    CONSOLE_URL: consoleUrl,
    CONSOLE_OIDC_ISSUER: 'https://issuer.test',
    CONSOLE_OIDC_CLIENT_ID: 'console',
  }
  it.each([
    [{ CONSOLE_URL: '' }, 'CONSOLE_OIDC_ISSUER needs CONSOLE_URL'],
    [{ CONSOLE_URL: 'https://kms.test/console' }, 'CONSOLE_URL must have no path'],
    [{ CONSOLE_URL: 'http://kms.test' }, 'CONSOLE_URL must be an https:// address'],
    [{ CONSOLE_OIDC_CLIENT_ID: '' }, 'CONSOLE_OIDC_ISSUER needs CONSOLE_OIDC_CLIENT_ID'],
    [{ CONSOLE_OIDC_ISSUER: '' }, 'CONSOLE_OIDC_CLIENT_ID needs CONSOLE_OIDC_ISSUER'],
    [{ CONSOLE_OIDC_ISSUER: 'http://issuer.test' }, 'CONSOLE_OIDC_ISSUER must be an https:// address'],
    [{ AUTH_ISSUER: '', AUTH_JWKS_URL: '' }, 'does not go with development mode'],
    [{ CONSOLE_OIDC_SCOPES: 'profile' }, 'CONSOLE_OIDC_SCOPES must be scopes'],
    [{ CONSOLE_OIDC_PARAMETERS: 'state=x' }, 'must not have state'],
    [{ CONSOLE_OIDC_PARAMETERS: 'audience' }, 'CONSOLE_OIDC_PARAMETERS must be parameters'],
    [{ CONSOLE_OIDC_EXCHANGE: 'browser', CONSOLE_OIDC_CLIENT_SECRET: 's' }, 'a browser cannot keep one'],
    [{ CONSOLE_OIDC_CLIENT_SECRET: 's', CONSOLE_OIDC_CLIENT_SECRET_FILE: 'f' }, 'Only one of'],
    [{ CONSOLE: 'on', CONSOLE_OIDC_ISSUER: '', CONSOLE_OIDC_CLIENT_ID: '' }, 'CONSOLE=on needs'],
  ])('are refused if they are wrong: %o', (changes, problem) => {
    expect(() => readConfig({ ...complete, ...changes })).toThrow(problem)
  })

  it('are refused at start for an issuer whose tokens are not accepted', async () => {
    await expect(serve({}, { issuer: 'https://other.test' })).rejects.toThrow(
      'CONSOLE_OIDC_ISSUER must be an issuer whose tokens are accepted, character by character: https://other.test',
    )
    await expect(serve({ CONSOLE_OIDC_TOKEN: 'id_token' })).rejects.toThrow('set "tokens": "id" in "sso"')
  })

  it('switch the console on, which CONSOLE=off does not serve', async () => {
    expect(server.app.hasConsole).toBe(true)
    const off = await serve({ CONSOLE: 'off' })
    onTestFinished(off.dispose)
    expect(off.app.hasConsole).toBe(false)
    expect((await fetch(`${off.app.url}/console/settings.json`)).status).toBe(404)
  })
})

it('bodies that come slowly keep nobody out, neither of the console nor of the API', async () => {
  const served = await serve({ REQUESTS_UNDER_WAY_MAX: '4', REQUESTS_WAITING_MAX: '4' })
  onTestFinished(() => served.dispose())
  for (let each = 0; each < 4; each++) {
    const head = `POST /console/session HTTP/1.1\r\nHost: x\r\nOrigin: ${consoleUrl}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`
    await new Promise((resolve) => connectTo(served.app.url).write(head, resolve))
  }
  await setTimeout(100)
  expect((await openBrowser(served).renew()).status).toBe(204)
  expect(await viewerOf('made-up', served)).toContain('token')
})

it('nothing of a token, code, verifier or cookie is logged', () => {
  const log = server.logged.join('')
  expect(log).toContain('"route":"/console/session"')
  expect(secrets.size).toBeGreaterThan(20)
  for (const each of secrets) expect(log.includes(each)).toBe(false)
})
