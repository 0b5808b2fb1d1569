import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRateLimit } from '../../src/server/load/rate-limit.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** What a caller has used, and when the window ends in which it did. */
interface Window {
  used: number
  endsAtMs: number
}

describe('a rate limit', () => {
  it('gives each key its units in every window, all or none of what is asked, and says when there are more', async () => {
    const [units, windowSeconds] = [10, 5]
    const step = fc.record({
      key: fc.constantFrom('a', 'b'),
      asked: fc.integer({ min: 1, max: 12 }),
      passesMs: fc.constantFrom(0, 1, 1000, 2500, 4999, 5000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const limit = createRateLimit({ units, windowSeconds })
        const model = new Map<string, Window>()
        for (const { key, asked, passesMs } of steps) {
          await vi.advanceTimersByTimeAsync(passesMs)
          const nowMs = Date.now()
          const known = model.get(key)
          const window =
            known !== undefined && known.endsAtMs > nowMs
              ? known
              : { used: 0, endsAtMs: nowMs + windowSeconds * 1000 }
          model.set(key, window)
          const leftSeconds = Math.ceil((window.endsAtMs - nowMs) / 1000)
          const isGranted = window.used + asked <= units
          expect(await limit.take(key, asked)).toBe(isGranted ? 0 : leftSeconds)
          if (isGranted) window.used += asked
          expect(await limit.used(key)).toBe(window.used)
          expect(await limit.secondsUntilFree(key)).toBe(window.used >= units ? leftSeconds : 0)
        }
      }),
    )
  })

  it('grants what it has refused once the time that it names is over, and not before', async () => {
    const limit = createRateLimit({ units: 3, windowSeconds: 10 })
    expect(await limit.take('a', 3)).toBe(0)
    await vi.advanceTimersByTimeAsync(2500)
    expect(await limit.take('a', 1)).toBe(8)
    await vi.advanceTimersByTimeAsync(7499)
    expect(await limit.take('a', 1)).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(await limit.take('a', 3)).toBe(0)
  })

  it('remembers no more keys than it may, and forgets the one that was not seen for longest', async () => {
    const limit = createRateLimit({ units: 1, windowSeconds: 60, keysMax: 100 })
    for (let n = 0; n < 1000; n++) expect(await limit.take(`key ${n}`, 1)).toBe(0)
    expect(limit.size).toBe(100)
    // One timer of the library for each entry: what is forgotten is so there, too.
    expect(vi.getTimerCount()).toBe(100)
    expect(await limit.take('key 999', 1)).toBe(60)
    expect(await limit.take('key 0', 1)).toBe(0)
  })

  it('of 0 units is none', async () => {
    const limit = createRateLimit({ units: 0, windowSeconds: 1 })
    expect(await limit.take('a', 1_000_000)).toBe(0)
    expect(await limit.secondsUntilFree('a')).toBe(0)
    expect(limit.size).toBe(0)
  })
})
