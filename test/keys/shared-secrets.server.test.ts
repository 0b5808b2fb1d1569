import { createPublicKey, encapsulate as encapsulateElsewhere, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

describe.skipIf(hasNoDatabase())('key encapsulation', () => {
  let story: Story
  let max: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
  })
  afterAll(() => endStory(story))

  async function createKey(algorithm = 'ML_KEM_768', input: object = {}): Promise<string> {
    const given = { name: `key-${++count}`, algorithm, ...input }
    return (await max.mutate('createUserKey', given, 'userKey { id }'))['userKey'].id
  }

  const encapsulate = (keyId: string) =>
    max.mutate('encapsulate', { key: keyId }, 'sharedSecret ciphertext keyId versionNumber')
  const decapsulate = ({ key, ...input }: { key?: string; [field: string]: unknown }) =>
    max.mutate(
      'decapsulate',
      { version: { key, number: 1 }, ...input },
      'sharedSecret keyId versionNumber',
      '... on InputValidationError { issues { path } }',
    )

  async function publicKeyOf(id: string): Promise<KeyObject> {
    const { userKey } = await max.ask<{ userKey: { publicKey: { pem: string } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { publicKey { pem } } }',
      { id },
    )
    return createPublicKey(userKey.publicKey.pem)
  }

  describe.each([
    ['ML_KEM_768', 1088],
    ['ML_KEM_1024', 1568],
  ])('with %s', (algorithm, bytes) => {
    let keyId: string
    beforeAll(async () => {
      keyId = await createKey(algorithm)
    })

    it('carries a secret of 32 bytes to whoever may decapsulate, another one each time', async () => {
      const made = await encapsulate(keyId)
      expect(made).toMatchObject({ keyId, versionNumber: 1 })
      expect(Buffer.from(made['sharedSecret'], 'base64')).toHaveLength(32)
      const { sharedSecret, ciphertext } = made
      expect(Buffer.from(ciphertext, 'base64')).toHaveLength(bytes)
      expect(await decapsulate({ key: keyId, ciphertext })).toMatchObject({
        sharedSecret,
        keyId,
        versionNumber: 1,
      })
      const next = await encapsulate(keyId)
      expect(next['sharedSecret']).not.toBe(sharedSecret)
      expect(next['ciphertext']).not.toBe(ciphertext)
    })

    it('opens what other software made with the exported public key', async () => {
      const { sharedKey, ciphertext } = encapsulateElsewhere(await publicKeyOf(keyId))
      expect(await decapsulate({ key: keyId, ciphertext: base64(ciphertext) })).toMatchObject({
        sharedSecret: base64(sharedKey),
      })
    })

    it('refuses a ciphertext of the wrong length, and nothing else about it', async () => {
      const made = await encapsulate(keyId)
      const ciphertext = Buffer.from(made['ciphertext'], 'base64')
      for (const length of [0, 1, bytes - 1, bytes + 1, bytes === 1088 ? 1568 : 1088]) {
        expect(await decapsulate({ key: keyId, ciphertext: base64(Buffer.alloc(length)) })).toMatchObject({
          code: 'INPUT_VALIDATION',
          message: expect.stringContaining(String(bytes)),
          issues: [{ path: ['ciphertext'] }],
        })
      }
      ciphertext.writeUInt8(ciphertext.readUInt8(7) ^ 1, 7)
      const changed = await decapsulate({ key: keyId, ciphertext: base64(ciphertext) })
      expect(Buffer.from(changed['sharedSecret'], 'base64')).toHaveLength(32)
      expect(changed['sharedSecret']).not.toBe(made['sharedSecret'])
      // Implicit rejection is no lottery: the same wrong bytes give the same secret.
      expect(await decapsulate({ key: keyId, ciphertext: base64(ciphertext) })).toEqual(changed)
    })
  })

  it('opens with the version that the caller names, also after a rotation, and with none there is an error', async () => {
    const keyId = await createKey()
    const { sharedSecret, ciphertext } = await encapsulate(keyId)
    await max.mutate('rotateUserKey', { key: keyId })
    expect(await decapsulate({ key: keyId, ciphertext })).toMatchObject({ sharedSecret, versionNumber: 1 })
    expect(await encapsulate(keyId)).toMatchObject({ versionNumber: 2 })
    const other = await decapsulate({ version: { key: keyId, number: 2 }, ciphertext })
    expect(other['versionNumber']).toBe(2)
    expect(other['sharedSecret']).not.toBe(sharedSecret)
    for (const version of [0, -1, 3, 2_147_483_647]) {
      expect(await decapsulate({ version: { key: keyId, number: version }, ciphertext })).toMatchObject({
        code: 'KEY_VERSION_NOT_FOUND',
      })
    }
    const { status } = await max.send(
      'mutation($input: DecapsulateInput!) { decapsulate(input: $input) { __typename } }',
      { input: { ciphertext } },
    )
    expect(status).toBe(400)
  })

  it('stops in both directions while the version is not active', async () => {
    const keyId = await createKey()
    const { sharedSecret, ciphertext } = await encapsulate(keyId)
    await max.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    expect(await encapsulate(keyId)).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await decapsulate({ key: keyId, ciphertext })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    await max.mutate('activateKeyVersion', { version: { key: keyId, number: 1 } })
    expect(await decapsulate({ key: keyId, ciphertext })).toMatchObject({ sharedSecret })
    expect(await encapsulate(await createKey('ML_KEM_768', { preActivation: true }))).toMatchObject({
      code: 'INVALID_KEY_STATE',
    })
  })

  it('is the business of keys for it, and of no others', async () => {
    for (const algorithm of ['AES_256_GCM', 'HMAC_SHA256', 'X25519', 'ML_DSA_65']) {
      const keyId = await createKey(algorithm)
      expect(await encapsulate(keyId)).toMatchObject({ code: 'INVALID_KEY_USAGE' })
      expect(await decapsulate({ key: keyId, ciphertext: '' })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
    }
  })
})
