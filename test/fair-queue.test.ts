import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFairQueue, type TaskOwner } from '../src/fair-queue.ts'

interface Task {
  readonly owner: TaskOwner
  readonly client: AbortController
  readonly outcome: Promise<string>
  finish(): void
  fail(): void
}

/** A queue whose tasks run until the test ends them, and the order in which they started. */
function watchedQueue(options: { slots: number; slotsPerProject?: number }) {
  const queue = createFairQueue(options)
  const started: Task[] = []
  const dropped: Task[] = []
  function add(project: string, caller = 'ann'): Task {
    const client = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const owner = { project, caller, signal: client.signal }
    const outcome = queue.run(owner, () => {
      started.push(task)
      return promise
    })
    const task: Task = {
      owner,
      client,
      outcome: outcome.catch((error: unknown) => {
        if (error === client.signal.reason) dropped.push(task)
        return String(error)
      }),
      finish: () => resolve('finished'),
      fail: () => reject(new Error('failed')),
    }
    return task
  }
  return { queue, started, dropped, add }
}

/** Everything that follows without waiting for anything outside has then happened. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a fair queue', () => {
  it('runs no more tasks than it has slots, and all of them in the end, also where some fail', async () => {
    const { queue, started, add } = watchedQueue({ slots: 2 })
    const tasks = Array.from({ length: 9 }, (_, index) => add(`project-${index % 2}`))
    for (const [index] of tasks.entries()) {
      await settle()
      expect(queue.running).toBe(Math.min(2, tasks.length - index))
      if (index % 3 === 0) started[index]?.fail()
      else started[index]?.finish()
    }
    const outcomes = await Promise.all(tasks.map(({ outcome }) => outcome))
    expect(outcomes.filter((each) => each === 'finished')).toHaveLength(6)
    await settle()
    expect([queue.running, queue.waiting]).toEqual([0, 0])
  })

  it('lets a project with one task pass a project with a thousand, however many callers that has', async () => {
    const { started, add } = watchedQueue({ slots: 1 })
    for (let n = 0; n < 1000; n++) add('crowd', `caller-${n % 50}`)
    await settle()
    add('single')
    started[0]?.finish()
    await settle()
    expect(started.map(({ owner }) => owner.project)).toEqual(['crowd', 'single'])
  })

  it('takes turns among the callers of a project, and keeps the order of each caller', async () => {
    const { started, add } = watchedQueue({ slots: 1 })
    const order: Task[] = []
    for (const caller of ['a', 'a', 'a', 'b', 'b', 'c']) order.push(add('project', caller))
    for (let n = 0; n < 6; n++) {
      await settle()
      started[n]?.finish()
    }
    expect(started.map(({ owner }) => owner.caller).join('')).toBe('abcaba')
    const ofA = (tasks: readonly Task[]) => tasks.filter(({ owner }) => owner.caller === 'a')
    expect(ofA(started)).toEqual(ofA(order))
  })

  it('keeps a slot free of a project where a project may not have all of them', async () => {
    const { queue, started, add } = watchedQueue({ slots: 2, slotsPerProject: 1 })
    for (let n = 0; n < 5; n++) add('crowd')
    await settle()
    expect(queue.running).toBe(1)
    add('single')
    await settle()
    expect(started.map(({ owner }) => owner.project)).toEqual(['crowd', 'single'])
  })

  it('never starts a task whose owner has abandoned it, and starts none for one that was abandoned before', async () => {
    const { queue, started, dropped, add } = watchedQueue({ slots: 1 })
    const running = add('project')
    const waiting = add('project')
    await settle()
    waiting.client.abort(new Error('gone'))
    running.client.abort(new Error('gone'))
    await settle()
    expect(dropped).toEqual([waiting])
    expect(queue.waiting).toBe(0)
    running.finish()
    expect(await running.outcome).toBe('finished')
    const late = new AbortController()
    late.abort(new Error('gone'))
    const owner = { project: 'project', caller: 'ann', signal: late.signal }
    await expect(queue.run(owner, async () => started.push(running))).rejects.toThrow('gone')
    expect(started).toEqual([running])
  })

  it('is fair and complete, whatever happens in which order', async () => {
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ project: fc.constantFrom('p', 'q', 'r'), caller: fc.constantFrom('a', 'b') }),
      },
      { weight: 4, arbitrary: fc.record({ ends: fc.nat(9), fails: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ abandons: fc.nat(9) }) },
    )
    const limits = fc.record({
      slots: fc.integer({ min: 1, max: 4 }),
      spared: fc.integer({ min: 0, max: 1 }),
    })
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 60 }), async ({ slots, spared }, steps) => {
        const slotsPerProject = Math.max(1, slots - spared)
        const { queue, started, add } = watchedQueue({ slots, slotsPerProject })
        let waiting: Task[] = []
        let running: Task[] = []
        for (const each of steps) {
          const before = started.length
          const runningBefore = [...running]
          if ('project' in each) waiting.push(add(each.project, each.caller))
          else if ('ends' in each) {
            const ending = running[each.ends % Math.max(1, running.length)]
            if (each.fails) ending?.fail()
            else ending?.finish()
            running = running.filter((task) => task !== ending)
          } else {
            const going = waiting[each.abandons % Math.max(1, waiting.length)]
            going?.client.abort(new Error('gone'))
            waiting = waiting.filter((task) => task !== going)
          }
          const couldStart = [...waiting]
          await settle()
          const nowStarted = started.slice(before)
          running.push(...nowStarted)
          waiting = waiting.filter((task) => !nowStarted.includes(task))
          const runningOf = (tasks: readonly Task[], project: string) =>
            tasks.filter(({ owner }) => owner.project === project).length
          expect([queue.running, queue.waiting]).toEqual([running.length, waiting.length])
          expect(running.length).toBeLessThanOrEqual(slots)
          for (const project of ['p', 'q', 'r']) {
            expect(runningOf(running, project)).toBeLessThanOrEqual(slotsPerProject)
            // A slot is idle only while every project that waits has all that it may have.
            if (runningOf(waiting, project) > 0 && running.length < slots) {
              expect(runningOf(running, project)).toBe(slotsPerProject)
            }
          }
          // One task at most starts in a step, and no waiting project had fewer running tasks than its project.
          const [first] = nowStarted
          if (first === undefined) continue
          const held = running.filter((task) => task !== first && runningBefore.includes(task))
          const own = runningOf(held, first.owner.project)
          for (const { owner } of couldStart) {
            expect(runningOf(held, owner.project)).toBeGreaterThanOrEqual(own)
          }
        }
        while (running.length > 0 || waiting.length > 0) {
          running[0]?.finish()
          running = running.slice(1)
          const before = started.length
          await settle()
          const nowStarted = started.slice(before)
          running.push(...nowStarted)
          waiting = waiting.filter((task) => !nowStarted.includes(task))
        }
        expect([queue.running, queue.waiting]).toEqual([0, 0])
      }),
    )
  })
})
