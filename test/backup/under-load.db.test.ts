import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, startStoryForTest } from '../support/story.ts'
import { manager } from './everything.ts'
import { newDatabase, newFolder, newRecipient, operate, serve } from './operator.ts'

const backups = 4

describe.skipIf(hasNoDatabase())('a backup of a server at work', () => {
  it(`shows one moment, each of ${backups} times`, async () => {
    const story = await startStoryForTest()
    const { publicKey, privateKey } = newRecipient()
    const folder = newFolder()
    const client = story.as(manager)
    const state = { stopped: false, acknowledged: [] as string[] }
    const working = Promise.all(Array.from({ length: 4 }, (_, worker) => work(client, state, `w${worker}`)))
    // A worker that fails is looked at below.
    working.catch(() => {})
    const taken: { file: string; before: readonly string[] }[] = []
    for (let number = 0; number < backups; number++) {
      const enough = state.acknowledged.length + 5
      while (state.acknowledged.length < enough) await Promise.race([pause(5), working])
      const before = [...state.acknowledged]
      const file = join(folder, `${number}`)
      expect(await operate(story.database, ['backup', '--recipient', publicKey, file])).toMatchObject({
        code: 0,
      })
      taken.push({ file, before })
    }
    state.stopped = true
    await working
    const records: number[] = []
    for (const { file, before } of taken) {
      const target = await newDatabase(story.database)
      // Everything that is inconsistent between keys and audit trail would be a finding, and end with 1.
      const { code, printed } = await operate(target, ['restore', '--private-key', privateKey, file])
      expect({ code, printed }).toEqual({
        code: 0,
        printed: expect.stringContaining('The audit trail verifies'),
      })
      records.push(Number(/^(\d+) records/.exec(printed)?.[1]))
      const server = await serve(target, story.clock)
      // What was acknowledged before the backup began is in it.
      for (const ciphertext of before) {
        const opened = await server.as(manager).mutate('decrypt', { ciphertext }, 'plaintext')
        expect(opened).toMatchObject({ plaintext: base64('at work') })
      }
      await server.close()
    }
    expect(records).toEqual([...new Set(records)].sort((a, b) => a - b))
  }, 240_000)
})

async function work(
  client: Client,
  state: { readonly stopped: boolean; readonly acknowledged: string[] },
  prefix: string,
): Promise<void> {
  for (let round = 0; !state.stopped; round++) {
    const created = await client.mutate('createUserKey', { name: `${prefix}-${round}` }, 'userKey { id }')
    const keyId = created['userKey'].id
    for (let turn = 0; turn < 2 && !state.stopped; turn++) {
      const { ciphertext } = await client.mutate(
        'encrypt',
        { key: keyId, plaintext: base64('at work') },
        'ciphertext',
      )
      state.acknowledged.push(ciphertext)
      await client.mutate('rotateUserKey', { key: keyId })
    }
  }
}
