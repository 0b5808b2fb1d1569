import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const hello = base64('hello')

describe.skipIf(hasNoDatabase())('key versions', () => {
  let story: Story
  let mia: Client
  let count = 0
  beforeAll(async () => {
    // Many changes at once take a busy machine longer than a request may take.
    story = await startStory({ REQUEST_TIMEOUT_MS: '60000' })
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

  async function read<T>(id: string, fields: string): Promise<T> {
    const { userKey } = await mia.ask<{ userKey: T }>(
      `query($id: KeyRef!) { userKey(key: $id) { ${fields} } }`,
      {
        id,
      },
    )
    return userKey
  }

  it('of rotations that race have consecutive numbers', async () => {
    const keyId = await createKey()
    const results = await Promise.all(
      Array.from({ length: 12 }, () =>
        mia.mutate('rotateUserKey', { key: keyId }, 'version { number isDefault }'),
      ),
    )
    const numbers = results.map((result) => result['version'].number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 2))
    const { versions, defaultVersion } = await read<{
      versions: { nodes: { number: number; isDefault: boolean }[] }
      defaultVersion: { number: number }
    }>(keyId, 'versions { nodes { number isDefault } } defaultVersion { number }')
    expect(versions.nodes.map(({ number }) => number)).toEqual([...numbers.toReversed(), 1])
    expect(versions.nodes.filter(({ isDefault }) => isDefault)).toEqual([{ number: 13, isDefault: true }])
    expect(defaultVersion).toEqual({ number: 13 })
  })

  it('of rotations that race and expect a default version: one is made, the others conflict', async () => {
    const keyId = await createKey()
    const results = await Promise.all(
      Array.from({ length: 5 }, () =>
        mia.mutate(
          'rotateUserKey',
          { key: keyId, expectedDefaultVersionNumber: 1 },
          'version { number }',
          '... on ConflictError { currentDefaultVersionNumber currentRevision }',
        ),
      ),
    )
    const conflict = { code: 'CONFLICT', currentDefaultVersionNumber: 2, currentRevision: 2 }
    expect(results.filter((result) => result['version']?.number === 2)).toHaveLength(1)
    expect(results.filter((result) => result['code'] !== undefined)).toMatchObject(Array(4).fill(conflict))
    expect(await read(keyId, 'versions { totalCount }')).toEqual({ versions: { totalCount: 2 } })
  })

  it('that are used and changed at once give only answers that the rules allow, and lose nothing', async () => {
    const keyId = await createKey()
    const ciphertexts = [await encrypt(keyId)]
    let rotations = 0
    const pick = (max: number) => Math.floor(Math.random() * max)
    async function act(): Promise<void> {
      const version = 1 + pick(rotations + 1)
      switch (pick(6)) {
        case 0:
        case 1: {
          const result = await mia.mutate('encrypt', { key: keyId, plaintext: hello }, 'ciphertext')
          if (result['code'] === undefined) ciphertexts.push(result['ciphertext'])
          else expect(result['code']).toBe('INVALID_KEY_STATE')
          return
        }
        case 2:
        case 3: {
          const ciphertext = ciphertexts[pick(ciphertexts.length)]
          const result = await mia.mutate('decrypt', { ciphertext }, 'plaintext')
          if (result['code'] === undefined) expect(result['plaintext']).toBe(hello)
          else expect(result['code']).toBe('INVALID_KEY_STATE')
          return
        }
        case 4: {
          if (pick(4) > 0) return
          const result = await mia.mutate('rotateUserKey', { key: keyId }, 'version { number }')
          expect(result['code']).toBeUndefined()
          rotations++
          return
        }
        default: {
          const name = pick(2) === 0 ? 'deactivateKeyVersion' : 'activateKeyVersion'
          const result = await mia.mutate(
            name,
            { version: { key: keyId, number: version } },
            'version { versionStatus }',
          )
          if (result['code'] !== undefined) expect(result['code']).toBe('INVALID_KEY_STATE')
        }
      }
    }
    const workers = Array.from({ length: 8 }, async () => {
      for (let turn = 0; turn < 50; turn++) await act()
    })
    await Promise.all(workers)
    const { versions } = await read<{ versions: { nodes: { number: number; versionStatus: string }[] } }>(
      keyId,
      'versions(first: 200) { nodes { number versionStatus } }',
    )
    expect(versions.nodes.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: rotations + 1 }, (_, index) => index + 1),
    )
    for (const { number, versionStatus } of versions.nodes) {
      if (versionStatus === 'DEACTIVATED') await change('activateKeyVersion', keyId, number)
    }
    expect(ciphertexts.length).toBeGreaterThan(1)
    for (const ciphertext of ciphertexts) {
      expect(await mia.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext: hello })
    }
  })

  it('are listed once for each mention of their key in a request', async () => {
    const keyId = await createKey()
    await mia.mutate('rotateUserKey', { key: keyId })
    const { nodes } = await mia.ask<{ nodes: object[] }>(
      'query($ids: [ID!]!) { nodes(ids: $ids) { ... on UserKey { versions { nodes { number } } } } }',
      { ids: [keyId, keyId, keyId] },
    )
    expect(nodes).toEqual(Array(3).fill({ versions: { nodes: [{ number: 2 }, { number: 1 }] } }))
  })

  it('are made by activation of a key that was created without one', async () => {
    const keyId = await createKey({ preActivation: true })
    const fields = 'status deletable defaultVersion { number } publicKey { pem } versions { totalCount }'
    expect(await read(keyId, fields)).toEqual({
      status: 'PRE_ACTIVATION',
      deletable: true,
      defaultVersion: null,
      publicKey: null,
      versions: { totalCount: 0 },
    })
    for (const [name, input] of [
      ['encrypt', { plaintext: hello }],
      ['generateDataKey', {}],
      ['rotateUserKey', {}],
    ] as const) {
      const result = await mia.mutate(name, { key: keyId, ...input })
      expect(result).toMatchObject({
        code: 'INVALID_KEY_STATE',
        message: expect.stringMatching(/PRE_ACTIVATION.*activateUserKey/),
      })
    }
    expect(await change('activateKeyVersion', keyId, 1)).toMatchObject({ code: 'KEY_VERSION_NOT_FOUND' })
    expect(
      await mia.mutate(
        'activateUserKey',
        { key: keyId },
        'userKey { status } version { number versionStatus isDefault }',
      ),
    ).toMatchObject({
      userKey: { status: 'ACTIVE' },
      version: { number: 1, versionStatus: 'ACTIVE', isDefault: true },
    })
    expect(await mia.mutate('activateUserKey', { key: keyId })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await encrypt(keyId)).toEqual(expect.any(String))
  })

  it('stop protecting new data when the default is deactivated, while an active older one still opens its own', async () => {
    const keyId = await createKey()
    const older = await encrypt(keyId)
    await mia.mutate('rotateUserKey', { key: keyId })
    const newer = await encrypt(keyId)
    expect(await change('deactivateKeyVersion', keyId, 2)).toMatchObject({
      userKey: { status: 'ACTIVE' },
      version: { versionStatus: 'DEACTIVATED' },
    })
    expect(await mia.mutate('decrypt', { ciphertext: older }, 'plaintext')).toMatchObject({
      plaintext: hello,
    })
    const facts =
      '... on InvalidKeyStateError { keyStatus inTheWay: refusedVersionNumber versionStatus allowed }'
    for (const [name, input] of [
      ['encrypt', { key: keyId, plaintext: hello }],
      ['generateDataKey', { key: keyId }],
      ['reEncrypt', { ciphertext: older }],
    ] as const) {
      expect(await mia.mutate(name, input, '', facts)).toMatchObject({
        code: 'INVALID_KEY_STATE',
        keyStatus: 'ACTIVE',
        inTheWay: 2,
        versionStatus: 'DEACTIVATED',
        allowed: ['ACTIVE'],
        message: expect.stringContaining('The default version 2 of the key is DEACTIVATED'),
      })
    }
    expect(await mia.mutate('decrypt', { ciphertext: newer })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await change('deactivateKeyVersion', keyId, 1)).toMatchObject({
      userKey: { status: 'DEACTIVATED' },
    })
    expect(await mia.mutate('decrypt', { ciphertext: older })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await change('activateKeyVersion', keyId, 2)).toMatchObject({ userKey: { status: 'ACTIVE' } })
    expect(await mia.mutate('decrypt', { ciphertext: newer }, 'plaintext')).toMatchObject({
      plaintext: hello,
    })
  })
})
