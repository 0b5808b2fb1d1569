import { setImmediate as nextRound } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createLoopTurns } from '../../src/server/load/admission.ts'

describe('turns on the event loop', () => {
  it('come one in each round, so that what has arrived is served between two long steps', async () => {
    const turns = createLoopTurns()
    const order: string[] = []
    const steps = ['1', '2', '3'].map(async (name) => {
      await turns.next({ project: 'crowd', caller: 'ann', signal: null })
      order.push(`step ${name}`)
    })
    for (let round = 1; round <= 3; round++) {
      await nextRound()
      order.push(`round ${round}`)
    }
    await Promise.all(steps)
    const places = order.map((each) => each.split(' ')[0])
    // Never two steps without a round between them.
    expect(places.filter((each, index) => each === 'step' && places[index + 1] === 'step')).toEqual([])
    expect(order.filter((each) => each.startsWith('step'))).toEqual(['step 1', 'step 2', 'step 3'])
  })

  it('go to another project before a long queue of one', async () => {
    const turns = createLoopTurns()
    const order: string[] = []
    const step = async (project: string) => {
      await turns.next({ project, caller: 'ann', signal: null })
      order.push(project)
    }
    const steps = Array.from({ length: 20 }, () => step('crowd'))
    steps.push(step('shop'))
    await Promise.all(steps)
    expect(order.indexOf('shop')).toBeLessThanOrEqual(1)
  })

  it('are not for those that have gone meanwhile', async () => {
    const turns = createLoopTurns()
    const client = new AbortController()
    const owner = { project: 'crowd', caller: 'ann', signal: client.signal }
    const first = turns.next(owner)
    const second = turns.next(owner)
    client.abort(new Error('gone'))
    await first
    await expect(second).rejects.toThrow('gone')
    await turns.next({ ...owner, signal: null })
  })
})
