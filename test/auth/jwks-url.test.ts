import type { ServerResponse } from 'node:http'
import { errors, jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { IssuerUnavailableError, UnauthenticatedError } from '../../src/auth/errors.ts'
import { createUrlKeySource } from '../../src/auth/jwks-url.ts'
import { verifyToken } from '../../src/auth/verify-token.ts'
import { type JwksServer, startJwksServer } from './jwks-server.ts'
import { claimsWith, configWith, createSigner, issuerWith, type Signer, startSeconds } from './tokens.ts'

const lifetimeMs = 600_000
const outageMs = 3_600_000

let first: Signer
let second: Signer
let server: JwksServer

beforeEach(async () => {
  // Only what is read to measure time: sockets and time-outs go on for real.
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: startSeconds * 1000 })
  first = await createSigner('EdDSA', 'first')
  second = await createSigner('EdDSA', 'second')
  server = await startJwksServer([first.jwk])
})

afterEach(async () => {
  vi.useRealTimers()
  await server.close()
})

function createVerifier(url = server.url): (signer: Signer) => Promise<unknown> {
  const keys = createUrlKeySource(url, { lifetimeMs, outageMs })
  return async (signer) => {
    const token = await signer.sign(claimsWith({ exp: undefined }))
    return (await jwtVerify(token, keys)).payload.sub
  }
}

async function isDown(answer: Promise<unknown>): Promise<void> {
  await expect(answer).rejects.toBeInstanceOf(IssuerUnavailableError)
}

/** Until a fetch in the background has come to its end. */
async function fetched(count: number): Promise<void> {
  await expect.poll(() => server.requests()).toBe(count)
}

describe('keys at an address', () => {
  test('are fetched once for many tokens', async () => {
    const verify = createVerifier()
    expect(server.requests()).toBe(0)
    expect(await Promise.all([verify(first), verify(first), verify(first)])).toEqual(Array(3).fill('alice'))
    expect(await verify(first)).toBe('alice')
    expect(server.requests()).toBe(1)
  })

  test('are told of with each fetch, whether there were any', async () => {
    const told: boolean[] = []
    const onFetch = (succeeded: boolean) => void told.push(succeeded)
    const keys = createUrlKeySource(server.url, { lifetimeMs, outageMs, onFetch })
    const verify = async () => jwtVerify(await first.sign(claimsWith({ exp: undefined })), keys)
    await verify()
    await verify()
    expect(told).toEqual([true])
    server.answerWith((response) => response.writeHead(503).end())
    vi.advanceTimersByTime(lifetimeMs)
    await verify()
    expect(told).toEqual([true, false])
  })

  test('are fetched at once for a token with a new key, even right after a fetch', async () => {
    const verify = createVerifier()
    await verify(first)
    vi.advanceTimersByTime(1)
    server.publish([first.jwk, second.jwk])
    expect(await verify(second)).toBe('alice')
    expect(await verify(first)).toBe('alice')
    expect(server.requests()).toBe(2)
  })

  test('are fetched for three unknown keys at once, and then for one in ten seconds: until then it is not called bad', async () => {
    const verify = createVerifier()
    await verify(first)
    for (let attempt = 0; attempt < 3; attempt += 1) {
      vi.advanceTimersByTime(1)
      await expect(verify(second)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
    }
    expect(server.requests()).toBe(4)
    server.publish([first.jwk, second.jwk])
    vi.advanceTimersByTime(3500)
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const refusal = await verify(second).catch((error: unknown) => error)
      expect(refusal).toBeInstanceOf(IssuerUnavailableError)
      expect(refusal).toMatchObject({ code: 'UNAVAILABLE', retryAfterSeconds: 7 })
    }
    expect(server.requests()).toBe(4)
    // As long as it was told.
    vi.advanceTimersByTime(7000)
    expect(await verify(second)).toBe('alice')
    expect(await verify(first)).toBe('alice')
    expect(server.requests()).toBe(5)
  })

  test('that were fetched after a token had come make it a bad one if its key is not among them', async () => {
    const verify = createVerifier()
    // The first fetch, and three that tokens cause.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await expect(verify(second)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
      vi.advanceTimersByTime(1)
    }
    expect(server.requests()).toBe(4)
    await isDown(verify(second))
    expect(server.requests()).toBe(4)
  })

  test('no longer count once the issuer has withdrawn them and their time is over', async () => {
    const verify = createVerifier()
    await verify(first)
    server.publish([second.jwk])
    expect(await verify(first)).toBe('alice')
    vi.advanceTimersByTime(lifetimeMs)
    await expect(verify(first)).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey)
    expect(await verify(second)).toBe('alice')
  })

  test('are fetched in the background from half of their time on', async () => {
    const verify = createVerifier()
    await verify(first)
    vi.advanceTimersByTime(lifetimeMs / 2 + 1)
    server.publish([second.jwk])
    expect(await verify(first)).toBe('alice')
    await fetched(2)
    await expect.poll(() => verify(second)).toBe('alice')
    expect(server.requests()).toBe(2)
  })
})

