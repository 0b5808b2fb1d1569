import { describe, expect, it } from 'vitest'
import { createQueue } from '../../src/crypto/queue.ts'

describe('a queue of two', () => {
  it('runs two tasks at a time and all of them in the end, also where some fail', async () => {
    const inTurn = createQueue(2)
    let running = 0
    let most = 0
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        inTurn(async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          if (index % 3 === 0) throw new Error('fails')
          return index
        }),
      ),
    )
    expect(most).toBe(2)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(13)
    expect(await inTurn(async () => 'more')).toBe('more')
  })
})
