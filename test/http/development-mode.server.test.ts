import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type App, createApp } from '../../src/app.ts'
import { ConfigError, readConfig } from '../../src/config.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { type Person, readAnswer, startStoryForTest } from '../support/story.ts'

const introspection = '{ __schema { queryType { name } } }'
const page = { headers: { accept: 'text/html,application/xhtml+xml' } }
const issuer = { AUTH_ISSUER: 'https://issuer.test', AUTH_JWKS_URL: 'https://issuer.test/keys' }
const databaseUrl = 'postgres://keystead@localhost/keystead'

describe('development mode', () => {
  let app: App
  let dispose: () => Promise<void>
  beforeAll(async () => {
    ;({ app, dispose } = await startInDevelopmentMode())
  })
  afterAll(() => dispose())

  it('is on only while neither an issuer nor a database server is configured', () => {
    expect(readConfig({}).developmentMode).toBe(true)
    expect(readConfig({ NODE_ENV: 'development', HOST: 'localhost' }).developmentMode).toBe(true)
    expect(readConfig(issuer).developmentMode).toBe(false)
    expect(readConfig({ ...issuer, DATABASE_URL: databaseUrl }).developmentMode).toBe(false)
    expect(() => readConfig({ DATABASE_URL: databaseUrl })).toThrow('AUTH_ISSUER must be set')
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'keystead.example', '127.0.0.1.example', 'localhost.example'])(
    'does not listen on %s, which others can reach',
    (host) => {
      expect(() => readConfig({ HOST: host })).toThrow(ConfigError)
      expect(() => readConfig({ HOST: host })).toThrow(/HOST must be a loopback address.*AUTH_ISSUER/)
      expect(readConfig({ ...issuer, HOST: host }).HOST).toBe(host)
    },
  )

  it('does not run in production', () => {
    expect(() => readConfig({ NODE_ENV: 'production' })).toThrow(/NODE_ENV=production.*AUTH_ISSUER/)
    expect(readConfig({ ...issuer, NODE_ENV: 'production' }).developmentMode).toBe(false)
  })

  it.each([
    ['admin', 'user:ada', ['PROJECT_ADMIN']],
    ['member', 'user:max', ['PROJECT_MEMBER']],
    ['outsider', 'user:olga', ['PROJECT_MEMBER']],
    ['agent', 'service-agent:Secrets Manager', []],
  ])('has a token for %s, who is %s', async (persona, id, roles) => {
    const viewer = await ask(
      app,
      await tokenOf(app, persona),
      '{ viewer { subject { id } roles projectId } }',
    )
    expect(viewer).toMatchObject({ data: { viewer: { subject: { id }, roles, projectId: 'demo' } } })
  })

  it('makes a new token each time, which is good for an hour', async () => {
    const [first, second] = [await tokenOf(app, 'member'), await tokenOf(app, 'member')]
    expect(first).not.toBe(second)
    const { exp = 0, iat = 0 } = decodeJwt(first)
    expect(exp - iat).toBe(3600)
  })

  it.each(['nobody', 'MEMBER', 'member/', '', 'constructor', '__proto__', '?subject=max'])(
    'has no token for %j, and says for whom it has some',
    async (persona) => {
      const answer = await readAnswer(await fetch(`${app.url}/dev/tokens/${persona}`))
      expect(answer).toMatchObject({
        status: 404,
        errors: [{ message: expect.stringContaining('admin, member, outsider, agent') }],
      })
    },
  )

  it('trusts no token of another server in development mode', async () => {
    const other = await startInDevelopmentMode()
    onTestFinished(() => other.dispose())
    expect(await ask(app, await tokenOf(other.app, 'admin'), introspection)).toMatchObject({ status: 401 })
    expect(await ask(app, '', introspection)).toMatchObject({ status: 401 })
  })

  it('answers introspection, and shows GraphiQL, which may load nothing from elsewhere', async () => {
    expect(await ask(app, await tokenOf(app, 'agent'), introspection)).toMatchObject({
      data: { __schema: { queryType: { name: 'Query' } } },
    })
    const response = await fetch(`${app.url}/graphql`, page)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[A-Za-z0-9+/]{22}=='; /)
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src [^;]*unsafe-inline/)
    const html = await response.text()
    expect(html).toContain('TOKEN_OF_MEMBER')
    expect(html).not.toContain('"Bearer eyJ')
    const again = await fetch(`${app.url}/graphql`, page)
    expect(await again.text()).not.toBe(html)
    expect(again.headers.get('content-security-policy')).not.toBe(policy)
  })

  const tokenPath = '/dev/tokens/admin'
  it.each([
    ['a name that was bound to this machine (DNS rebinding)', { host: 'rebound.example:PORT' }],
    ['the same without a port', { host: 'rebound.example' }],
    ['a name that begins like this machine', { host: 'localhost.rebound.example:PORT' }],
    ['a name that ends like this machine', { host: 'rebound-localhost:PORT' }],
    ['an address of the network', { host: '192.0.2.1:PORT' }],
    ['a page of another site', { host: 'localhost:PORT', origin: 'https://foreign.example' }],
    ['a page of another port of this machine', { host: 'localhost:PORT', origin: 'http://localhost:1' }],
    ['a page of this machine by another name', { host: 'localhost:PORT', origin: 'http://127.0.0.1:PORT' }],
    ['a page in a sandbox', { host: 'localhost:PORT', origin: 'null' }],
  ])('refuses %s', async (_what, headers) => {
    for (const path of [tokenPath, '/graphql', '/']) {
      const { status, body } = await askWith(app, path, headers)
      expect(status).toBe(403)
      expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
      expect(body).not.toContain('eyJ')
    }
    const webSocket = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    }
    expect((await askWith(app, '/graphql', { ...headers, ...webSocket })).status).toBe(403)
  })

  it.each([
    { host: 'localhost:PORT' },
    { host: '127.0.0.1:PORT' },
    { host: '[::1]:PORT' },
    { host: 'localhost:PORT', origin: 'http://localhost:PORT' },
  ])('serves this machine: %j', async (headers) => {
    expect((await askWith(app, tokenPath, headers)).status).toBe(200)
  })
})

