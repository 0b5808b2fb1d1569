import { describe, expect, it } from 'vitest'
import { judge } from '../../bench/soak-memory.ts'

const mebibyte = 1024 * 1024

/** Ten minutes of samples: a level that is reached during the warm-up, some noise, and growth. */
function samplesOf(growthMiBPerHour: { heap: number; resident: number }) {
  return Array.from({ length: 40 }, (_, n) => {
    const atMs = (n + 1) * 15_000
    const level = 100 + Math.min(n, 12) * 10 + (n % 3)
    const heap = (level + (growthMiBPerHour.heap * atMs) / 3_600_000) * mebibyte
    const resident = (level * 3 + (growthMiBPerHour.resident * atMs) / 3_600_000) * mebibyte
    return { atMs, heap, resident, answers: n * 5000 }
  })
}

describe('the verdict on memory', () => {
  it('is that it is flat where only the warm-up needs more', () => {
    const { heapMiBPerHour, residentMiBPerHour, isFlat } = judge(samplesOf({ heap: 0, resident: 0 }))
    expect(Math.abs(heapMiBPerHour)).toBeLessThan(20)
    expect(Math.abs(residentMiBPerHour)).toBeLessThan(60)
    expect(isFlat).toBe(true)
  })

  it.each([
    ['heap', { heap: 100, resident: 0 }],
    ['resident memory', { heap: 0, resident: 400 }],
  ])('is that it grows where %s does', (_, growth) => {
    expect(judge(samplesOf(growth)).isFlat).toBe(false)
  })

  it('needs samples from after the warm-up, which ends later on a slow machine', () => {
    expect(() => judge([])).toThrow('too few samples')
    const slow = samplesOf({ heap: 0, resident: 0 }).map((sample, n) => ({ ...sample, answers: n * 1000 }))
    expect(() => judge(slow)).toThrow('too few samples')
  })
})
