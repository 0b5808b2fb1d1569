import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const hello = base64('hello')

describe.skipIf(hasNoDatabase())('the destruction of key versions', () => {
  let story: Story
  let mia: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory({ CACHE_LIFETIME_MS: '5000', REQUEST_TIMEOUT_MS: '15000' })
    mia = story.as(manager)
  })
  afterAll(() => endStory(story))

  async function createKey(input: object = {}): Promise<string> {
    const created = await mia.mutate('createUserKey', { name: `key-${count++}`, ...input }, 'userKey { id }')
    return created['userKey'].id
  }

  async function encrypt(keyId: string): Promise<string> {
    return (await mia.mutate('encrypt', { key: keyId, plaintext: hello }, 'ciphertext'))['ciphertext']
  }

  const change = (name: string, keyId: string, version: number, input: object = {}) =>
    mia.mutate(
      name,
      { version: { key: keyId, number: version }, ...input },
      'userKey { status } version { versionStatus destroyScheduledFor destroyedAt }',
    )

  async function destroy(keyId: string, version: number): Promise<void> {
    await change('deactivateKeyVersion', keyId, version)
    expect(await change('destroyKeyVersion', keyId, version, { waitingPeriodDays: 0 })).not.toHaveProperty(
      'code',
    )
    story.clock.advance({ minutes: 1 })
    await story.app.housekeeping.runOnce()
  }

  async function read<T>(id: string, fields: string): Promise<T> {
    const { userKey } = await mia.ask<{ userKey: T }>(
      `query($id: KeyRef!) { userKey(key: $id) { ${fields} } }`,
      {
        id,
      },
    )
    return userKey
  }

  it('waits, and can be taken back until then', async () => {
    const keyId = await createKey()
    const ciphertext = await encrypt(keyId)
    await change('deactivateKeyVersion', keyId, 1)
    const scheduled = await change('destroyKeyVersion', keyId, 1)
    const inSevenDays = new Date(story.clock.now().getTime() + 7 * 86_400_000).toISOString()
    expect(scheduled).toMatchObject({
      version: { versionStatus: 'DESTROY_SCHEDULED', destroyScheduledFor: inSevenDays, destroyedAt: null },
    })
    expect(await mia.mutate('decrypt', { ciphertext })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await change('restoreKeyVersion', keyId, 1)).toMatchObject({
      version: { versionStatus: 'DEACTIVATED', destroyScheduledFor: null },
    })
    await change('activateKeyVersion', keyId, 1)
    expect(await mia.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext: hello })
    await change('deactivateKeyVersion', keyId, 1)
    await change('destroyKeyVersion', keyId, 1, { waitingPeriodDays: 30 })
    story.clock.advance({ days: 30 })
    // The waiting period has ended, whether or not anybody has swept.
    expect(await read(keyId, 'deletable version(number: 1) { versionStatus destroyedAt }')).toMatchObject({
      deletable: true,
      version: { versionStatus: 'DESTROYED', destroyedAt: story.clock.now().toISOString() },
    })
    expect(await change('restoreKeyVersion', keyId, 1)).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await mia.mutate('decrypt', { ciphertext })).toMatchObject({ code: 'INVALID_KEY_STATE' })
  })

  it('without a waiting period happens as soon as no replica can still be using the version', async () => {
    const keyId = await createKey()
    const deactivatedMs = story.clock.now().getTime()
    await change('deactivateKeyVersion', keyId, 1)
    // Cache lifetime and request timeout of this server.
    const noReplicaUsesItMs = deactivatedMs + 5000 + 15_000
    expect(await change('destroyKeyVersion', keyId, 1, { waitingPeriodDays: 0 })).toMatchObject({
      version: {
        versionStatus: 'DESTROY_SCHEDULED',
        destroyScheduledFor: new Date(noReplicaUsesItMs).toISOString(),
      },
    })
    await change('restoreKeyVersion', keyId, 1)
    story.clock.advance({ ms: 20_000 })
    expect(await change('destroyKeyVersion', keyId, 1, { waitingPeriodDays: 0 })).toMatchObject({
      version: { versionStatus: 'DESTROYED', destroyScheduledFor: null, destroyedAt: expect.any(String) },
    })
  })

  it('erases the wrapped material, of that version only', async () => {
    const keyId = await createKey()
    await mia.mutate('rotateUserKey', { key: keyId })
    const ciphertext = await encrypt(keyId)
    await destroy(keyId, 1)
    const { id, versions } = await read<{ id: string; versions: { nodes: { id: string }[] } }>(
      keyId,
      'id versions { nodes { id number versionStatus } }',
    )
    expect(versions.nodes).toMatchObject([
      { number: 2, versionStatus: 'ACTIVE' },
      { number: 1, versionStatus: 'DESTROYED' },
    ])
    expect(id).toBe(keyId)
    const left = await story.sql(
      `SELECT v.number, m.wrapped IS NOT NULL AS material FROM keys k JOIN key_versions v ON v.key_id = k.id
       LEFT JOIN key_material m ON m.version_id = v.id WHERE k.name = 'key-${count - 1}' ORDER BY 1`,
    )
    expect(left).toEqual([
      { number: 1, material: false },
      { number: 2, material: true },
    ])
    expect(await mia.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext: hello })
  })

  it('of all of them lets a key be deleted by its exact name, which is then free while the ID is not', async () => {
    const name = 'orders-archive'
    const keyId = await createKey({ name })
    const ciphertext = await encrypt(keyId)
    await mia.mutate('rotateUserKey', { key: keyId })
    const remove = (confirmName = name) =>
      mia.mutate('deleteUserKey', { key: keyId, confirmName }, 'deletedKeyId deletedKeyName')
    for (const version of [1, 2]) {
      expect(await remove()).toMatchObject({ code: 'INVALID_KEY_STATE' })
      await destroy(keyId, version)
    }
    for (const wrong of ['', 'Orders-archive', 'orders-archive ', 'orders']) {
      expect(await remove(wrong)).toMatchObject({ code: 'INPUT_VALIDATION' })
    }
    expect(await mia.mutate('createUserKey', { name })).toMatchObject({ code: 'NAME_TAKEN' })
    expect(await remove()).toMatchObject({ deletedKeyId: keyId, deletedKeyName: name })
    expect(await remove()).toMatchObject({ code: 'KEY_NOT_FOUND' })
    expect(await read(keyId, 'id')).toBeNull()
    const again = await createKey({ name })
    expect(again).not.toBe(keyId)
    expect(await mia.mutate('decrypt', { ciphertext })).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    expect(await mia.mutate('encrypt', { key: keyId, plaintext: hello })).toMatchObject({
      code: 'KEY_NOT_FOUND',
    })
    const unused = await createKey({ preActivation: true, name: 'never-used' })
    expect(
      await mia.mutate('deleteUserKey', { key: unused, confirmName: 'never-used' }, 'deletedKeyId'),
    ).toMatchObject({ deletedKeyId: unused })
  })

  it('of the default leaves the key without one until the next rotation', async () => {
    const keyId = await createKey()
    await mia.mutate('rotateUserKey', { key: keyId })
    await destroy(keyId, 2)
    expect(await read(keyId, 'status defaultVersion { number } version(number: 2) { isDefault }')).toEqual({
      status: 'ACTIVE',
      defaultVersion: null,
      version: { isDefault: false },
    })
    expect(await mia.mutate('encrypt', { key: keyId, plaintext: hello })).toMatchObject({
      code: 'INVALID_KEY_STATE',
      message: expect.stringContaining('rotateUserKey'),
    })
    expect(await mia.mutate('rotateUserKey', { key: keyId }, 'version { number isDefault }')).toMatchObject({
      version: { number: 3, isDefault: true },
    })
  })
})
