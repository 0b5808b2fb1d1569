import { describe, expect, it } from 'vitest'
import { roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
const alice: Person = { name: 'alice', roles: ['KMS_USER'] }
const bob: Person = { name: 'bob', roles: ['KMS_USER'], kind: 'SERVICE_ACCOUNT' }

async function createKey(client: Client, input: object): Promise<string> {
  return (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
}

/** Who used version 1, as `caller operation operations/failed last`. */
async function callersOf(client: Client, keyId: string, days = 30): Promise<string[] | null> {
  const { node } = await client.ask<{ node: { version: { usageByCaller: UsedBy[] | null } } }>(
    `query($id: ID!, $days: Int!) { node(id: $id) { ... on Key { version(number: 1) { usageByCaller(days: $days) {
      caller { id } operation operations failedOperations lastUsedAt } } } } }`,
    { id: keyId, days },
  )
  const callers = node.version.usageByCaller
  return (
    callers?.map(
      (each) =>
        `${each.caller.id} ${each.operation} ${each.operations}/${each.failedOperations} ${each.lastUsedAt?.slice(5, 16) ?? 'never'}`,
    ) ?? null
  )
}

interface UsedBy {
  readonly caller: { readonly id: string }
  readonly operation: string
  readonly operations: number
  readonly failedOperations: number
  readonly lastUsedAt: string | null
}

describe.skipIf(hasNoDatabase())('the callers of a version', () => {
  async function useOrders(story: Story): Promise<{ keyId: string; ciphertext: string }> {
    const [alices, bobs] = [story.as(alice), story.as(bob)]
    const keyId = await createKey(story.as(olga), { name: 'orders' })
    const { ciphertext } = await alices.mutate(
      'encrypt',
      { key: keyId, plaintext: base64('x') },
      'ciphertext',
    )
    for (let count = 0; count < 3; count++) await bobs.mutate('decrypt', { ciphertext })
    story.clock.advance({ hours: 2 })
    await alices.mutate('decrypt', { ciphertext })
    await alices.mutate('decrypt', { ciphertext: ciphertext.replace(/.{8}$/, 'AAAAAAA=') })
    return { keyId, ciphertext }
  }

  const used = [
    'service-account:bob DECRYPT 3/0 03-01T12:00',
    'user:alice DECRYPT 1/1 03-01T14:00',
    'user:alice ENCRYPT 1/0 03-01T12:00',
  ]

  it('are exact at any moment: before, after and between rounds of counting', async () => {
    const story = await startStoryForTest()
    const { keyId, ciphertext } = await useOrders(story)
    const reader = story.as(olga)
    expect(await callersOf(reader, keyId)).toEqual(used)
    await story.app.housekeeping.runOnce()
    expect(await callersOf(reader, keyId)).toEqual(used)
    await story.app.housekeeping.runOnce()
    expect(await callersOf(reader, keyId)).toEqual(used)
    story.clock.advance({ hours: 1 })
    await story.as(alice).mutate('decrypt', { ciphertext })
    await story.restart()
    await story.as(alice).mutate('decrypt', { ciphertext })
    const more = [used[0], 'user:alice DECRYPT 3/1 03-01T15:00', used[2]]
    expect((await callersOf(reader, keyId))?.toSorted()).toEqual(more.toSorted())
    await story.app.housekeeping.runOnce()
    expect((await callersOf(reader, keyId))?.toSorted()).toEqual(more.toSorted())
  })

  it('are those of the days that were asked for', async () => {
    const story = await startStoryForTest()
    const { keyId, ciphertext } = await useOrders(story)
    const reader = story.as(olga)
    story.clock.advance({ days: 30 })
    expect(await callersOf(reader, keyId)).toEqual(used)
    for (const counted of [false, true]) {
      if (counted) await story.app.housekeeping.runOnce()
      story.clock.advance({ days: 1 })
      expect(await callersOf(reader, keyId, counted ? 31 : 30)).toEqual([])
      expect(await callersOf(reader, keyId, 366)).toEqual(used)
    }
    await story.as(alice).mutate('decrypt', { ciphertext })
    expect(await callersOf(reader, keyId, 1)).toEqual(['user:alice DECRYPT 1/0 04-02T14:00'])
    const document = `{ node(id: "${keyId}") { ... on Key { version(number: 1) { usageByCaller(days: DAYS) { operations } } } } }`
    for (const days of [0, 367, -1]) {
      const { errors } = await reader.send(document.replace('DAYS', String(days)))
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INPUT_VALIDATION'])
    }
  })

  it('have an entry for each kind of operation that needs the version', async () => {
    const story = await startStoryForTest()
    const olgas = story.as(olga)
    const message = base64('message')
    const [cipher, other, signer, mac] = [
      await createKey(olgas, { name: 'cipher' }),
      await createKey(olgas, { name: 'other' }),
      await createKey(olgas, { name: 'signer', algorithm: 'ED25519' }),
      await createKey(olgas, { name: 'mac', algorithm: 'HMAC_SHA256' }),
    ]
    const { ciphertext } = await olgas.mutate('encrypt', { key: cipher, plaintext: message }, 'ciphertext')
    await olgas.mutate('decrypt', { ciphertext })
    await olgas.mutate('reEncrypt', { ciphertext, destinationKey: other })
    await olgas.mutate('generateDataKey', { key: cipher })
    const { signature } = await olgas.mutate('sign', { key: signer, message }, 'signature')
    await olgas.mutate('verify', { version: { key: signer, number: 1 }, message, signature })
    const code = await olgas.mutate('generateMac', { key: mac, message }, 'mac')
    await olgas.mutate('verifyMac', { version: { key: mac, number: 1 }, message, mac: code['mac'] })
    const backup = story.as({ name: 'Backup', kind: 'SERVICE_AGENT' })
    const sealed = await backup.mutate('encryptWithServiceKey', { plaintext: message }, 'keyId ciphertext')
    await backup.mutate('decryptWithServiceKey', { ciphertext: sealed['ciphertext'] })
    for (const counted of [false, true]) {
      if (counted) await story.app.housekeeping.runOnce()
      const operationsOf = async (keyId: string) =>
        (await callersOf(olgas, keyId))?.map((text) => text.split(' ').slice(1, 3).join(' ')).toSorted()
      expect(await operationsOf(cipher)).toEqual([
        'DECRYPT 1/0',
        'ENCRYPT 1/0',
        'GENERATE_DATA_KEY 1/0',
        'RE_ENCRYPT_FROM 1/0',
      ])
      expect(await operationsOf(other)).toEqual(['RE_ENCRYPT 1/0'])
      expect(await operationsOf(signer)).toEqual(['SIGN 1/0', 'VERIFY 1/0'])
      expect(await operationsOf(mac)).toEqual(['GENERATE_MAC 1/0', 'VERIFY_MAC 1/0'])
      expect(await operationsOf(sealed['keyId'])).toEqual(['SERVICE_DECRYPT 1/0', 'SERVICE_ENCRYPT 1/0'])
    }
  })

  it('are told to readers of the audit trail and to the owner only', async () => {
    const story = await startStoryForTest()
    const { keyId } = await useOrders(story)
    for (const role of roles) {
      expect(await callersOf(story.as({ name: 'olga', roles: [role] }), keyId), role).toEqual(used)
      const seen = await callersOf(story.as({ name: 'someone', roles: [role] }), keyId)
      const readsAudit = ['PROJECT_ADMIN', 'KMS_MANAGER', 'KMS_AUDITOR'].includes(role)
      expect(seen, role).toEqual(readsAudit ? used : null)
    }
  })

  it('cost the same SQL statements for one version and for all, and for more events', async () => {
    const story = await startStoryForTest()
    const { keyId, ciphertext } = await useOrders(story)
    const olgas = story.as(olga)
    // The round of housekeeping at the start has its own statements.
    await story.app.housekeeping.runOnce()
    const countFor = async (first: number) => {
      story.takeStatements()
      await olgas.ask(
        `{ userKeys(first: ${first}) { nodes { versions { nodes { number usageByCaller { operations } } } } } }`,
      )
      return story.takeStatements().length
    }
    const one = await countFor(1)
    for (let count = 0; count < 5; count++) await createKey(olgas, { name: `key-${count}` })
    await olgas.mutate('rotateUserKey', { key: keyId })
    for (let count = 0; count < 5; count++) await olgas.mutate('decrypt', { ciphertext })
    expect(await countFor(6)).toBe(one)
  })
})
