import { describe, expect, it } from 'vitest'
import { createUserKey } from '../../src/keys/changing/user-keys.ts'
import { encryptBatch } from '../../src/keys/operations/encrypt.ts'
import { runBatch } from '../../src/keys/operations/run-operation.ts'
import { openTrail } from '../audit/opened-trail.ts'
import { directCall } from '../support/direct-call.ts'
import { startStoryForTest } from '../support/story.ts'

describe('a batch', () => {
  it('waits for a turn on the event loop between 50 items and the next, before the records and after them', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const { parts, close } = await openTrail(story)
    try {
      const { id } = await createUserKey(parts, directCall, { name: 'orders' })
      const run = async (items: number) => {
        let turns = 0
        const loopTurn = async () => void turns++
        const item = { key: id, plaintext: Buffer.from('x') }
        const results = await runBatch(
          parts,
          { ...directCall, loopTurn },
          encryptBatch,
          Array(items).fill(item),
        )
        expect(results.filter((result) => result instanceof Error)).toEqual([])
        return turns
      }
      expect(await run(50)).toBe(0)
      expect(await run(51)).toBe(1 + 2)
      expect(await run(500)).toBe(9 + 2)
    } finally {
      await close()
    }
  })

  it('is recorded whole where its client goes in the middle, with the items that were done', async () => {
    const story = await startStoryForTest()
    await story.stop()
    const { parts, close } = await openTrail(story)
    try {
      const { id } = await createUserKey(parts, directCall, { name: 'orders' })
      const client = new AbortController()
      let turns = 0
      const loopTurn = async () => {
        if (++turns === 2) client.abort(new Error('the client is gone'))
        client.signal.throwIfAborted()
      }
      const item = { key: id, plaintext: Buffer.from('x') }
      const batch = runBatch(
        parts,
        { ...directCall, signal: client.signal, loopTurn },
        encryptBatch,
        Array(200).fill(item),
      )
      await expect(batch).rejects.toThrow('the client is gone')
      const recorded = await parts.store.db.$queryRawUnsafe<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM audit_events WHERE action = 'ENCRYPT'`,
      )
      expect(recorded).toEqual([{ count: 100 }])
    } finally {
      await close()
    }
  })
})
