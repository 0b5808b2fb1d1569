import { constants, publicEncrypt } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  endStory,
  type MutationResult,
  type Person,
  type Story,
  startStory,
} from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const hello = base64('hello')
const invalid = { code: 'INVALID_CIPHERTEXT' }

describe.skipIf(hasNoDatabase())('encryption', () => {
  let story: Story
  let mia: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory()
    mia = story.as(manager)
  })
  afterAll(() => endStory(story))

  async function createKey(input: object = {}, client = mia): Promise<string> {
    const created = await client.mutate(
      'createUserKey',
      { name: `key-${count++}`, ...input },
      'userKey { id }',
    )
    return created['userKey'].id
  }

  const encrypt = (keyId: string, input: object = {}): Promise<MutationResult> =>
    mia.mutate('encrypt', { key: keyId, plaintext: hello, ...input }, 'ciphertext keyId versionNumber')
  const decrypt = (ciphertext: unknown, input: object = {}): Promise<MutationResult> =>
    mia.mutate('decrypt', { ciphertext, ...input }, 'plaintext keyId versionNumber')

  it.each(['AES_256_GCM', 'AES_128_GCM', 'CHACHA20_POLY1305', 'XAES_256_GCM'])(
    'with %s opens empty, long and repeated plaintext, and differs each time',
    async (algorithm) => {
      const keyId = await createKey({ algorithm })
      const seen = new Set<string>()
      for (const plaintext of ['', hello, hello, base64(new Uint8Array(65_536))]) {
        const { ciphertext } = await encrypt(keyId, { plaintext })
        seen.add(ciphertext)
        expect(await decrypt(ciphertext)).toMatchObject({ plaintext, keyId, versionNumber: 1 })
        expect(await decrypt(ciphertext, { key: keyId })).toMatchObject({ plaintext })
      }
      expect(seen.size).toBe(4)
      expect(await encrypt(keyId, { plaintext: base64(new Uint8Array(65_537)) })).toMatchObject({
        code: 'INPUT_VALIDATION',
        message: expect.stringContaining('65536'),
      })
    },
  )

  it('tells an empty plaintext from one that is missing', async () => {
    const keyId = await createKey()
    expect(await decrypt((await encrypt(keyId, { plaintext: '' }))['ciphertext'])).toMatchObject({
      plaintext: '',
    })
    for (const input of [{ key: keyId }, { key: keyId, plaintext: null }]) {
      const answer = await mia.send(
        'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }',
        { input },
      )
      expect(answer).toMatchObject({ status: 400, data: null })
      expect(answer.errors[0]).toMatchObject({
        message: expect.stringMatching(/plaintext|Base64!/),
        extensions: { code: 'BAD_REQUEST' },
      })
    }
  })

  it('binds additional authenticated data: dropped, added or changed, the ciphertext does not open', async () => {
    const keyId = await createKey()
    const bound = (await encrypt(keyId, { additionalAuthenticatedData: base64('order 7') }))['ciphertext']
    const plain = (await encrypt(keyId))['ciphertext']
    const withData = (ciphertext: string, text: string | null) =>
      decrypt(ciphertext, { additionalAuthenticatedData: text === null ? null : base64(text) })
    expect(await withData(bound, 'order 7')).toMatchObject({ plaintext: hello })
    for (const wrong of [null, '', 'order 8', 'order 7 ', 'order']) {
      expect(await withData(bound, wrong)).toMatchObject(invalid)
    }
    // None is the same as empty.
    for (const none of [null, '']) expect(await withData(plain, none)).toMatchObject({ plaintext: hello })
    expect(await withData(plain, 'order 7')).toMatchObject(invalid)
  })

  it('does not open what was relabelled, whichever field of the header says otherwise', async () => {
    const keyId = await createKey()
    const { ciphertext } = await encrypt(keyId)
    await mia.mutate('rotateUserKey', { key: keyId })
    const other = Buffer.from((await encrypt(await createKey()))['ciphertext'], 'base64')
    const chacha = Buffer.from(
      (await encrypt(await createKey({ algorithm: 'CHACHA20_POLY1305' })))['ciphertext'],
      'base64',
    )
    const bytes = Buffer.from(ciphertext, 'base64')
    const relabel = (change: (copy: Buffer) => void) => {
      const copy = Buffer.from(bytes)
      change(copy)
      return decrypt(base64(copy))
    }
    const results = await Promise.all([
      // Layout, algorithm, key, and the version: one that is there, a future one, none, and the largest.
      relabel((copy) => copy.writeUInt8(0, 0)),
      relabel((copy) => copy.writeUInt8(2, 0)),
      relabel((copy) => copy.writeUInt8(chacha.readUInt8(1), 1)),
      relabel((copy) => copy.writeUInt8(0, 1)),
      relabel((copy) => copy.writeUInt8(255, 1)),
      relabel((copy) => other.copy(copy, 2, 2, 18)),
      relabel((copy) => chacha.copy(copy, 1, 1, 18)),
      relabel((copy) => copy.fill(0, 2, 18)),
      relabel((copy) => copy.writeUInt32BE(2, 18)),
      relabel((copy) => copy.writeUInt32BE(3, 18)),
      relabel((copy) => copy.writeUInt32BE(0, 18)),
      relabel((copy) => copy.writeUInt32BE(0xffff_ffff, 18)),
      decrypt(ciphertext, { key: await createKey() }),
    ])
    for (const result of results) expect(result).toEqual({ ...results[0], ...invalid })
    expect(await decrypt(ciphertext)).toMatchObject({ plaintext: hello, versionNumber: 1 })
  })

  it('again, under the newest version or another key, opens to the same and shows no plaintext', async () => {
    const [keyId, destinationKey] = [await createKey(), await createKey({ algorithm: 'XAES_256_GCM' })]
    const data = base64('order 7')
    const { ciphertext } = await encrypt(keyId, { additionalAuthenticatedData: data })
    await mia.mutate('rotateUserKey', { key: keyId })
    const again = (input: object) =>
      mia.mutate(
        'reEncrypt',
        { ciphertext, sourceAdditionalAuthenticatedData: data, ...input },
        'ciphertext sourceKeyId sourceVersionNumber keyId versionNumber',
      )
    const same = await again({})
    expect(same).toMatchObject({ sourceKeyId: keyId, sourceVersionNumber: 1, keyId, versionNumber: 2 })
    expect(same['ciphertext']).not.toBe(ciphertext)
    expect(await decrypt(same['ciphertext'], { additionalAuthenticatedData: data })).toMatchObject({
      plaintext: hello,
      versionNumber: 2,
    })
    const moved = await again({ destinationKey, destinationAdditionalAuthenticatedData: '' })
    expect(moved).toMatchObject({ sourceKeyId: keyId, keyId: destinationKey, versionNumber: 1 })
    expect(await decrypt(moved['ciphertext'])).toMatchObject({ plaintext: hello, keyId: destinationKey })
    const changed = await again({ destinationAdditionalAuthenticatedData: base64('order 8') })
    expect(
      await decrypt(changed['ciphertext'], { additionalAuthenticatedData: base64('order 8') }),
    ).toMatchObject({ plaintext: hello })
    expect(await again({ sourceAdditionalAuthenticatedData: null })).toMatchObject(invalid)
  })

  it('across keys needs both: a key that the caller may not use, or that is not there, stops it', async () => {
    const olga = story.as({ name: 'olga', roles: ['PROJECT_MEMBER'] })
    const closed = await createKey({ accessControl: { enabled: true } })
    const own = await createKey({}, olga)
    const foreign = await createKey({}, story.as({ ...manager, project: 'bank' }))
    const fromClosed = (await encrypt(closed))['ciphertext']
    const fromOwn = (await encrypt(own))['ciphertext']
    const document =
      'mutation($input: ReEncryptInput!) { reEncrypt(input: $input) { ... on UserError { code } } }'
    for (const [input, code] of [
      [{ ciphertext: fromClosed }, 'FORBIDDEN'],
      [{ ciphertext: fromClosed, destinationKey: own }, 'FORBIDDEN'],
      [{ ciphertext: fromOwn, destinationKey: closed }, 'FORBIDDEN'],
      [{ ciphertext: fromOwn, destinationKey: foreign }, 'KEY_NOT_FOUND'],
      [{ ciphertext: fromOwn, destinationKey: 'ukey_01h455vb4pex5vsknk084sn02q' }, 'KEY_NOT_FOUND'],
    ] as const) {
      const { data, errors } = await olga.send(document, { input })
      expect(errors).toEqual([])
      expect(data.reEncrypt.code).toBe(code)
    }
    const elsewhere = story.as({ ...manager, project: 'bank' })
    expect(await elsewhere.mutate('reEncrypt', { ciphertext: fromOwn })).toMatchObject(invalid)
    expect(await elsewhere.mutate('decrypt', { ciphertext: fromOwn, key: own })).toMatchObject(invalid)
    expect(await mia.mutate('reEncrypt', { ciphertext: fromOwn, destinationKey: closed })).not.toHaveProperty(
      'code',
    )
  })

  it('is refused by a key that is for something else, and takes no version for what names its own', async () => {
    const signing = await createKey({ algorithm: 'ED25519' })
    for (const [name, input] of [
      ['encrypt', { key: signing, plaintext: hello }],
      ['decrypt', { key: signing, ciphertext: hello }],
      ['generateDataKey', { key: signing }],
    ] as const) {
      expect(await mia.mutate(name, input)).toMatchObject({ code: 'INVALID_KEY_USAGE' })
    }
    const keyId = await createKey()
    const { ciphertext } = await encrypt(keyId)
    for (const number of [0, 1, 2]) {
      const version = { key: keyId, number }
      expect(await decrypt(ciphertext, { key: keyId, version })).toMatchObject({ code: 'INPUT_VALIDATION' })
      expect(await decrypt(ciphertext, { version })).toMatchObject({ code: 'INPUT_VALIDATION' })
    }
  })

  it('with RSA needs the version, fits the padding, and takes what other libraries encrypted', async () => {
    const keyId = await createKey({ algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' })
    const longest = base64(new Uint8Array(190).fill(7))
    const { ciphertext, versionNumber } = await encrypt(keyId, { plaintext: longest })
    expect(versionNumber).toBe(1)
    const versionOf = (number: number) => ({ version: { key: keyId, number } })
    expect(await decrypt(ciphertext, versionOf(versionNumber))).toMatchObject({
      plaintext: longest,
      keyId,
      versionNumber,
    })
    expect(await encrypt(keyId, { plaintext: base64(new Uint8Array(191)) })).toMatchObject({
      code: 'INPUT_VALIDATION',
      message: expect.stringContaining('at most 190 bytes'),
    })
    expect(await encrypt(keyId, { additionalAuthenticatedData: hello })).toMatchObject({
      code: 'INPUT_VALIDATION',
    })
    expect(await decrypt(ciphertext, { key: keyId })).toMatchObject({
      code: 'INPUT_VALIDATION',
      message: expect.stringContaining('version'),
    })
    expect(await decrypt(ciphertext)).toMatchObject(invalid)
    await mia.mutate('rotateUserKey', { key: keyId })
    expect(await decrypt(ciphertext, versionOf(2))).toMatchObject(invalid)
    for (const none of [0, 3, -1]) {
      expect(await decrypt(ciphertext, versionOf(none))).toMatchObject({
        code: 'KEY_VERSION_NOT_FOUND',
      })
    }
    const { userKey } = await mia.ask<{ userKey: { publicKey: { pem: string } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { publicKey { pem } } }',
      { id: keyId },
    )
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    for (const hash of ['1', '256', '384', '512']) {
      const options = { key: userKey.publicKey.pem, padding, oaepHash: `sha${hash}` }
      const foreign = base64(publicEncrypt(options, Buffer.from('hello')))
      const encryptionAlgorithm = `RSAES_OAEP_SHA_${hash}`
      expect(await decrypt(foreign, { ...versionOf(2), encryptionAlgorithm })).toMatchObject({
        plaintext: hello,
      })
      const wrong = hash === '512' ? 'RSAES_OAEP_SHA_256' : 'RSAES_OAEP_SHA_512'
      expect(await decrypt(foreign, { ...versionOf(2), encryptionAlgorithm: wrong })).toMatchObject(invalid)
    }
  })
})
