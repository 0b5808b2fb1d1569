import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IssuerUnavailableError, UnauthenticatedError } from '../../src/auth/errors.ts'
import { endStory, type Person, readAnswer, type Story, startStory } from '../support/story.ts'
import { startGatedServer } from './gated-server.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('answers', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  async function post(headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${story.app.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await story.tokenFor(member)}`,
        'content-type': 'application/json',
        ...headers,
      },
      body: '{"query":"{ viewer { projectId } }"}',
    })
  }

  it.each([
    ['of GraphQL', () => post()],
    ['401', () => post({ authorization: '' })],
    ['404', () => fetch(`${story.app.url}/keys`)],
    ['405', () => fetch(`${story.app.url}/graphql`)],
    ['of health', () => fetch(`${story.app.url}/health/ready`)],
  ])('%s are never kept, framed or guessed at', async (_what, ask) => {
    const { headers } = await ask()
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-type')).toMatch(/^application\/(graphql-response\+)?json; charset=utf-8$/)
    expect(headers.get('x-request-id')).toMatch(uuid)
    expect(headers.get('server')).toBeNull()
    expect(headers.get('x-powered-by')).toBeNull()
  })

  it('allow no page of another origin to read them', async () => {
    const origin = 'https://elsewhere.test'
    const preflight = await fetch(`${story.app.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    })
    expect(preflight.status).toBe(405)
    for (const response of [preflight, await post({ origin })]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  it('carry the request ID of the client', async () => {
    for (const id of ['a', '7f3c9a1e-5b1d-4f1c-9a52-0c3b7ad1a001', 'trace:1.2_3', 'x'.repeat(128)]) {
      expect((await post({ 'x-request-id': id })).headers.get('x-request-id')).toBe(id)
    }
  })

  it('carry a new request ID where that of the client could do harm', async () => {
    for (const id of ['', 'a b', '<script>', 'a,b', '{"level":50}', "a'--", '\u00fc', 'x'.repeat(129)]) {
      const response = await post({ 'x-request-id': id })
      expect(response.status).toBe(200)
      expect(response.headers.get('x-request-id')).toMatch(uuid)
    }
  })

  it('say where the API is, to requests for anything else', async () => {
    for (const path of [
      '/',
      '/keys',
      '/graphql/',
      '/GraphQL',
      '/graphql/stream',
      '//graphql',
      '/%67raphql',
    ]) {
      const answer = await readAnswer(await fetch(`${story.app.url}${path}`, { method: 'POST' }))
      expect(answer).toMatchObject({
        status: 404,
        errors: [{ message: expect.stringContaining('/graphql'), extensions: { code: 'BAD_REQUEST' } }],
      })
    }
  })

  it.each([
    ['no host', 'GET /health/live HTTP/1.1\r\nHost: ['],
    ['a host with a space', 'GET /health/live HTTP/1.1\r\nHost: a b'],
    ['no address', 'GET http://[ HTTP/1.1\r\nHost: localhost:4600'],
    ['the whole server', 'OPTIONS * HTTP/1.1\r\nHost: localhost:4600'],
  ])('tell a request for %s that it is wrong, and log that alone', async (_what, head) => {
    const before = story.logged.length
    expect(await exchange(story.app.url, `${head}\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
    const lines = story.logged.slice(before).map((line) => JSON.parse(line))
    expect(lines).toEqual([
      {
        level: 30,
        time: expect.any(String),
        requestId: expect.stringMatching(uuid),
        route: 'other',
        status: 400,
        outcome: 'BAD_REQUEST',
        durationMs: expect.any(Number),
        msg: 'request',
      },
    ])
  })

  it('of health need no token, and tell nothing but that', async () => {
    for (const [path, status] of [
      ['live', 'live'],
      ['ready', 'ready'],
    ]) {
      const response = await fetch(`${story.app.url}/health/${path}`)
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ status })
    }
  })
})

describe('a token that cannot be verified now', () => {
  it('is answered 503, with when to come back where HTTP clients look for it, too', async () => {
    const reason = new IssuerUnavailableError(7)
    const { url } = await startGatedServer(
      {},
      {
        authenticator: {
          authenticate: () => Promise.reject(reason),
          recognise: () => null,
          expects: () => false,
        },
      },
    )
    const answer = await readAnswer(
      await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } }),
    )
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7'])
    expect(answer.errors).toEqual([
      { message: reason.message, extensions: { code: 'UNAVAILABLE', retryAfterSeconds: 7 } },
    ])
  })
})

describe('an answer that cannot be sent', () => {
  it('costs its client the connection, and nobody else anything', async () => {
    const challenge = Object.assign(new UnauthenticatedError('Not you.'), { challenge: 'Bearer\n' })
    const { url, logged } = await startGatedServer(
      {},
      {
        authenticator: {
          authenticate: () => Promise.reject(challenge),
          recognise: () => null,
          expects: () => false,
        },
      },
    )
    const ask = () =>
      fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' } })
    await expect(ask()).rejects.toThrow()
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect(logged).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'an answer could not be sent', error: 'TypeError' }),
    )
  })
})

describe('a server that cannot do its work', () => {
  it('is alive, but not ready, and says which parts are not', async () => {
    const { url } = await startGatedServer({}, { checkReady: async () => ['database', 'rootKey'] })
    const ask = (path: string) => fetch(`${url}${path}`)
    expect((await ask('/health/live')).status).toBe(200)
    const response = await ask('/health/ready')
    expect(response.status).toBe(503)
    expect(await response.json()).toEqual({
      status: 'not ready',
      parts: ['database', 'rootKey'],
      reason: 'The database does not answer. The root key cannot be used.',
    })
  })

  it('for the tokens of some issuers is ready for the others, and says so', async () => {
    const { url } = await startGatedServer({}, { checkReady: async () => ['someIssuers'] })
    const response = await fetch(`${url}/readyz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'ready', parts: ['someIssuers'] })
  })
})

/** Sends bytes as they are, which `fetch` does not, and gives all that comes back. */
async function exchange(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.write(request)
  return text(socket)
}
