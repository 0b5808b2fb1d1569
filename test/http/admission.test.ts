import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Admission, createAdmission, type Visit } from '../../src/server/load/admission.ts'

/** So few turns that a single caller may have them all. */
const limits = { underWayMax: 2, waitingMax: 4, waitMs: 1000 }
const insideMax = 6
/** Of one caller: everything that is worked on, and half of what may wait. */
const shareMax = 4

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

interface Guest {
  readonly visit: Visit
  readonly caller: string
  readonly client: AbortController
  state: 'waiting' | 'under way' | 'refused'
}

/** Lets a request in and waits for what can be said at once. */
async function arrive(
  admission: Admission,
  caller: string,
  project = caller,
): Promise<Guest | 'full' | 'share'> {
  const visit = admission.enter()
  if (visit === null) return 'full'
  if (!visit.belongTo(caller, project)) {
    visit.leave()
    return 'share'
  }
  const guest: Guest = { visit, caller, client: new AbortController(), state: 'waiting' }
  void visit.turn(guest.client.signal).then((isOn) => {
    guest.state = isOn ? 'under way' : 'refused'
    if (!isOn) visit.leave()
  })
  await settle()
  return guest
}

async function arriveInside(admission: Admission, caller: string, project = caller): Promise<Guest> {
  const guest = await arrive(admission, caller, project)
  if (typeof guest === 'string') throw new Error(guest)
  return guest
}

