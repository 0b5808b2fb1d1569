import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import {
  CallTimeoutError,
  ConnectionError,
  createClient,
  RateLimitedError,
  UnauthenticatedError,
  UnavailableError,
  UnexpectedAnswerError,
} from '../../packages/client/src/index.ts'
import { delayBeforeRetry } from '../../packages/client/src/retry.ts'
import { errorAnswer, type ScriptedAnswer, startScriptedServer, viewerAnswer } from './scripted-server.ts'

const unavailable = (more: object = {}) => errorAnswer('UNAVAILABLE', more, { status: 503 })
const rateLimited = errorAnswer('RATE_LIMITED', { retryAfterSeconds: 0 }, { status: 429 })
const keyCreated = {
  body: { data: { createUserKey: { __typename: 'CreateUserKeyPayload', userKey: { name: 'a' } } } },
}
/** A JWT of which only the expiry counts. */
const jwt = (exp: number, name = 'a') =>
  `e30.${Buffer.from(JSON.stringify({ exp, name })).toString('base64url')}.c2ln`

async function clientOf(script: (count: number) => ScriptedAnswer, options: object = {}) {
  const server = await startScriptedServer((_request, count) => script(count))
  return { client: createClient({ url: server.url, token: 'token', ...options }), ...server }
}

describe('a call', () => {
  it.each([
    ['is lost', 'cut'],
    ['is UNAVAILABLE', unavailable()],
    ['comes from a proxy that reaches no server', { status: 502, body: '<html>' }],
  ] as const)('that changes nothing is sent again when its answer %s', async (_what, answer) => {
    const { client, seen } = await clientOf((count) => (count < 3 ? answer : viewerAnswer))
    expect((await client.viewer()).projectId).toBe('shop')
    expect(seen.length).toBe(3)
  })

  it.each([
    ['is lost', 'cut', ConnectionError],
    ['is UNAVAILABLE', unavailable(), UnavailableError],
    ['comes from a proxy that reaches no server', { status: 502, body: '<html>' }, UnexpectedAnswerError],
  ] as const)('that changes something is sent once when its answer %s', async (_what, answer, expected) => {
    const { client, seen } = await clientOf((count) => (count === 1 ? answer : keyCreated))
    await expect(client.createUserKey({ name: 'a' })).rejects.toBeInstanceOf(expected)
    await expect(client.rotateUserKey({ key: 'a' }).catch(() => 'failed')).resolves.toBe('failed')
    expect(seen.filter(({ query }) => query.includes('createUserKey')).length).toBe(1)
  })

  it.each([
    ['429', rateLimited],
    ['503', unavailable({ retryAfterSeconds: 0 })],
  ])(
    'that changes something is sent again after a %s that says that nothing was done',
    async (_status, answer) => {
      const { client, seen } = await clientOf((count) => (count < 3 ? answer : keyCreated))
      expect((await client.createUserKey({ name: 'a' })).userKey.name).toBe('a')
      expect(seen.length).toBe(3)
    },
  )

  it('is not sent for ever', async () => {
    const { client, seen } = await clientOf(() => rateLimited, { attemptsMax: 3 })
    const error = await client.viewer().catch((reason) => reason)
    expect(error).toBeInstanceOf(RateLimitedError)
    expect(error.retryAfterSeconds).toBe(0)
    expect(seen.length).toBe(3)
  })

  it('fails at once where it would have to wait longer than it may take', async () => {
    const { client, seen } = await clientOf(() => unavailable({ retryAfterSeconds: 3600 }))
    await expect(client.viewer()).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 3600 })
    expect(seen.length).toBe(1)
  })

  it('ends after its limit, and when its caller ends it', async () => {
    const { client } = await clientOf(() => 'hang', { timeoutMs: 50 })
    const error = await client.viewer().catch((reason) => reason)
    expect(error).toBeInstanceOf(CallTimeoutError)
    expect(error).toMatchObject({ code: 'TIMEOUT', timeoutMs: 50 })
    const controller = new AbortController()
    const call = client.viewer(undefined, { signal: controller.signal, timeoutMs: 60_000 })
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(call).rejects.toThrow('enough')
    await expect(client.viewer(undefined, { signal: controller.signal })).rejects.toThrow('enough')
  })

  it('ends while it waits for another attempt', async () => {
    const { client, seen } = await clientOf(() => unavailable({ retryAfterSeconds: 20 }))
    const signal = AbortSignal.timeout(50)
    const startedAt = performance.now()
    await expect(client.viewer(undefined, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(seen.length).toBe(1)
  })

  it('takes no answer of another server for one of Keystead, and follows no redirect with its token', async () => {
    const { client } = await clientOf(() => ({ status: 200, body: { hello: 'world' } }), { attemptsMax: 1 })
    await expect(client.viewer()).rejects.toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 200 })
    const other = await startScriptedServer(() => viewerAnswer)
    const redirecting = await clientOf(() => ({ status: 307, headers: { location: other.url }, body: '' }), {
      attemptsMax: 1,
    })
    await expect(redirecting.client.viewer()).rejects.toBeInstanceOf(ConnectionError)
    expect(other.seen).toEqual([])
  })

  it('holds on to no signal of its caller, and to no timer', async () => {
    const { client } = await clientOf(() => viewerAnswer)
    const controller = new AbortController()
    const [added, removed] = [
      vi.spyOn(controller.signal, 'addEventListener'),
      vi.spyOn(controller.signal, 'removeEventListener'),
    ]
    for (let call = 0; call < 3; call += 1) await client.viewer(undefined, { signal: controller.signal })
    expect(added.mock.calls.length).toBe(3)
    expect(removed.mock.calls.length).toBe(3)
  })
})

