import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type BodyOwner, createArrivingBodies } from '../../src/server/http/receive-body.ts'

beforeEach(
  () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] }),
)
afterEach(() => void vi.useRealTimers())

/** A caller with a lower-case letter has a project of its own; those with the others are all of one project. */
function ownerOf(caller: string): BodyOwner {
  return { caller, project: caller === caller.toLowerCase() ? caller : 'CROWD' }
}

/** Callers whose bodies begin one after the other, a second passing where there is a dot: who loses, and who gets no slot. */
function outcomeOf(slotsMax: number, steps: string, earlyMax = 0): { lost: number[]; refused: number[] } {
  const bodies = createArrivingBodies({ earlyMax, slotsMax })
  const outcome = { lost: [] as number[], refused: [] as number[] }
  for (const [number, step] of [...steps.replaceAll('.', '')].entries()) {
    const dots = /^\.*/.exec(steps.slice(positionOf(steps, number)))?.[0].length ?? 0
    if (bodies.hold(ownerOf(step), () => void outcome.lost.push(number)) === null)
      outcome.refused.push(number)
    vi.advanceTimersByTime(1 + dots * 1000)
  }
  return outcome
}

/** Where the text goes on after so many callers and the one that follows. */
function positionOf(steps: string, callers: number): number {
  let seen = -1
  return [...steps].findIndex((step) => step !== '.' && ++seen === callers) + 1
}

describe('slots for bodies that are still arriving', () => {
  it.each([
    ['displace nobody while there are some', 3, 'aab', [], []],
    ['are taken from who has more, however short a time', 3, 'baac', [1], []],
    ['are taken down to what others have', 4, 'aaaabcd', [0, 1, 2], []],
    ['are not taken at once from who has as many', 3, 'abcd', [], [3]],
    ['are taken later from who has as many, the oldest first', 3, 'abc.def', [0, 1, 2], []],
    ['are not taken at once from the same caller', 3, 'abaa', [], [3]],
    ['are taken later from the same caller', 3, 'aba.a', [0], []],
    ['are not taken from who has fewer', 3, 'b.aaa', [], [3]],
    ['are one', 1, 'a.b', [0], []],
    ['are taken from the project that has more, of however many callers', 4, 'aABCb', [1], []],
    ['are taken from the caller that has most in a project', 4, 'ABBCa', [1], []],
    ['are not taken at once from a project by another caller of it', 3, 'ABCD', [], [3]],
  ] as [string, number, string, number[], number[]][])('%s', (_what, slotsMax, steps, lost, refused) => {
    expect(outcomeOf(slotsMax, steps)).toEqual({ lost, refused })
  })

  it('are given back once', () => {
    const bodies = createArrivingBodies({ earlyMax: 0, slotsMax: 2 })
    const giveBack = bodies.hold(ownerOf('a'), () => {})
    bodies.hold(ownerOf('b'), () => {})
    giveBack?.()
    giveBack?.()
    expect(bodies.count).toBe(1)
    expect(bodies.hold(ownerOf('c'), () => {})).not.toBeNull()
    expect(bodies.hold(ownerOf('d'), () => {})).toBeNull()
  })

  it('are never more than there are; whoever has fewer than another gets one', () => {
    const steps = fc.array(fc.record({ caller: fc.constantFrom('a', 'b', 'c'), isEnd: fc.boolean() }))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), steps, (slotsMax, all) => {
        const bodies = createArrivingBodies({ earlyMax: 0, slotsMax })
        const held: { caller: string; giveBack: () => void }[] = []
        const countOf = (caller: string) => held.filter((each) => each.caller === caller).length
        const most = () => Math.max(...['a', 'b', 'c'].map(countOf))
        for (const { caller, isEnd } of all) {
          if (isEnd) {
            held.shift()?.giveBack()
            continue
          }
          const mayHave = held.length < slotsMax || most() > countOf(caller) + 1
          const slot = { caller, giveBack: () => {} }
          const giveBack = bodies.hold(ownerOf(caller), () => {
            expect(countOf(caller)).toBe(most())
            held.splice(held.indexOf(slot), 1)
          })
          expect(giveBack !== null).toBe(mayHave)
          if (giveBack !== null) held.push(Object.assign(slot, { giveBack }))
          expect(held.length).toBeLessThanOrEqual(slotsMax)
          expect(bodies.count).toBe(held.length)
        }
      }),
    )
  })
})

describe('a body that has just begun', () => {
  it('needs no slot', () => {
    const bodies = createArrivingBodies({ earlyMax: 3, slotsMax: 1 })
    const lost: string[] = []
    const ends = ['a', 'a', 'a'].map((caller) => bodies.hold(ownerOf(caller), () => lost.push(caller)))
    vi.advanceTimersByTime(99)
    for (const end of ends) end?.()
    vi.advanceTimersByTime(1000)
    expect([lost, bodies.count]).toEqual([[], 0])
  })

  it('needs one once it takes longer, and is lost where there is none', () => {
    const bodies = createArrivingBodies({ earlyMax: 3, slotsMax: 1 })
    const lost: string[] = []
    const [endA] = ['a', 'b'].map((caller) => bodies.hold(ownerOf(caller), () => lost.push(caller)))
    vi.advanceTimersByTime(200)
    expect([lost, bodies.count]).toEqual([['b'], 1])
    endA?.()
    endA?.()
    expect(bodies.count).toBe(0)
  })

  it('needs one at once where too many have just begun', () => {
    expect(outcomeOf(1, 'abc', 1)).toEqual({ lost: [], refused: [2] })
  })
})
