import { describe, expect, it } from 'vitest'
import type { HousekeepingReport } from '../../src/keys/housekeeping/housekeeping.ts'
import { startHousekeeping } from '../../src/keys/housekeeping/scheduler.ts'

const report: HousekeepingReport = { rotatedKeys: 0, sweptKeys: 0, failedKeys: 0 }
const ignored = { onReport: () => {}, onError: () => {} }

describe('housekeeping', () => {
  it('that is stopped asks the round under way to end, and waits until it has', async () => {
    const events: string[] = []
    const started = Promise.withResolvers<void>()
    const housekeeping = startHousekeeping({
      ...ignored,
      intervalMs: 1,
      run(signal) {
        events.push('started')
        started.resolve()
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            events.push('asked to end')
            setImmediate(() => {
              events.push('ended')
              resolve(report)
            })
          })
        })
      },
    })
    await started.promise
    await housekeeping.stop()
    expect(events).toEqual(['started', 'asked to end', 'ended'])
  })

  it('never has two rounds at the same time, however short the interval, and goes on after one that failed', async () => {
    let running = 0
    let most = 0
    let rounds = 0
    const enough = Promise.withResolvers<void>()
    const housekeeping = startHousekeeping({
      ...ignored,
      intervalMs: 1,
      async run() {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 3))
        running--
        if (++rounds === 5) enough.resolve()
        if (rounds % 2 === 0) throw new Error('no database')
        return report
      },
    })
    await Promise.all([enough.promise, housekeeping.runOnce().catch(() => {})])
    await housekeeping.stop()
    expect(most).toBe(1)
  })
})