describe('the wait before another attempt', () => {
  const error = (retryAfterSeconds: number | null) =>
    new UnavailableError({ code: 'UNAVAILABLE', message: '', retryAfterSeconds })

  it('is random up to twice as long each time, and follows what the server asks for', () => {
    const delay = (attempts: number, random: number, retryAfterSeconds: number | null = null) =>
      delayBeforeRetry({ error: error(retryAfterSeconds), isRepeatable: true, attempts, random })
    expect([1, 2, 3, 10].map((attempts) => delay(attempts, 1))).toEqual([200, 400, 800, 5000])
    expect([1, 2, 3].map((attempts) => delay(attempts, 0))).toEqual([0, 0, 0])
    expect([1, 2].map((attempts) => delay(attempts, 0.5, 2))).toEqual([2100, 2200])
  })

  it('follows the Retry-After header of a proxy', async () => {
    const at = (value: string) => ({ status: 503, headers: { 'retry-after': value }, body: 'busy' })
    const later = new Date(Date.now() + 90_000).toUTCString()
    for (const [value, expected] of [
      ['7', 7],
      [later, 90],
      ['soon', 0],
    ] as const) {
      const { client } = await clientOf(() => at(value), { attemptsMax: 1 })
      const failed = await client.viewer().catch((reason) => reason)
      expect(Math.abs((failed.retryAfterSeconds ?? 0) - expected)).toBeLessThan(3)
      const delayMs = delayBeforeRetry({ error: failed, isRepeatable: true, attempts: 1, random: 0 })
      expect(Math.abs((delayMs ?? -1) - expected * 1000)).toBeLessThan(3000)
    }
  })
})

describe('the token of a client', () => {
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

  it('is replaced once when it is refused, and its callers share the call', async () => {
    const tokens = ['first', 'second']
    const ask = vi.fn(async () => {
      await wait(10)
      return tokens.shift() ?? 'none'
    })
    const server = await startScriptedServer(({ headers }) =>
      headers.authorization === 'Bearer second'
        ? viewerAnswer
        : errorAnswer('UNAUTHENTICATED', {}, { status: 401 }),
    )
    const client = createClient({ url: server.url, token: ask })
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.viewer()))
    expect(answers.length).toBe(20)
    expect(ask).toHaveBeenCalledTimes(2)
  })

  it('is asked for once more, and not for ever, where each is refused', async () => {
    const ask = vi.fn(async () => 'refused')
    const { client, seen } = await clientOf(() => errorAnswer('UNAUTHENTICATED', {}, { status: 401 }), {
      token: ask,
    })
    await expect(client.createUserKey({ name: 'a' })).rejects.toBeInstanceOf(UnauthenticatedError)
    expect(ask).toHaveBeenCalledTimes(2)
    expect(seen.length).toBe(2)
  })

  it('is replaced before it ends', async () => {
    const tokens = [jwt(inSeconds(20), 'short'), jwt(inSeconds(3600), 'long'), jwt(inSeconds(3600), 'more')]
    const ask = vi.fn(async () => tokens.shift() ?? '')
    const { client, seen } = await clientOf(() => viewerAnswer, { token: ask })
    await client.viewer()
    await client.viewer()
    expect(ask).toHaveBeenCalledTimes(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 19_000 })
    try {
      await client.viewer()
      await client.viewer()
    } finally {
      vi.useRealTimers()
    }
    expect(ask).toHaveBeenCalledTimes(2)
    expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(2)
  })

  it('can be of any form, and is asked for again after a failure', async () => {
    const results = [
      () => Promise.reject(new Error('down')),
      () => Promise.resolve('two words'),
      () => Promise.resolve('opaque'),
    ]
    const ask = vi.fn(() => results.shift()?.() ?? Promise.reject(new Error('none')))
    const { client, seen } = await clientOf(() => viewerAnswer, { token: ask })
    const codes = []
    for (let call = 0; call < 4; call += 1)
      codes.push(
        await client.viewer().then(
          () => 'ok',
          ({ code }) => code,
        ),
      )
    expect(codes).toEqual(['TOKEN', 'TOKEN', 'ok', 'ok'])
    expect(seen.length).toBe(2)
    const thrown = createClient({
      url: 'http://127.0.0.1:1',
      token: () => {
        throw new Error('at once')
      },
    })
    for (let call = 0; call < 2; call += 1)
      await expect(thrown.viewer()).rejects.toMatchObject({ code: 'TOKEN' })
  })

  it('is in no error', async () => {
    const token = jwt(0, 'secret')
    const { client } = await clientOf(() => errorAnswer('UNAUTHENTICATED', {}, { status: 401 }), { token })
    const error = await client.viewer().catch((reason) => reason)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(token)
    expect(() => createClient({ url: 'http://x', token: `${token} x` })).toThrow(/^((?!c2ln).)*$/)
  })
})
