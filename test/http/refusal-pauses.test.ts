import { describe, expect, it } from 'vitest'
import { createRefusalPauses } from '../../src/server/load/shedding.ts'

describe('pauses before refusals', () => {
  it('are bounded: with 64 of them, the next refusal goes out at once', async () => {
    const pauses = createRefusalPauses()
    let ended = 0
    const all = Array.from({ length: 64 }, () => pauses.wait().then(() => ended++))
    await Promise.resolve()
    expect(ended).toBe(0)
    await pauses.wait()
    expect(ended).toBe(0)
    await Promise.all(all)
    expect(ended).toBe(64)
  })
})