describe('with an issuer configured', () => {
  const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

  it('there is nothing of development mode: no tokens, no GraphiQL, no introspection', async () => {
    const { app, tokenFor } = await startStoryForTest({ INTROSPECTION: '' })
    for (const path of ['/dev/tokens/admin', '/dev/tokens', '/']) {
      expect(await readAnswer(await fetch(`${app.url}${path}`, page))).toMatchObject({ status: 404 })
    }
    expect(await readAnswer(await fetch(`${app.url}/graphql`, page))).toMatchObject({ status: 405 })
    for (const document of [introspection, '{ __type(name: "Query") { name } }']) {
      const answer = await ask(app, await tokenFor(member), document)
      expect(answer).toMatchObject({ status: 400, data: null })
    }
    // Proxies in front of it have names of their own.
    expect((await askWith(app, '/health/live', { host: 'keystead.example' })).status).toBe(200)
  })

  it('GraphiQL and introspection can be switched on; the page then has no tour, and stores no token', async () => {
    const { app, tokenFor } = await startStoryForTest({ INTROSPECTION: 'on', GRAPHIQL: 'on' })
    expect(await ask(app, await tokenFor(member), introspection)).toMatchObject({ status: 200, errors: [] })
    const response = await fetch(app.url, page)
    expect(response).toMatchObject({ status: 200, url: `${app.url}/graphql` })
    const html = await response.text()
    expect(html).toContain('"shouldPersistHeaders":false')
    expect(html).not.toContain('/dev/tokens')
    expect(html).not.toContain('TOKEN_OF_')
    expect(await readAnswer(await fetch(`${app.url}/dev/tokens/admin`))).toMatchObject({ status: 404 })
  })
})

describe('a process in development mode', () => {
  it.each(['development', ''])(
    'adds nothing to what an error says, whatever NODE_ENV is: "%s"',
    async (NODE_ENV) => {
      const { dataFolder, dispose } = await createEmbeddedDatabase()
      const server = await startServerProcess({ DATA_FOLDER: dataFolder, PORT: '0', NODE_ENV })
      try {
        const { token } = (await (await fetch(`${server.url}/dev/tokens/admin`)).json()) as { token: string }
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
        for (const body of [
          '{',
          '{"query":"{"}',
          '{"query":"{ nothing }"}',
          '{"query":"{ nodes(ids: 7) { name } }"}',
        ]) {
          const { errors } = await readAnswer(
            await fetch(`${server.url}/graphql`, { method: 'POST', headers, body }),
          )
          expect(errors.length, body).toBeGreaterThan(0)
          for (const error of errors) {
            expect(['message', 'locations', 'extensions']).toEqual(expect.arrayContaining(Object.keys(error)))
            expect(error.extensions).toEqual({ code: 'BAD_REQUEST' })
          }
        }
      } finally {
        await server.stop('SIGKILL')
        await dispose()
      }
    },
  )
})

async function startInDevelopmentMode(): Promise<{ app: App; dispose: () => Promise<void> }> {
  const database = await createEmbeddedDatabase()
  const app = await createApp(
    readConfig({ PORT: '0', DATA_FOLDER: database.dataFolder, LOG_LEVEL: 'silent' }),
  )
  const dispose = async () => {
    await app.close()
    await database.dispose()
  }
  return { app, dispose }
}

async function tokenOf(app: App, persona: string): Promise<string> {
  const { token } = (await (await fetch(`${app.url}/dev/tokens/${persona}`)).json()) as { token: string }
  return token
}

async function ask(app: App, token: string, query: string) {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/graphql-response+json',
  }
  return readAnswer(
    await fetch(`${app.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) }),
  )
}

/** Asks with headers that `fetch` sets by itself; PORT in them is the port of the server. */
async function askWith(app: App, path: string, headers: Record<string, string>) {
  const { hostname, port } = new URL(app.url)
  const filled = Object.entries(headers).map(([name, value]) => [name, value.replace('PORT', port)])
  const sent = request({ hostname, port, path, headers: Object.fromEntries(filled), agent: false })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode, body: await text(response) }
}
