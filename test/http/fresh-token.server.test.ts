import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSlowWork, slotsFor } from '../../src/crypto/slow-work.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'] }

describe('a token that the server has not seen before', () => {
  it('is verified while slow work holds all the threads of the pool that it can, and more waits', async () => {
    const slowWork = createSlowWork(slotsFor(availableParallelism()))
    const story = await startStoryForTest({}, { slowWork })
    const created = await story.as(mia).mutate('createUserKey', { name: 'aes' }, 'userKey { id }')
    const input = { key: created['userKey'].id, plaintext: base64('plaintext') }

    // To open a named pipe holds a thread of the pool until something opens its other end.
    const pipe = join(story.database.dataFolder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const holdThread = async () => (await open(pipe, constants.O_RDONLY)).close()
    const held = (['LONG', 'SHORT'] as const).flatMap((length) =>
      Array.from({ length: 40 }, (_, index) =>
        slowWork.for({ project: `project-${index}`, caller: 'ann', signal: null })(length, holdThread),
      ),
    )
    const { LONG, SHORT } = slowWork.load
    expect([LONG.running, SHORT.running].every((running) => running > 0)).toBe(true)
    const waiting = LONG.waiting + SHORT.waiting

    for (let n = 0; n < 5; n++) {
      // A client signs each of its requests with a token of its own.
      const encrypted = await story.as({ ...mia, groups: [`group-${n}`] }).mutate('encrypt', input)
      expect(encrypted.__typename).toBe('EncryptPayload')
    }
    expect(LONG.waiting + SHORT.waiting).toBe(waiting)

    const otherEnd = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
    await Promise.all(held)
    closeSync(otherEnd)
  })
})
