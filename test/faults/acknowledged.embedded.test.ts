import { beforeEach, describe, expect, it } from 'vitest'
import { base64, type Client, environmentFor, type Story, startStoryForTest } from '../support/story.ts'
import { expectAllThere } from './acknowledged.ts'
import { manager } from './fault-servers.ts'
import { newState } from './known-key.ts'
import { createLedger, type KnownKey, type Ledger } from './ledger.ts'
import { changeKey, createKey, encrypt } from './load-operations.ts'
import { startMixedLoad } from './mixed-load.ts'
import { waitForGrowth } from './moments.ts'
import { expectTrailWhole } from './whole-trail.ts'

const check = { cacheLifetimeMs: 0 }
let story: Story
let client: Client
let ledger: Ledger

beforeEach(async () => {
  story = await startStoryForTest()
  client = story.as(manager)
  ledger = createLedger()
})

/** A key that is in the ledger as it is on the server. */
async function makeKey(): Promise<KnownKey> {
  await createKey(client, ledger)
  const key = [...ledger.keys.values()].at(-1)
  if (key === undefined) throw new Error('no key was made')
  return key
}

describe('the check of what was acknowledged', () => {
  it('finds all that a load has done on a server without faults', async () => {
    const load = startMixedLoad({ clients: [client], ledger })
    await waitForGrowth(load, ledger, 200)
    await load.stop()
    expect(load.counts.errors).toEqual({})
    expect(Object.values(load.counts.answered).every((count) => count > 0)).toBe(true)
    const acknowledged = ledger.acknowledged()
    expect(await expectAllThere(client, ledger, check)).toEqual({ acknowledged, lost: 0 })
    await story.stop()
    await expectTrailWhole(await environmentFor(story.database), ledger)
    expect(ledger.lost).toBe(0)
  })

  it.each<[what: string, spoil: () => Promise<unknown>, found: RegExp]>([
    [
      'a key that is gone',
      async () => ledger.addKey('ukey_01h455vb4pex5vsknk084sn02q', newState('gone', '')),
      /key ukey_01h455vb4pex5vsknk084sn02q is gone/,
    ],
    [
      'a key that nobody asked for',
      () => client.mutate('createUserKey', { name: 'uninvited' }),
      /nobody asked for the key ukey_\w+ \(uninvited\)/,
    ],
    [
      'a rotation that did not happen',
      async () => ledger.addChange(await makeKey(), { type: 'rotate' }, 2),
      /numbers of versions is \[1\], not \[1,2\].*revision is 1, not 2/s,
    ],
    [
      'an access list that is not as it was left',
      async () => ledger.addChange(await makeKey(), { type: 'limitAccess', subjects: ['user:bob'] }, 2),
      /access list is null, not \["user:bob"\]/,
    ],
    [
      'a ciphertext that opens to something else',
      async () => {
        await encrypt(client, ledger, await makeKey())
        const [known] = ledger.ciphertexts.splice(0)
        if (known) ledger.ciphertexts.push({ ...known, plaintext: base64('something else') })
      },
      /ciphertext of ukey_\w+ version 1 does not open/,
    ],
    [
      'a change in doubt that is there by halves',
      async () => {
        const key = await makeKey()
        key.inDoubt = { type: 'rename', name: 'renamed', description: 'with a new description' }
        await client.mutate('updateUserKey', { key: key.id, name: 'renamed' })
      },
      /not as acknowledged \(in doubt/,
    ],
    [
      'a key whose default version cannot be used',
      async () => {
        const key = await makeKey()
        await client.mutate('deactivateKeyVersion', { version: { key: key.id, number: 1 } })
      },
      /status is "DEACTIVATED", not "ACTIVE"/,
    ],
  ])('names %s', async (_what, spoil, found) => {
    await makeKey()
    await spoil()
    await expect(expectAllThere(client, ledger, check)).rejects.toThrow(found)
    expect(ledger.lost).toBeGreaterThan(0)
  })

  it('settles what was in doubt, whether it took effect or not', async () => {
    const [done, undone] = [await makeKey(), await makeKey()]
    await client.mutate('rotateUserKey', { key: done.id })
    for (const key of [done, undone]) key.inDoubt = { type: 'rotate' }
    await client.mutate('createUserKey', { name: 'created', description: 'in doubt' })
    for (const name of ['created', 'not-created']) ledger.namesInDoubt.set(name, 'in doubt')
    await expectAllThere(client, ledger, check)
    expect([done, undone].map(({ state, inDoubt }) => [state.versions.length, inDoubt])).toEqual([
      [2, null],
      [1, null],
    ])
    expect([...ledger.keys.values()].map(({ state }) => state.name)).toContain('created')
    expect(ledger.keys.size).toBe(3)
    // They go on from there.
    await changeKey(client, ledger, { key: done, change: { type: 'deactivate', version: 1 } })
    await expectAllThere(client, ledger, check)
  })

  it('names a change and an encryption that have no record', async () => {
    const key = await makeKey()
    await encrypt(client, ledger, key)
    const [known] = ledger.ciphertexts
    if (known) ledger.ciphertexts.push(known)
    ledger.addChange(key, { type: 'rotate' }, 2)
    await story.stop()
    await expect(expectTrailWhole(await environmentFor(story.database), ledger)).rejects.toThrow(
      /no record of ROTATE_KEY of [\w-]+, revision 2.*no record of ENCRYPT of [\w-]+, version 1/s,
    )
  })
})

it('a load fails on an answer that no fault excuses', async () => {
  await makeKey()
  const lying: Client = {
    ...client,
    async send(document, variables) {
      const answer = await client.send(document, variables)
      if (answer.data?.decrypt?.plaintext) answer.data.decrypt.plaintext = base64('not what was encrypted')
      return answer
    },
  }
  const load = startMixedLoad({ clients: [lying], ledger })
  await waitForGrowth(load, ledger, Number.MAX_SAFE_INTEGER)
  await expect(load.stop()).rejects.toThrow(/no fault excuses this.*answered/)
  expect(ledger.lost).toBeGreaterThan(0)
})
