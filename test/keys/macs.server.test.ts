import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const message = base64('a message')
const noKey = 'ukey_01h455vb4pex5vsknk084sn02q'

describe.skipIf(hasNoDatabase())('message authentication codes', () => {
  let story: Story
  let max: Client
  let keyId: string
  let count = 0
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
    keyId = await createKey('HMAC_SHA256')
  })
  afterAll(() => endStory(story))

  async function createKey(algorithm: string, client = max, input: object = {}): Promise<string> {
    const given = { name: `key-${++count}`, algorithm, ...input }
    return (await client.mutate('createUserKey', given, 'userKey { id }'))['userKey'].id
  }

  const generate = (input: object = {}) =>
    max.mutate('generateMac', { key: keyId, message, ...input }, 'mac keyId versionNumber')
  const verify = ({ key = keyId, ...input }: { key?: string; [field: string]: unknown }) =>
    max.mutate('verifyMac', { version: { key, number: 1 }, message, ...input }, 'valid keyId versionNumber')
  const batch = (items: readonly object[]) =>
    max.mutate(
      'generateMacBatch',
      { items },
      'results { reference result { __typename ... on UserError { code } ... on GenerateMacPayload { mac keyId versionNumber } } }',
    )

  it.each([
    ['HMAC_SHA256', 32],
    ['HMAC_SHA384', 48],
    ['HMAC_SHA512', 64],
  ])('of %s have %i bytes and hold for their message and key alone', async (algorithm, bytes) => {
    const own = await createKey(algorithm)
    const { mac, ...used } = await generate({ key: own })
    expect(used).toMatchObject({ keyId: own, versionNumber: 1 })
    const code = Buffer.from(mac, 'base64')
    expect(code).toHaveLength(bytes)
    expect(await generate({ key: own })).toMatchObject({ mac })
    expect(await verify({ key: own, mac })).toMatchObject({ valid: true, keyId: own, versionNumber: 1 })

    const other = await createKey(algorithm)
    expect((await generate({ key: other }))['mac']).not.toBe(mac)
    expect(await verify({ key: other, mac })).toMatchObject({ valid: false })
    for (const wrong of ['', base64('a messagf'), base64('a message\0')]) {
      expect(await verify({ key: own, mac, message: wrong })).toMatchObject({ valid: false })
    }
    for (const place of [0, bytes - 1]) {
      const flipped = Buffer.from(code)
      flipped.writeUInt8(flipped.readUInt8(place) ^ 1, place)
      expect(await verify({ key: own, mac: base64(flipped) })).toMatchObject({ valid: false })
    }
  })

  it('in another length than the hash are not valid, and no error', async () => {
    const { mac } = await generate()
    const code = Buffer.from(mac, 'base64')
    for (const wrong of [
      code.subarray(0, 16),
      code.subarray(0, -1),
      code.subarray(1),
      Buffer.concat([code, Buffer.alloc(1)]),
      Buffer.concat([code, code]),
      Buffer.alloc(0),
    ]) {
      expect(await verify({ mac: base64(wrong) })).toMatchObject({ valid: false })
    }
  })

  it('are there for an empty message, and for the longest; beyond it there is an input error', async () => {
    for (const text of [new Uint8Array(), new Uint8Array(65_536)]) {
      const { mac } = await generate({ message: base64(text) })
      expect(await verify({ message: base64(text), mac })).toMatchObject({ valid: true })
    }
    const long = base64(new Uint8Array(65_537))
    const refused = { code: 'INPUT_VALIDATION', message: expect.stringContaining('65536') }
    expect(await generate({ message: long })).toMatchObject(refused)
    expect(await verify({ message: long, mac: '' })).toMatchObject(refused)
  })

  it('belong to one version, which verifying must name', async () => {
    const own = await createKey('HMAC_SHA512')
    const { mac } = await generate({ key: own })
    await max.mutate('rotateUserKey', { key: own })
    const next = await generate({ key: own })
    expect(next['versionNumber']).toBe(2)
    expect(next['mac']).not.toBe(mac)
    expect(await verify({ key: own, mac })).toMatchObject({ valid: true, versionNumber: 1 })
    expect(await verify({ version: { key: own, number: 2 }, mac })).toMatchObject({
      valid: false,
      versionNumber: 2,
    })
    for (const version of [0, -1, 3, 2_147_483_647]) {
      expect(await verify({ version: { key: own, number: version }, mac })).toMatchObject({
        code: 'KEY_VERSION_NOT_FOUND',
      })
    }
    const answer = await max.send(
      'mutation($input: VerifyMacInput!) { verifyMac(input: $input) { __typename } }',
      { input: { message, mac } },
    )
    expect(answer.status).toBe(400)
  })

  it('are neither made nor checked with a version that is not active', async () => {
    const own = await createKey('HMAC_SHA256')
    const { mac } = await generate({ key: own })
    await max.mutate('deactivateKeyVersion', { version: { key: own, number: 1 } })
    expect(await generate({ key: own })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    expect(await verify({ key: own, mac })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    await max.mutate('activateKeyVersion', { version: { key: own, number: 1 } })
    expect(await generate({ key: own })).toMatchObject({ mac })
    expect(await verify({ key: own, mac })).toMatchObject({ valid: true })
    const pending = await createKey('HMAC_SHA256', max, { preActivation: true })
    expect(await generate({ key: pending })).toMatchObject({ code: 'INVALID_KEY_STATE' })
  })

  it('are the business of keys for them, and of no others', async () => {
    for (const algorithm of ['AES_256_GCM', 'ED25519', 'ML_KEM_768', 'X25519']) {
      const other = await createKey(algorithm)
      expect(await generate({ key: other })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
      expect(await verify({ key: other, mac: '' })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
    }
    for (const [name, input] of [
      ['encrypt', { plaintext: message }],
      ['generateDataKey', {}],
      ['sign', { message }],
      ['encapsulate', {}],
    ] as const) {
      expect(await max.mutate(name, { key: keyId, ...input })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
    }
  })

  it('come in batches too: in order, with references, and each item fails for itself', async () => {
    const olga = story.as({ name: 'olga', roles: ['PROJECT_MEMBER'] })
    const closed = await createKey('HMAC_SHA256', olga, { accessControl: { enabled: true } })
    const [sha512, aes] = [await createKey('HMAC_SHA512'), await createKey('AES_256_GCM')]
    const { results } = await batch([
      { reference: 'first', key: keyId, message },
      { reference: 'unknown', key: noKey, message },
      { key: sha512, message },
      { reference: 'closed', key: closed, message },
      { reference: '', key: aes, message },
      { reference: 'long', key: keyId, message: base64(new Uint8Array(65_537)) },
      { reference: 'first', key: keyId, message: '' },
    ])
    const [single, empty, long] = [
      await generate(),
      await generate({ message: '' }),
      await generate({ key: sha512 }),
    ].map(({ mac }) => mac)
    expect(results).toMatchObject([
      { reference: 'first', result: { mac: single, keyId, versionNumber: 1 } },
      { reference: 'unknown', result: { code: 'KEY_NOT_FOUND' } },
      { reference: null, result: { mac: long, keyId: sha512 } },
      { reference: 'closed', result: { __typename: 'ForbiddenError', code: 'FORBIDDEN' } },
      { reference: '', result: { code: 'INVALID_KEY_USAGE' } },
      { reference: 'long', result: { code: 'INPUT_VALIDATION' } },
      { reference: 'first', result: { mac: empty } },
    ])
  })

  it('come in batches of 1 to 500', async () => {
    const { results } = await batch(Array(500).fill({ key: keyId, message }))
    const { mac } = await generate()
    expect(results.map(({ result }: { result: { mac: string } }) => result.mac)).toEqual(Array(500).fill(mac))
    for (const items of [[], Array(501).fill({ key: keyId, message })]) {
      expect(await batch(items)).toMatchObject({ code: 'INPUT_VALIDATION' })
    }
  })
})
