import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDataKeyCache, type DataKey } from '../../packages/client/src/envelope/data-key-cache.ts'
import { createClient } from '../../packages/client/src/index.ts'

afterEach(() => {
  vi.useRealTimers()
})

/** Counts data keys, and keeps what it gave, to see what became of it. */
function source() {
  const given: DataKey[] = []
  const load = vi.fn(async () => {
    await Promise.resolve()
    const key = {
      plaintext: new Uint8Array(32).fill(given.length + 1),
      wrapped: new Uint8Array(1),
      keyId: 'k',
    }
    given.push(key)
    return key
  })
  const isErased = (index: number) => given[index]?.plaintext.every((byte) => byte === 0)
  return { load, given, isErased }
}

const firstByte = ({ plaintext }: DataKey) => plaintext[0]

describe('cached data keys', () => {
  it('are asked for once by callers that miss them at the same time', async () => {
    const cache = createDataKeyCache()
    const { load } = source()
    const uses = await Promise.all(Array.from({ length: 500 }, () => cache.use('a', 1, load, firstByte)))
    expect(new Set(uses)).toEqual(new Set([1]))
    expect(load).toHaveBeenCalledTimes(1)
    await cache.use('b', 1, load, firstByte)
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('are used as often as they may, also by callers at the same time', async () => {
    const cache = createDataKeyCache({ usesMax: 3 })
    const { load, isErased } = source()
    const uses = await Promise.all(Array.from({ length: 7 }, () => cache.use('a', 0, load, firstByte)))
    expect(uses).toEqual([1, 1, 1, 2, 2, 2, 3])
    expect([0, 1, 2].map(isErased)).toEqual([true, true, false])
    const single = createDataKeyCache({ usesMax: 1 })
    const once = source()
    for (const expected of [1, 2]) expect(await single.use('a', 0, once.load, firstByte)).toBe(expected)
    expect([0, 1].map(once.isErased)).toEqual([true, true])
  })

  it('protect as many bytes as they may, also of streams', async () => {
    const cache = createDataKeyCache({ bytesMax: 100 })
    const { load, isErased } = source()
    expect(await cache.use('a', 99, load, firstByte)).toBe(1)
    expect(await cache.use('a', 500, load, firstByte)).toBe(1)
    expect(isErased(0)).toBe(true)
    await cache.use('a', 0, load, (_key, count) => count(100))
    expect(await cache.use('a', 0, load, firstByte)).toBe(3)
    expect(isErased(1)).toBe(true)
  })

  it('are erased at their age, also where nobody asks for them', async () => {
    vi.useFakeTimers()
    const cache = createDataKeyCache({ ageMs: 1000 })
    const { load, isErased } = source()
    await cache.use('a', 0, load, firstByte)
    await vi.advanceTimersByTimeAsync(500)
    await cache.use('b', 0, load, firstByte)
    await vi.advanceTimersByTimeAsync(499)
    expect([0, 1].map(isErased)).toEqual([false, false])
    await vi.advanceTimersByTimeAsync(2)
    expect([0, 1].map(isErased)).toEqual([true, false])
    await vi.advanceTimersByTimeAsync(500)
    expect([0, 1].map(isErased)).toEqual([true, true])
    expect(await cache.use('a', 0, load, firstByte)).toBe(3)
    expect(vi.getTimerCount()).toBe(1)
    cache.clear()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('make room: the one that was used longest ago goes first', async () => {
    const cache = createDataKeyCache({ keysMax: 2 })
    const { load, isErased } = source()
    for (const name of ['a', 'b', 'a', 'c']) await cache.use(name, 0, load, firstByte)
    expect([0, 1, 2].map(isErased)).toEqual([false, true, false])
    expect(load).toHaveBeenCalledTimes(3)
  })

  it('serve those who were promised them, even if they make room meanwhile', async () => {
    const cache = createDataKeyCache({ keysMax: 1 })
    const { load, isErased } = source()
    const names = ['a', 'b', 'a', 'b', 'c']
    const uses = await Promise.all(
      names.map((name) => cache.use(name, 0, load, ({ plaintext }) => plaintext.some((byte) => byte !== 0))),
    )
    expect(uses).toEqual([true, true, true, true, true])
    expect([0, 1, 2, 3].map(isErased)).toEqual([true, true, true, true])
    expect(isErased(4)).toBe(false)
  })

  it('are given without waiting once they are there, within the same bounds', async () => {
    const cache = createDataKeyCache({ usesMax: 3, keysMax: 1 })
    const { load, isErased } = source()
    const loading = cache.use('a', 0, load, firstByte)
    expect(cache.useNow('a', 0, firstByte)).toBeNull()
    await loading
    expect([1, 2, 3].map(() => cache.useNow('a', 0, firstByte))).toEqual([1, 1, null])
    await Promise.resolve()
    expect(isErased(0)).toBe(true)
    await cache.use('a', 0, load, firstByte)
    await cache.use('b', 0, load, firstByte)
    expect(cache.useNow('a', 0, firstByte)).toBeNull()
    expect(cache.useNow('b', 0, firstByte)).toBe(3)
    expect(() =>
      cache.useNow('b', 0, () => {
        throw new Error('of the caller')
      }),
    ).toThrow('of the caller')
    cache.clear()
    expect(cache.useNow('b', 0, firstByte)).toBeNull()
    await Promise.resolve()
    expect([1, 2].map(isErased)).toEqual([true, true])
  })

  it('are erased at the end, also those that come later', async () => {
    const cache = createDataKeyCache()
    const { load, isErased } = source()
    await cache.use('a', 0, load, firstByte)
    const late = cache.use('b', 0, load, firstByte)
    cache.clear()
    expect(await late).toBe(2)
    expect([0, 1].map(isErased)).toEqual([true, true])
  })

  it('are not kept where they could not be had: the next caller asks again', async () => {
    const cache = createDataKeyCache()
    const { load } = source()
    const fail = vi.fn(() => Promise.reject(new Error('refused')))
    const outcomes = await Promise.allSettled([1, 2].map(() => cache.use('a', 0, fail, firstByte)))
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(fail).toHaveBeenCalledTimes(1)
    expect(await cache.use('a', 0, load, firstByte)).toBe(1)
  })

  it.each(['usesMax', 'bytesMax', 'ageMs', 'keysMax'])('refuse a bound of zero: %s', (name) => {
    for (const value of [0, -1, 1.5, Number.NaN]) {
      const make = () => createClient({ url: 'http://localhost', token: 'x', dataKeys: { [name]: value } })
      expect(make).toThrow(
        new RangeError(
          `dataKeys.${name} must be an integer of at least 1, got ${value}. With usesMax 1 each envelope has a data key of its own.`,
        ),
      )
    }
  })
})