/** Everything that follows without waiting for anything outside has then happened. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('admission', () => {
  it('keeps every limit, and lets nobody wait while there is a turn, whatever happens in which order', async () => {
    const caller = fc.constantFrom('a', 'b', 'c')
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ arrives: caller }) },
      { weight: 2, arbitrary: fc.record({ leaves: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ goes: fc.nat(9) }) },
      { weight: 1, arbitrary: fc.record({ passesMs: fc.nat(1500) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const admission = createAdmission(limits)
        const guests: Guest[] = []
        const all = (state: Guest['state']) => guests.filter((guest) => guest.state === state)
        const inside = () => guests.filter(({ state }) => state !== 'refused')
        for (const each of steps) {
          if ('arrives' in each) {
            const ofCaller = inside().filter((guest) => guest.caller === each.arrives).length
            const expected = inside().length >= insideMax ? 'full' : ofCaller >= shareMax ? 'share' : null
            const guest = await arrive(admission, each.arrives)
            if (typeof guest !== 'string') guests.push(guest)
            expect(typeof guest === 'string' ? guest : null).toBe(expected)
          } else if ('leaves' in each) {
            const leaving = all('under way')[each.leaves]
            if (leaving === undefined) continue
            leaving.visit.leave()
            // A second time changes nothing.
            leaving.visit.leave()
            guests.splice(guests.indexOf(leaving), 1)
          } else if ('goes' in each) all('waiting')[each.goes]?.client.abort()
          else await vi.advanceTimersByTimeAsync(each.passesMs)
          await settle()
          expect(admission.inside).toBe(inside().length)
          expect(admission.underWay).toBe(all('under way').length)
          expect(admission.underWay).toBe(Math.min(limits.underWayMax, inside().length))
        }
        for (const guest of [...guests]) guest.client.abort()
        await settle()
        for (const guest of all('under way')) guest.visit.leave()
        await admission.empty()
        expect([admission.inside, admission.underWay]).toEqual([0, 0])
        expect(vi.getTimerCount()).toBe(0)
      }),
    )
  })

  it('takes callers in turn, so that who asks once does not wait for all that another has asked before', async () => {
    const admission = createAdmission({ ...limits, waitingMax: 20 })
    const [first, ...crowd] = await Promise.all(
      Array.from({ length: 8 }, () => arriveInside(admission, 'crowd')),
    )
    const single = await arriveInside(admission, 'single')
    expect(single.state).toBe('waiting')
    first?.visit.leave()
    await settle()
    crowd[0]?.visit.leave()
    await settle()
    expect(single.state).toBe('under way')
    expect(crowd.filter(({ state }) => state === 'waiting')).toHaveLength(5)
  })

  it('always has room for another caller than the one who takes all there is', async () => {
    const admission = createAdmission(limits)
    for (let n = 0; n < shareMax; n++) await arriveInside(admission, 'crowd')
    expect(await arrive(admission, 'crowd')).toBe('share')
    expect((await arriveInside(admission, 'single')).state).toBe('waiting')
  })

  it('has a part of its places for those whose caller is not known yet, and the rest for those who are known', async () => {
    const admission = createAdmission({ underWayMax: 4, waitingMax: 4, waitMs: 1000 })
    const enter = () => {
      const visit = admission.enter()
      if (visit === null) throw new Error('full')
      return visit
    }
    const [first, second, third] = [enter(), enter(), enter()]
    expect([first.beStranger(false), second.beStranger(false), third.beStranger(false)]).toEqual([
      true,
      true,
      false,
    ])
    third.leave()
    expect((await arriveInside(admission, 'known')).state).toBe('under way')
    // Who is found out makes room, and so does who leaves.
    first.belongTo('found out', 'shop')
    const fourth = enter()
    expect(fourth.beStranger(false)).toBe(true)
    second.leave()
    second.leave()
    expect([enter().beStranger(false), enter().beStranger(false)]).toEqual([true, false])
    // Those who name a caller that is known are counted apart.
    expect([enter().beStranger(true), enter().beStranger(true)]).toEqual([true, true])
    expect(admission.enter()?.beStranger(true)).toBe(false)
  })

  it('has room for others while a body is waited for, and takes its request back in if there is room then', async () => {
    const admission = createAdmission(limits)
    const [slow] = [await arriveInside(admission, 'a')]
    slow.visit.endTurn()
    slow.visit.leavePlace()
    slow.visit.leavePlace()
    expect(admission.inside).toBe(0)
    await admission.empty()
    expect(slow.visit.retakePlace()).toBe(true)
    expect(slow.visit.retakePlace()).toBe(true)
    expect(admission.inside).toBe(1)
    slow.visit.leavePlace()
    for (let n = 0; n < shareMax; n++) await arriveInside(admission, 'a')
    expect(slow.visit.retakePlace()).toBe(false)
    for (let n = shareMax; n < insideMax; n++) await arriveInside(admission, 'b')
    expect(slow.visit.retakePlace()).toBe(false)
    slow.visit.leave()
    expect(admission.inside).toBe(insideMax)
  })

  it('keeps a place after the turn has ended, for as long as its guest stays', async () => {
    const admission = createAdmission(limits)
    const guests = await Promise.all(Array.from({ length: 3 }, () => arriveInside(admission, 'a')))
    guests[0]?.visit.endTurn()
    guests[0]?.visit.endTurn()
    await settle()
    expect(guests.map(({ state }) => state)).toEqual(['under way', 'under way', 'under way'])
    expect([admission.underWay, admission.inside]).toEqual([2, 3])
    guests[0]?.visit.leave()
    expect([admission.underWay, admission.inside]).toEqual([2, 2])
  })

  it('keeps turns free for others from callers who take all they can get, the fewer for each the more these are', async () => {
    const admission = createAdmission({ underWayMax: 64, waitingMax: 1000, waitMs: 1000 })
    const greedy = ['a', 'b', 'c', 'd']
    const guests: Guest[] = []
    const underWayOf = (caller: string) =>
      guests.filter((guest) => guest.caller === caller && guest.state === 'under way').length
    for (let n = 0; n < 64; n++) guests.push(await arriveInside(admission, 'a'))
    expect(underWayOf('a')).toBe(48)
    expect((await arriveInside(admission, 'early')).state).toBe('under way')
    for (const caller of greedy.slice(1)) {
      for (let n = 0; n < 64; n++) guests.push(await arriveInside(admission, caller))
    }
    // The turns of who came first go to the others as they end, until all have about as many, and some are free.
    for (let round = 0; round < 200; round++) {
      const [first] = guests.filter(({ state }) => state === 'under way')
      if (first === undefined) throw new Error('nobody is under way')
      guests.splice(guests.indexOf(first), 1)
      first.visit.leave()
      guests.push(await arriveInside(admission, first.caller))
      await settle()
    }
    for (const caller of greedy) expect(underWayOf(caller), caller).toBeGreaterThan(10)
    expect(admission.underWay).toBeLessThan(64)
    expect((await arriveInside(admission, 'single')).state).toBe('under way')
  })

  it('keeps turns and places free for another project, however many callers one has', async () => {
    const admission = createAdmission({ underWayMax: 64, waitingMax: 256, waitMs: 1000 })
    const guests: Guest[] = []
    let refused = 0
    for (let n = 0; n < 400; n++) {
      const guest = await arrive(admission, `caller-${n}`, 'crowd')
      if (typeof guest === 'string') refused++
      else guests.push(guest)
    }
    expect(guests.filter(({ state }) => state === 'under way')).toHaveLength(48)
    // All turns, and three quarters of the places for waiting.
    expect([guests.length, refused]).toEqual([256, 144])
    expect((await arriveInside(admission, 'single', 'other')).state).toBe('under way')
  })

  it('gives the next turn to the project with the fewest, not to the next of many callers of one', async () => {
    const admission = createAdmission({ underWayMax: 2, waitingMax: 100, waitMs: 1000 })
    const crowd: Guest[] = []
    for (let n = 0; n < 30; n++) crowd.push(await arriveInside(admission, `caller-${n}`, 'crowd'))
    const single = await arriveInside(admission, 'single', 'other')
    expect(single.state).toBe('waiting')
    crowd[0]?.visit.leave()
    await settle()
    expect(single.state).toBe('under way')
  })

  it('refuses whoever has waited for as long as one may wait', async () => {
    const admission = createAdmission(limits)
    for (let n = 0; n < 2; n++) await arriveInside(admission, 'a')
    const late = await arriveInside(admission, 'b')
    await vi.advanceTimersByTimeAsync(999)
    expect(late.state).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect(late.state).toBe('refused')
    expect(admission.inside).toBe(2)
  })

  it('tells when nobody is inside, and at once where nobody is', async () => {
    const admission = createAdmission(limits)
    await admission.empty()
    const guest = await arriveInside(admission, 'a')
    let isEmpty = false
    void admission.empty().then(() => {
      isEmpty = true
    })
    await settle()
    expect(isEmpty).toBe(false)
    guest.visit.leave()
    await settle()
    expect(isEmpty).toBe(true)
  })
})
