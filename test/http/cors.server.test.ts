import { once } from 'node:events'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'
import { createEmbeddedDatabase } from '../support/databases.ts'
import { startServerProcess } from '../support/server-process.ts'
import { endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const consoleOrigin = 'https://console.test'
const devOrigin = 'http://localhost:5173'
const CORS_ORIGINS = `${consoleOrigin}, ${devOrigin}`

/** Origins that only look like one that is allowed. */
const strangers = [
  'https://elsewhere.test',
  'null',
  '*',
  'http://console.test',
  'https://console.test:8443',
  'https://console.test.elsewhere.test',
  'https://CONSOLE.test',
  'https://console.test/',
  `${consoleOrigin} ${devOrigin}`,
  `${consoleOrigin}, ${devOrigin}`,
]
const question = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type',
}

const corsHeadersOf = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

describe('pages of origins that may use the API', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory({ CORS_ORIGINS })
  })
  afterAll(() => endStory(story))

  const preflight = (headers: Record<string, string>, path = '/graphql') =>
    fetch(`${story.app.url}${path}`, { method: 'OPTIONS', headers })

  async function post(headers: Record<string, string>): Promise<Response> {
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

  it.each([consoleOrigin, devOrigin])('%s is told that it may, before it sends a token', async (origin) => {
    const response = await preflight({ origin, ...question })
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
    expect(corsHeadersOf(response.headers)).toEqual({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type, traceparent, x-request-id',
      'access-control-max-age': '600',
      'access-control-expose-headers': 'retry-after, www-authenticate, x-request-id',
    })
    expect(response.headers.get('vary')).toBe('origin')
  })

  it.each([
    ['an answer', {}, 200],
    ['a refused token', { authorization: 'Bearer x' }, 401],
    ['a refused form', { 'content-type': 'text/plain' }, 415],
  ] as [string, Record<string, string>, number][])(
    'may read %s, and never with credentials',
    async (_what, headers, status) => {
      const response = await post({ origin: consoleOrigin, ...headers })
      expect(response.status).toBe(status)
      expect(corsHeadersOf(response.headers)).toEqual({
        'access-control-allow-origin': consoleOrigin,
        'access-control-expose-headers': 'retry-after, www-authenticate, x-request-id',
      })
      expect(response.headers.get('vary')).toBe('origin')
    },
  )

  it.each(strangers)('are not those of %s', async (origin) => {
    const asked = await preflight({ origin, ...question })
    expect(asked.status).toBe(405)
    for (const response of [asked, await post({ origin })]) {
      expect(corsHeadersOf(response.headers)).toEqual({})
      // What a cache keeps for one origin is not given to another.
      expect(response.headers.get('vary')).toBe('origin')
    }
  })

  it('get nothing but the API', async () => {
    for (const path of ['/health/ready', '/', '/graphql/', '/dev/tokens/admin']) {
      const response = await preflight({ origin: consoleOrigin, ...question }, path)
      expect(response.status, path).not.toBe(204)
      expect(corsHeadersOf(response.headers), path).toEqual({})
    }
  })

  it('do not make OPTIONS more than that question', async () => {
    expect((await preflight({ origin: consoleOrigin })).status).toBe(405)
    expect((await preflight(question)).status).toBe(405)
  })
})

describe('the setting of origins', () => {
  it.each(['*', 'null', 'https://*.test', 'console.test', 'https://console.test/', 'https://console.test/a'])(
    '%s is refused',
    (origin) => {
      expect(() => readConfig({ CORS_ORIGINS: `${consoleOrigin},${origin}` })).toThrow(ConfigError)
    },
  )

  it('is empty unless given', () => {
    expect(readConfig({}).CORS_ORIGINS).toEqual([])
    expect(readConfig({ CORS_ORIGINS }).CORS_ORIGINS).toEqual([consoleOrigin, devOrigin])
  })
})

describe('development mode', () => {
  it('answers pages of a named origin, whatever others it refuses, and gives its tokens to none', async () => {
    const database = await createEmbeddedDatabase()
    const server = await startServerProcess({ DATA_FOLDER: database.dataFolder, PORT: '0', CORS_ORIGINS })
    try {
      const status = async (method: string, path: string, headers: Record<string, string>) => {
        const sent = request(`${server.url}${path}`, { method, headers }).end()
        const [response] = await once(sent, 'response')
        response.resume()
        return [response.statusCode, response.headers['access-control-allow-origin']]
      }
      const ask = (origin: string) => status('OPTIONS', '/graphql', { origin, ...question })
      expect(await ask(devOrigin)).toEqual([204, devOrigin])
      expect(await ask('https://elsewhere.test')).toEqual([403, undefined])
      expect(await status('GET', '/dev/tokens/admin', { origin: devOrigin })).toEqual([200, undefined])
      // A name that leads here is no permission.
      expect(await status('POST', '/graphql', { origin: devOrigin, host: 'elsewhere.test' })).toEqual([
        403,
        devOrigin,
      ])
    } finally {
      await server.stop('SIGKILL')
      await database.dispose()
    }
  })
})
