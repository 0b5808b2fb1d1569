import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Admission, type AdmittedRequest, createAdmission } from '../../src/server/load/admission.ts'

/** So few that a single caller may run them all. */
const limits = { runningMax: 2, queuedMax: 4, waitMs: 1000 }
const insideMax = 6
/** Slots of one caller: all that may run, and half of the queue. */
const shareMax = 4

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

interface Sent {
  readonly request: AdmittedRequest
  readonly caller: string
  readonly client: AbortController
  state: 'queued' | 'running' | 'refused'
}

/** Lets a request in and waits for what can be said at once. */
async function arrive(
  admission: Admission,
  caller: string,
  project = caller,
): Promise<Sent | 'full' | 'share'> {
  const request = admission.admit()
  if (request === null) return 'full'
  if (!request.assign(caller, project)) {
    request.release()
    return 'share'
  }
  const sent: Sent = { request, caller, client: new AbortController(), state: 'queued' }
  void request.start(sent.client.signal).then((isOn) => {
    sent.state = isOn ? 'running' : 'refused'
    if (!isOn) request.release()
  })
  await settle()
  return sent
}

async function arriveInside(admission: Admission, caller: string, project = caller): Promise<Sent> {
  const sent = await arrive(admission, caller, project)
  if (typeof sent === 'string') throw new Error(sent)
  return sent
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
        const all: Sent[] = []
        const allIn = (state: Sent['state']) => all.filter((sent) => sent.state === state)
        const inside = () => all.filter(({ state }) => state !== 'refused')
        for (const each of steps) {
          if ('arrives' in each) {
            const ofCaller = inside().filter((sent) => sent.caller === each.arrives).length
            const expected = inside().length >= insideMax ? 'full' : ofCaller >= shareMax ? 'share' : null
            const sent = await arrive(admission, each.arrives)
            if (typeof sent !== 'string') all.push(sent)
            expect(typeof sent === 'string' ? sent : null).toBe(expected)
          } else if ('leaves' in each) {
            const leaving = allIn('running')[each.leaves]
            if (leaving === undefined) continue
            leaving.request.release()
            // A second time changes nothing.
            leaving.request.release()
            all.splice(all.indexOf(leaving), 1)
          } else if ('goes' in each) allIn('queued')[each.goes]?.client.abort()
          else await vi.advanceTimersByTimeAsync(each.passesMs)
          await settle()
          expect(admission.admitted).toBe(inside().length)
          expect(admission.running).toBe(allIn('running').length)
          expect(admission.running).toBe(Math.min(limits.runningMax, inside().length))
        }
        for (const sent of [...all]) sent.client.abort()
        await settle()
        for (const sent of allIn('running')) sent.request.release()
        await admission.untilEmpty()
        expect([admission.admitted, admission.running]).toEqual([0, 0])
        expect(vi.getTimerCount()).toBe(0)
      }),
    )
  })

  it('takes callers in turn, so that who asks once does not wait for all that another has asked before', async () => {
    const admission = createAdmission({ ...limits, queuedMax: 20 })
    const [first, ...crowd] = await Promise.all(
      Array.from({ length: 8 }, () => arriveInside(admission, 'crowd')),
    )
    const single = await arriveInside(admission, 'single')
    expect(single.state).toBe('queued')
    first?.request.release()
    await settle()
    crowd[0]?.request.release()
    await settle()
    expect(single.state).toBe('running')
    expect(crowd.filter(({ state }) => state === 'queued')).toHaveLength(5)
  })

  it('always has room for another caller than the one who takes all there is', async () => {
    const admission = createAdmission(limits)
    for (let n = 0; n < shareMax; n++) await arriveInside(admission, 'crowd')
    expect(await arrive(admission, 'crowd')).toBe('share')
    expect((await arriveInside(admission, 'single')).state).toBe('queued')
  })

  it('has a part of its places for those whose caller is not known yet, and the rest for those who are known', async () => {
    const admission = createAdmission({ runningMax: 4, queuedMax: 4, waitMs: 1000 })
    const enter = () => {
      const request = admission.admit()
      if (request === null) throw new Error('full')
      return request
    }
    const [first, second, third] = [enter(), enter(), enter()]
    expect([
      first.markUnauthenticated(false),
      second.markUnauthenticated(false),
      third.markUnauthenticated(false),
    ]).toEqual([true, true, false])
    third.release()
    expect((await arriveInside(admission, 'known')).state).toBe('running')
    // Who is found out makes room, and so does who leaves.
    first.assign('found out', 'shop')
    const fourth = enter()
    expect(fourth.markUnauthenticated(false)).toBe(true)
    second.release()
    second.release()
    expect([enter().markUnauthenticated(false), enter().markUnauthenticated(false)]).toEqual([true, false])
    // Those who name a caller that is known are counted apart.
    expect([enter().markUnauthenticated(true), enter().markUnauthenticated(true)]).toEqual([true, true])
    expect(admission.admit()?.markUnauthenticated(true)).toBe(false)
  })

  it('has room for others while a body is waited for, and takes its request back in if there is room then', async () => {
    const admission = createAdmission(limits)
    const [slow] = [await arriveInside(admission, 'a')]
    slow.request.finish()
    slow.request.yieldSlot()
    slow.request.yieldSlot()
    expect(admission.admitted).toBe(0)
    await admission.untilEmpty()
    expect(slow.request.retakeSlot()).toBe(true)
    expect(slow.request.retakeSlot()).toBe(true)
    expect(admission.admitted).toBe(1)
    slow.request.yieldSlot()
    for (let n = 0; n < shareMax; n++) await arriveInside(admission, 'a')
    expect(slow.request.retakeSlot()).toBe(false)
    for (let n = shareMax; n < insideMax; n++) await arriveInside(admission, 'b')
    expect(slow.request.retakeSlot()).toBe(false)
    slow.request.release()
    expect(admission.admitted).toBe(insideMax)
  })

  it('keeps a place after the turn has ended, for as long as its sent stays', async () => {
    const admission = createAdmission(limits)
    const all = await Promise.all(Array.from({ length: 3 }, () => arriveInside(admission, 'a')))
    all[0]?.request.finish()
    all[0]?.request.finish()
    await settle()
    expect(all.map(({ state }) => state)).toEqual(['running', 'running', 'running'])
    expect([admission.running, admission.admitted]).toEqual([2, 3])
    all[0]?.request.release()
    expect([admission.running, admission.admitted]).toEqual([2, 2])
  })

  it('keeps turns free for others from callers who take all they can get, the fewer for each the more these are', async () => {
    const admission = createAdmission({ runningMax: 64, queuedMax: 1000, waitMs: 1000 })
    const greedy = ['a', 'b', 'c', 'd']
    const all: Sent[] = []
    const runningOf = (caller: string) =>
      all.filter((sent) => sent.caller === caller && sent.state === 'running').length
    for (let n = 0; n < 64; n++) all.push(await arriveInside(admission, 'a'))
    expect(runningOf('a')).toBe(48)
    expect((await arriveInside(admission, 'early')).state).toBe('running')
    for (const caller of greedy.slice(1)) {
      for (let n = 0; n < 64; n++) all.push(await arriveInside(admission, caller))
    }
    // The turns of who came first go to the others as they end, until all have about as many, and some are free.
    for (let round = 0; round < 200; round++) {
      const [first] = all.filter(({ state }) => state === 'running')
      if (first === undefined) throw new Error('nobody is under way')
      all.splice(all.indexOf(first), 1)
      first.request.release()
      all.push(await arriveInside(admission, first.caller))
      await settle()
    }
    for (const caller of greedy) expect(runningOf(caller), caller).toBeGreaterThan(10)
    expect(admission.running).toBeLessThan(64)
    expect((await arriveInside(admission, 'single')).state).toBe('running')
  })

  it('keeps turns and places free for another project, however many callers one has', async () => {
    const admission = createAdmission({ runningMax: 64, queuedMax: 256, waitMs: 1000 })
    const all: Sent[] = []
    let refused = 0
    for (let n = 0; n < 400; n++) {
      const sent = await arrive(admission, `caller-${n}`, 'crowd')
      if (typeof sent === 'string') refused++
      else all.push(sent)
    }
    expect(all.filter(({ state }) => state === 'running')).toHaveLength(48)
    // All turns, and three quarters of the places for waiting.
    expect([all.length, refused]).toEqual([256, 144])
    expect((await arriveInside(admission, 'single', 'other')).state).toBe('running')
  })

  it('gives the next turn to the project with the fewest, not to the next of many callers of one', async () => {
    const admission = createAdmission({ runningMax: 2, queuedMax: 100, waitMs: 1000 })
    const crowd: Sent[] = []
    for (let n = 0; n < 30; n++) crowd.push(await arriveInside(admission, `caller-${n}`, 'crowd'))
    const single = await arriveInside(admission, 'single', 'other')
    expect(single.state).toBe('queued')
    crowd[0]?.request.release()
    await settle()
    expect(single.state).toBe('running')
  })

  it('refuses whoever has waited for as long as one may wait', async () => {
    const admission = createAdmission(limits)
    for (let n = 0; n < 2; n++) await arriveInside(admission, 'a')
    const late = await arriveInside(admission, 'b')
    await vi.advanceTimersByTimeAsync(999)
    expect(late.state).toBe('queued')
    await vi.advanceTimersByTimeAsync(1)
    expect(late.state).toBe('refused')
    expect(admission.admitted).toBe(2)
  })

  it('tells when nobody is inside, and at once where nobody is', async () => {
    const admission = createAdmission(limits)
    await admission.untilEmpty()
    const sent = await arriveInside(admission, 'a')
    let isEmpty = false
    void admission.untilEmpty().then(() => {
      isEmpty = true
    })
    await settle()
    expect(isEmpty).toBe(false)
    sent.request.release()
    await settle()
    expect(isEmpty).toBe(true)
  })
})
