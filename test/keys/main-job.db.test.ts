import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'], groups: ['payments'] }

describe.skipIf(hasNoDatabase())('the main job', () => {
  it('creates a key, encrypts, rotates, and still decrypts, also after a restart', async () => {
    const story = await startStoryForTest()
    const max = story.as(member)
    const created = await max.mutate(
      'createUserKey',
      { name: 'orders' },
      'userKey { id status defaultVersion { number } }',
    )
    expect(created).toMatchObject({ userKey: { status: 'ACTIVE', defaultVersion: { number: 1 } } })
    const keyId = created['userKey'].id as string
    const first = await max.mutate(
      'encrypt',
      { key: keyId, plaintext: base64('hello') },
      'ciphertext keyId versionNumber',
    )
    expect(first).toMatchObject({ __typename: 'EncryptPayload', keyId, versionNumber: 1 })
    const rotated = await max.mutate(
      'rotateUserKey',
      { key: keyId },
      'version { number isDefault versionStatus }',
    )
    expect(rotated).toMatchObject({ version: { number: 2, isDefault: true, versionStatus: 'ACTIVE' } })
    const second = await max.mutate(
      'encrypt',
      { key: keyId, plaintext: base64('hello') },
      'ciphertext versionNumber',
    )
    expect(second['versionNumber']).toBe(2)
    for (let round = 0; round < 2; round++) {
      for (const { ciphertext, versionNumber } of [first, second]) {
        const opened = await max.mutate('decrypt', { ciphertext }, 'plaintext keyId versionNumber')
        expect(opened).toMatchObject({ plaintext: base64('hello'), keyId, versionNumber })
      }
      await story.restart()
    }
  })
})
