import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { connectionsOf, countWorkers, heapFlagsOf, processMiB, shareOf } from '../../src/workers/shares.ts'

const postgres = { DATABASE_URL: 'postgresql://db/keystead' }

describe('the number of workers', () => {
  it.each([
    // Processors, memory in MiB, workers.
    [1, 8192, 1],
    [8, 64_000, 8],
    // A container whose processors are not limited on a large machine.
    [64, 1024, 2],
    [64, 256, 1],
  ])('of "auto" with %i processors and %i MiB is %i', (processors, memoryMiB, workers) => {
    expect(countWorkers({ ...postgres, WORKERS: 'auto' }, { processors, memoryMiB })).toBe(workers)
  })

  it('is what was asked for, also if the machine is smaller', () => {
    expect(countWorkers({ ...postgres, WORKERS: 9 }, { processors: 2, memoryMiB: 512 })).toBe(9)
  })

  it('is one on the embedded database', () => {
    expect(countWorkers({ DATABASE_URL: null, WORKERS: 'auto' }, { processors: 8, memoryMiB: 64_000 })).toBe(
      1,
    )
  })

  it('of "auto" always fits the memory, and never exceeds the processors', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 256 }),
        fc.integer({ min: 64, max: 1_000_000 }),
        (processors, memoryMiB) => {
          const workers = countWorkers({ ...postgres, WORKERS: 'auto' }, { processors, memoryMiB })
          expect(workers).toBeGreaterThanOrEqual(1)
          expect(workers).toBeLessThanOrEqual(processors)
          if (workers > 1)
            expect(processMiB.primary + workers * processMiB.worker).toBeLessThanOrEqual(memoryMiB)
        },
      ),
    )
  })
})

describe('the shares of workers', () => {
  it('divide the connections, of which each has what it needs to read while it writes', () => {
    expect(shareOf({ DATABASE_POOL_SIZE: 10 }, 2, 2)).toEqual({ processors: 1, poolSize: 5 })
    expect(shareOf({ DATABASE_POOL_SIZE: 10 }, 16, 16)).toEqual({ processors: 1, poolSize: 4 })
    expect(shareOf({ DATABASE_POOL_SIZE: 2 }, 4, 8)).toEqual({ processors: 2, poolSize: 2 })
    expect(shareOf({ DATABASE_POOL_SIZE: 10 }, 1, 2)).toEqual({ processors: 2, poolSize: 10 })
    expect(connectionsOf({ DATABASE_POOL_SIZE: 10 }, 2)).toBe(12)
    expect(connectionsOf({ DATABASE_POOL_SIZE: 10 }, 16)).toBe(80)
  })
})

describe('the heap of workers', () => {
  it('has the limits of V8 where memory is ample, and its share of the memory where it is not', () => {
    expect(heapFlagsOf(24_000, 2)).toEqual([])
    expect(heapFlagsOf(1024, 2)).toEqual(['--max-semi-space-size=8', '--max-old-space-size=278'])
    // More workers than fit were asked for: they are no smaller than what they need.
    expect(heapFlagsOf(512, 4)).toEqual(['--max-semi-space-size=8', '--max-old-space-size=268'])
  })
})
