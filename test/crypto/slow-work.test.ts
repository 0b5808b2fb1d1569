import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import { algorithms } from '../../src/crypto/algorithms.ts'
import { poolThreadsFor, type SlowWork, slotsFor } from '../../src/crypto/slow-work.ts'
import { weightOf, weights } from '../../src/crypto/weights.ts'
import { callsOf } from './capability-calls.ts'

/** Whether the code that runs does so in a slot for slow work. */
const slot = new AsyncLocalStorage<true>()

/** Runs a call. Tells how many slots it took, and which cryptographic jobs it gave to the pool outside of them. */
async function watch(
  run: (work: SlowWork) => Promise<unknown>,
): Promise<{ slots: number; outside: string[] }> {
  let slots = 0
  const startedOutside = new Map<number, string>()
  const outside: string[] = []
  const hook = createHook({
    init(id, type) {
      if (type.endsWith('REQUEST') && slot.getStore() === undefined) startedOutside.set(id, type)
    },
    // Only what the pool has done comes back to the event loop; what runs on the event loop itself does not.
    before(id) {
      const type = startedOutside.get(id)
      if (type !== undefined) outside.push(type)
    },
  }).enable()
  try {
    await run((_length, task) => {
      slots++
      return slot.run(true, task)
    })
  } finally {
    hook.disable()
  }
  return { slots, outside }
}

describe.each(algorithms)('$name', (entry) => {
  it('gives no work to the thread pool outside of a slot, and does nothing that weighs much on the event loop', async () => {
    for (const { operation, run } of await callsOf(entry)) {
      const { slots, outside } = await watch(run)
      expect(outside, operation).toEqual([])
      if (weightOf(entry.name, operation) >= 5) expect(slots, operation).toBeGreaterThan(0)
    }
  })

  it('has a weight for each operation that takes a slot', async () => {
    const weighed = Object.keys(weights[entry.name] ?? {})
    const calls = await callsOf(entry)
    for (const operation of weighed) expect(calls.map((each) => each.operation)).toContain(operation)
    if (entry.type === 'ASYMMETRIC') expect(weighed).toEqual(expect.arrayContaining(['GENERATE', 'IMPORT']))
    for (const { operation, run } of calls) {
      const { slots } = await watch(run)
      if (slots > 0) expect(weighed, operation).toContain(operation)
    }
  })
})

describe('the watcher of this test', () => {
  it('notices a job that is given to the pool outside of a slot', async () => {
    const [rsa] = algorithms.filter(({ name }) => name === 'RSA_2048')
    const { outside } = await watch(async () => {
      await rsa?.generate((_length, task) => task())
    })
    expect(outside).toEqual(['KEYPAIRGENREQUEST'])
  })
})

describe('the weights', () => {
  it('are whole units, and grow with the size of an RSA key', () => {
    const all = Object.values(weights).flatMap((each) => Object.values(each))
    expect(all.every((units) => Number.isInteger(units) && units > 1)).toBe(true)
    for (const operation of ['GENERATE', 'IMPORT', 'SIGN', 'DECRYPT'] as const) {
      const [small, middle, large] = ['RSA_2048', 'RSA_3072', 'RSA_4096'].map((name) =>
        weightOf(name, operation),
      )
      expect([small, middle, large]).toEqual([small, middle, large].toSorted((a = 0, b = 0) => a - b))
      expect(small).toBeLessThan(large ?? 0)
    }
  })

  it('are of algorithms that exist', () => {
    expect(algorithms.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(weights)))
  })
})

describe('slots', () => {
  it.each([1, 2, 3, 4, 8, 16, 64, 128])(
    'leave threads to others on %i processors, also while names are looked up',
    (processors) => {
      const threads = poolThreadsFor(processors)
      const { SHORT, LONG } = slotsFor(processors, threads)
      expect(threads - Math.ceil(threads / 2) - SHORT - LONG).toBeGreaterThanOrEqual(1)
      expect(SHORT).toBe(Math.max(1, processors - 1))
    },
  )

  it.each([4, 5, 6, 12])('leave a thread of a pool of %i threads, whatever the processors', (threads) => {
    for (const processors of [1, 2, 16, 128]) {
      const { SHORT, LONG } = slotsFor(processors, threads)
      expect(SHORT + LONG).toBeLessThan(threads)
    }
  })

  it('keep short work apart from long work, and long work of one project from that of another', () => {
    for (const processors of [1, 2, 16]) {
      const { SHORT, LONG } = slotsFor(processors)
      expect([SHORT >= 1, LONG >= 2]).toEqual([true, true])
    }
  })
})
