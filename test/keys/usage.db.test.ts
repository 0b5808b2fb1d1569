import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseId } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const plaintext = base64('hello')
const limit = 2 ** 32

interface Use {
  readonly number: number
  readonly lastUsedAt: string | null
  readonly encryptionUsage: {
    readonly encryptions: number
    readonly remainingEncryptions: number
    readonly nearLimit: boolean
  } | null
}

describe.skipIf(hasNoDatabase())('the use of a version', () => {
  let story: Story
  let max: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
  })
  afterAll(() => endStory(story))

  async function createKey(algorithm = 'AES_256_GCM', usage = 'ENCRYPT_DECRYPT'): Promise<string> {
    const created = await max.mutate(
      'createUserKey',
      { name: `key-${count++}`, algorithm, usage },
      'userKey { id }',
    )
    return created['userKey'].id
  }

  async function useOf(keyId: string): Promise<Use[]> {
    const { userKey } = await max.ask<{ userKey: { versions: { nodes: Use[] } } }>(
      `query($id: KeyRef!) { userKey(key: $id) { versions { nodes {
        number lastUsedAt encryptionUsage { encryptions remainingEncryptions nearLimit }
      } } } }`,
      { id: keyId },
    )
    return userKey.versions.nodes
  }

  it('is never counted too low, also over restarts, and without a statement for each encryption', async () => {
    const keyId = await createKey()
    expect(await useOf(keyId)).toEqual([
      {
        number: 1,
        lastUsedAt: null,
        encryptionUsage: { encryptions: 0, remainingEncryptions: limit, nearLimit: false },
      },
    ])
    const batch = { items: Array.from({ length: 400 }, () => ({ key: keyId, plaintext })) }
    for (let round = 1; round <= 3; round++) {
      story.takeStatements()
      await max.mutate('encryptBatch', batch)
      const counting = story.takeStatements().filter((sql) => sql.includes('INTO key_version_usage'))
      expect(counting.length).toBeLessThanOrEqual(6)
      const [{ encryptionUsage } = { encryptionUsage: null }] = await useOf(keyId)
      expect(encryptionUsage?.encryptions).toBeGreaterThanOrEqual(round * 400)
      expect(encryptionUsage?.remainingEncryptions).toBe(limit - (encryptionUsage?.encryptions ?? 0))
      await story.restart()
    }
  })

  it('ends at 2^32 encryptions, for good, while decryption goes on, and begins anew with the next version', async () => {
    const keyId = await createKey()
    const { ciphertext } = await max.mutate('encrypt', { key: keyId, plaintext }, 'ciphertext')
    await story.sql(`UPDATE key_version_usage SET encryptions = ${limit - 3}
      WHERE encryptions BETWEEN 1 AND 16`)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => max.mutate('encrypt', { key: keyId, plaintext })),
    )
    expect(outcomes.filter(({ __typename }) => __typename === 'EncryptPayload')).toHaveLength(3)
    const refused = outcomes.find(({ code }) => code !== undefined)
    expect(refused).toMatchObject({
      code: 'ENCRYPTION_LIMIT',
      message: expect.stringContaining('rotateUserKey'),
    })
    for (const name of ['generateDataKey', 'reEncrypt']) {
      const input = name === 'reEncrypt' ? { ciphertext } : { key: keyId }
      expect(await max.mutate(name, input)).toMatchObject({ code: 'ENCRYPTION_LIMIT' })
    }
    await story.restart()
    expect(await max.mutate('encrypt', { key: keyId, plaintext })).toMatchObject({ code: 'ENCRYPTION_LIMIT' })
    expect(await max.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext })
    const [{ encryptionUsage } = { encryptionUsage: null }] = await useOf(keyId)
    expect(encryptionUsage).toEqual({ encryptions: limit, remainingEncryptions: 0, nearLimit: true })

    await max.mutate('rotateUserKey', { key: keyId })
    expect(await max.mutate('encrypt', { key: keyId, plaintext }, 'versionNumber')).toMatchObject({
      versionNumber: 2,
    })
  })

  it('is near its limit from 80 % on, for as long as the version encrypts, and so the list of such keys says', async () => {
    const [near, below, replaced, stopped, uncounted] = await Promise.all([
      ...Array.from({ length: 4 }, () => createKey()),
      createKey('XAES_256_GCM'),
    ])
    const from = Math.ceil(limit * 0.8)
    const uuidOf = (id = '') => parseId(id)?.uuid
    await story.sql(
      ...[near, replaced, stopped, uncounted].map(
        (id) =>
          `INSERT INTO key_version_usage (key_id, version_number, encryptions) VALUES ('${uuidOf(id)}', 1, ${from})`,
      ),
      `INSERT INTO key_version_usage (key_id, version_number, encryptions) VALUES ('${uuidOf(below)}', 1, ${from - 1})`,
    )
    await max.mutate('rotateUserKey', { key: replaced })
    await max.mutate('deactivateKeyVersion', { version: { key: stopped, number: 1 } })
    const nearLimits = async (id = '') =>
      (await useOf(id)).map(({ encryptionUsage }) => encryptionUsage?.nearLimit)
    expect(await nearLimits(near)).toEqual([true])
    expect(await nearLimits(below)).toEqual([false])
    expect(await nearLimits(replaced)).toEqual([false, true])
    const { yes, no } = await max.ask<Record<'yes' | 'no', { nodes: { id: string }[] }>>(
      `{ yes: userKeys(first: 200, filter: { nearEncryptionLimit: true }) { nodes { id } }
        no: userKeys(first: 200, filter: { nearEncryptionLimit: false }) { nodes { id } } }`,
    )
    expect(yes.nodes.map(({ id }) => id)).toEqual([near])
    expect(no.nodes.map(({ id }) => id)).toEqual(
      expect.arrayContaining([below, replaced, stopped, uncounted].map((id) => id ?? '')),
    )
  })

  it('has its last moment, whatever the operation, and keeps it over a restart', async () => {
    const keyId = await createKey('EC_P256', 'SIGN_VERIFY')
    story.clock.advance({ hours: 1 })
    await max.mutate('sign', { key: keyId, message: plaintext })
    const signedAt = story.clock.now().toISOString()
    story.clock.advance({ hours: 1 })
    // What is refused is no use.
    await max.mutate('sign', { key: keyId, message: plaintext, messageType: 'DIGEST' })
    await max.mutate('rotateUserKey', { key: keyId })
    const expected = [
      { number: 2, lastUsedAt: null, encryptionUsage: null },
      { number: 1, lastUsedAt: signedAt, encryptionUsage: null },
    ]
    expect(await useOf(keyId)).toEqual(expected)
    await story.restart()
    expect(await useOf(keyId)).toEqual(expected)
  })

  it('has no count where there is no practical limit', async () => {
    const keyId = await createKey('XAES_256_GCM')
    await max.mutate('encrypt', { key: keyId, plaintext })
    const [use] = await useOf(keyId)
    expect(use?.encryptionUsage).toBeNull()
    expect(use?.lastUsedAt).not.toBeNull()
  })
})
