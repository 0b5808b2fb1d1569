import { beforeEach, describe, expect, test } from 'vitest'
import { type CallerCache, createCallerCache } from '../../src/auth/authenticate.ts'
import type { Caller } from '../../src/keys/rules/caller.ts'
import { createFakeClock, startSeconds } from './tokens.ts'

let clock: ReturnType<typeof createFakeClock>
let cache: CallerCache
let verifications: string[]

beforeEach(() => {
  clock = createFakeClock()
  cache = createCallerCache({ clock, lifetimeMs: 60_000, size: 2 })
  verifications = []
})

function callerOf(name: string, lifetimeSeconds: number): Caller {
  return {
    subject: `user:${name}`,
    kind: 'USER',
    name,
    groups: [],
    projectId: 'shop',
    roles: new Set(),
    tokenId: null,
    tokenExpiresAt: new Date((startSeconds + lifetimeSeconds) * 1000),
  }
}

function get(token: string, lifetimeSeconds = 600): Promise<Caller> {
  return cache.get(token, async () => {
    verifications.push(token)
    return callerOf(token, lifetimeSeconds)
  })
}

describe('a verified token', () => {
  test('is verified once, and each token has its own caller', async () => {
    expect((await get('a')).name).toBe('a')
    expect((await get('b')).name).toBe('b')
    expect((await get('a')).name).toBe('a')
    expect(verifications).toEqual(['a', 'b'])
  })

  test('is verified once for requests at the same time', async () => {
    const callers = await Promise.all([get('a'), get('a'), get('a')])
    expect(callers.map(({ name }) => name)).toEqual(['a', 'a', 'a'])
    expect(verifications).toEqual(['a'])
  })

  test('is verified again from its expiry on', async () => {
    await get('a', 30)
    clock.advanceSeconds(29)
    await get('a', 30)
    expect(verifications).toHaveLength(1)
    clock.advanceSeconds(1)
    await get('a', 30)
    expect(verifications).toHaveLength(2)
  })

  test('is verified again after the lifetime, so that withdrawn keys stop to count', async () => {
    await get('a')
    clock.advanceSeconds(59)
    await get('a')
    expect(verifications).toHaveLength(1)
    clock.advanceSeconds(1)
    await get('a')
    expect(verifications).toHaveLength(2)
  })

  test('is verified again when the clock was set back', async () => {
    await get('a')
    clock.advanceSeconds(-1)
    await get('a')
    expect(verifications).toHaveLength(2)
  })

  test('gives way when the cache is full', async () => {
    for (const token of ['a', 'b', 'a', 'c', 'a', 'b']) await get(token)
    expect(verifications).toEqual(['a', 'b', 'c', 'b'])
  })
})

describe('a token that is refused', () => {
  function fail(token: string): Promise<Caller> {
    return cache.get(token, async () => {
      verifications.push(token)
      throw new Error(`${token} refused`)
    })
  }

  test('is not remembered', async () => {
    await expect(fail('a')).rejects.toThrow('a refused')
    expect((await get('a')).name).toBe('a')
    expect(verifications).toEqual(['a', 'a'])
  })

  test('is refused for all requests at the same time, after one look', async () => {
    const results = await Promise.allSettled([fail('a'), fail('a')])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(verifications).toEqual(['a'])
  })

  test('does not push out verified ones', async () => {
    await get('good')
    await Promise.allSettled(Array.from({ length: 50 }, (_, index) => fail(`bad ${index}`)))
    verifications = []
    await get('good')
    expect(verifications).toEqual([])
  })

  test('loses what an earlier check of it left behind', async () => {
    await get('a', 30)
    clock.advanceSeconds(30)
    await expect(fail('a')).rejects.toThrow('a refused')
    clock.advanceSeconds(-10)
    await expect(fail('a')).rejects.toThrow('a refused')
  })
})