describe('a key that is published in place of another, under the same ID', () => {
  let replacement: Signer
  beforeEach(async () => {
    replacement = await createSigner('EdDSA', 'first')
  })

  /** Verifies as the server does, which looks again where a signature fails. */
  function createWholeVerifier(): (signer: Signer) => Promise<string> {
    const issuer = issuerWith(createUrlKeySource(server.url, { lifetimeMs, outageMs }))
    const rules = { issuer, config: configWith(), clock: { now: () => new Date(startSeconds * 1000) } }
    return async (signer) => {
      const { sub } = await verifyToken(await signer.sign(claimsWith()), rules)
      return String(sub)
    }
  }

  test('is fetched once, at once', async () => {
    const verify = createWholeVerifier()
    expect(await verify(first)).toBe('alice')
    server.publish([replacement.jwk])
    expect(await Promise.all([verify(replacement), verify(replacement)])).toEqual(['alice', 'alice'])
    expect(server.requests()).toBe(2)
    await expect(verify(first)).rejects.toBeInstanceOf(UnauthenticatedError)
    expect(server.requests()).toBe(2)
  })

  test('is looked for again after a pause, however many signatures fail', async () => {
    const verify = createWholeVerifier()
    await verify(first)
    const isBad = () => expect(verify(replacement)).rejects.toBeInstanceOf(UnauthenticatedError)
    for (let attempt = 0; attempt < 5; attempt += 1) await isBad()
    expect(server.requests()).toBe(2)
    server.publish([replacement.jwk])
    await isBad()
    vi.advanceTimersByTime(10_000)
    expect(await verify(replacement)).toBe('alice')
    expect(server.requests()).toBe(3)
  })

  test('that cannot be fetched makes the token a bad one, and the keys at hand count', async () => {
    const verify = createWholeVerifier()
    await verify(first)
    server.answerWith((response) => response.destroy())
    await expect(verify(replacement)).rejects.toBeInstanceOf(UnauthenticatedError)
    expect(await verify(first)).toBe('alice')
  })
})

describe('an issuer that is down', () => {
  test('at start makes tokens uncheckable, not bad', async () => {
    const { url } = server
    await server.close()
    server = await startJwksServer([first.jwk])
    await isDown(createVerifier(url)(first))
    expect(await createVerifier()(first)).toBe('alice')
  })

  test('is asked again after a pause, and not by each request', async () => {
    server.answerWith((response) => response.writeHead(503).end())
    const verify = createVerifier()
    for (let attempt = 0; attempt < 5; attempt += 1) await isDown(verify(first))
    expect(server.requests()).toBe(1)
    server.publish([first.jwk])
    vi.advanceTimersByTime(2000)
    expect(await verify(first)).toBe('alice')
    expect(server.requests()).toBe(2)
  })

  test('is not felt for its time, but then tokens are uncheckable and not bad', async () => {
    const verify = createVerifier()
    await verify(first)
    server.answerWith((response) => response.destroy())
    for (let elapsedMs = 0; elapsedMs < lifetimeMs + outageMs - 60_000; elapsedMs += 60_000) {
      vi.advanceTimersByTime(60_000)
      expect(await verify(first)).toBe('alice')
    }
    // Refreshing was tried, so that the keys survived a failure and not only silence.
    expect(server.requests()).toBeGreaterThan(1)
    vi.advanceTimersByTime(60_000)
    await isDown(verify(first))
    vi.advanceTimersByTime(2000)
    server.publish([first.jwk])
    expect(await verify(first)).toBe('alice')
  })

  test('makes a token with an unknown key uncheckable', async () => {
    const verify = createVerifier()
    await verify(first)
    vi.advanceTimersByTime(10_000)
    server.answerWith((response) => response.destroy())
    await isDown(verify(second))
    expect(await verify(first)).toBe('alice')
  })

  const brokenAnswers: [string, (response: ServerResponse) => void][] = [
    ['another status', (response) => response.writeHead(404).end('{"keys": []}')],
    ['no content', (response) => response.writeHead(204).end()],
    ['something else than JSON', (response) => response.writeHead(200).end('<html>')],
    ['JSON that is no key set', (response) => response.writeHead(200).end('{"keys": {}}')],
    ['half an answer', (response) => response.writeHead(200, { 'content-length': '9' }).end('{"k')],
  ]
  test.each(brokenAnswers)('answers with %s, and is not asked again at once', async (_, answer) => {
    server.answerWith(answer)
    const verify = createVerifier()
    await isDown(verify(first))
    await isDown(verify(first))
    expect(server.requests()).toBe(1)
  })

  test('does not get the server to read more than 1 MiB', async () => {
    let written = 0
    server.answerWith((response) => {
      response.writeHead(200)
      const write = (): void => {
        while (!response.destroyed && written < 64 * 1_048_576) {
          written += 65_536
          if (!response.write(Buffer.alloc(65_536, ' '))) {
            response.once('drain', write)
            return
          }
        }
        response.end(JSON.stringify({ keys: [first.jwk] }))
      }
      write()
    })
    await isDown(createVerifier()(first))
    expect(written).toBeLessThan(64 * 1_048_576)
  })

  test('does not get the server to ask elsewhere', async () => {
    const elsewhere = await startJwksServer([first.jwk])
    try {
      server.answerWith((response) => response.writeHead(302, { location: elsewhere.url }).end())
      await isDown(createVerifier()(first))
      expect(elsewhere.requests()).toBe(0)
    } finally {
      await elsewhere.close()
    }
  })
})

test('a published key that cannot be used is the fault of the issuer, not of the token', async () => {
  server.publish([{ ...first.jwk, x: 'AAAA' }])
  await isDown(createVerifier()(first))
})
