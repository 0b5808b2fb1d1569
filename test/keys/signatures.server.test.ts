import { createHash, createPublicKey, verify as verifyElsewhere } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const text = Buffer.from('a message')
const message = base64(text)

describe.skipIf(hasNoDatabase())('signatures', () => {
  let story: Story
  let max: Client
  let ecdsa: string
  let rsa: string
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
    ecdsa = await createKey('ecdsa', 'EC_P256')
    rsa = await createKey('rsa', 'RSA_2048')
  })
  afterAll(() => endStory(story))

  async function createKey(name: string, algorithm: string): Promise<string> {
    const input = { name, algorithm, usage: 'SIGN_VERIFY' }
    return (await max.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  }

  const sign = (input: object) =>
    max.mutate('sign', { message, ...input }, 'signature signingAlgorithm keyId versionNumber')
  const verify = ({ key, ...input }: { key?: string | undefined; [field: string]: unknown }) =>
    max.mutate('verify', { message, version: { key, number: 1 }, ...input }, 'valid keyId versionNumber')

  async function publicKeyOf(id: string) {
    const { userKey } = await max.ask<{ userKey: { publicKey: { pem: string } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { publicKey { pem } } }',
      { id },
    )
    return createPublicKey(userKey.publicKey.pem)
  }

  it.each([
    [
      'RSA_2048',
      ['RSASSA_PSS_SHA_256', 'RSASSA_PSS_SHA_384', 'RSASSA_PSS_SHA_512', 'RSASSA_PKCS1_V1_5_SHA_256'],
    ],
    ['EC_P256', ['ECDSA_SHA_256']],
    ['EC_P384', ['ECDSA_SHA_384']],
    ['EC_P521', ['ECDSA_SHA_512']],
    ['EC_SECP256K1', ['ECDSA_SHA_256']],
    ['ED25519', ['ED25519']],
    ['ED448', ['ED448']],
    ['ML_DSA_44', ['ML_DSA_44']],
    ['ML_DSA_65', ['ML_DSA_65']],
    ['ML_DSA_87', ['ML_DSA_87']],
  ])(
    'with %s hold for their message alone; a wrong one is not valid, and no error',
    async (algorithm, schemes) => {
      const keyId = await createKey(`all-${algorithm}`, algorithm)
      for (const signingAlgorithm of schemes) {
        const { signature, ...rest } = await sign({ key: keyId, signingAlgorithm })
        expect(rest).toMatchObject({ signingAlgorithm, keyId, versionNumber: 1 })
        const check = (input: object) => verify({ key: keyId, signingAlgorithm, signature, ...input })
        expect(await check({})).toMatchObject({ valid: true, keyId, versionNumber: 1 })
        const bytes = Buffer.from(signature, 'base64')
        const flipped = Buffer.from(bytes)
        flipped[bytes.length - 1] = (flipped[bytes.length - 1] ?? 0) ^ 1
        for (const wrong of [
          { message: base64('another message') },
          { message: '' },
          { signature: base64(flipped) },
          { signature: base64(bytes.subarray(1)) },
          { signature: base64(bytes.subarray(0, -1)) },
          { signature: base64(Buffer.concat([bytes, Buffer.alloc(1)])) },
          { signature: base64(Buffer.alloc(bytes.length)) },
          { signature: '' },
        ]) {
          expect(await check(wrong)).toMatchObject({ valid: false })
        }
      }
      const empty = await sign({ key: keyId, message: '' })
      expect(await verify({ key: keyId, message: '', signature: empty['signature'] })).toMatchObject({
        valid: true,
      })
    },
  )

  it('with ECDSA are DER or P1363, and one is not taken for the other', async () => {
    const key = await publicKeyOf(ecdsa)
    const forms = { DER: 'der', P1363: 'ieee-p1363' } as const
    for (const encoding of ['DER', 'P1363'] as const) {
      const { signature } = await sign({ key: ecdsa, encoding })
      const bytes = Buffer.from(signature, 'base64')
      if (encoding === 'P1363') expect(bytes).toHaveLength(64)
      expect(verifyElsewhere('sha256', text, { key, dsaEncoding: forms[encoding] }, bytes)).toBe(true)
      expect(await verify({ key: ecdsa, signature, encoding })).toMatchObject({ valid: true })
      const other = encoding === 'DER' ? 'P1363' : 'DER'
      expect(await verify({ key: ecdsa, signature, encoding: other })).toMatchObject({ valid: false })
    }
  })

  it('of a digest are those of its message, and a digest of the wrong length is an input error', async () => {
    for (const [bits, bytes] of [
      [256, 32],
      [384, 48],
      [512, 64],
    ] as const) {
      const signingAlgorithm = `RSASSA_PKCS1_V1_5_SHA_${bits}`
      const digest = base64(createHash(`sha${bits}`).update(text).digest())
      const scheme = { key: rsa, signingAlgorithm }
      const { signature } = await sign({ ...scheme, message: digest, messageType: 'DIGEST' })
      expect(await verify({ ...scheme, signature })).toMatchObject({ valid: true })
      expect(await verify({ ...scheme, signature, message: digest, messageType: 'DIGEST' })).toMatchObject({
        valid: true,
      })
      expect(await verify({ ...scheme, signature, message: digest })).toMatchObject({ valid: false })
      for (const length of [0, 20, bytes - 1, bytes + 1, 65]) {
        const wrong = { ...scheme, message: base64(Buffer.alloc(length)), messageType: 'DIGEST' }
        expect(await sign(wrong)).toMatchObject({ code: 'INPUT_VALIDATION' })
        expect(await verify({ ...wrong, signature })).toMatchObject({ code: 'INPUT_VALIDATION' })
      }
    }
  })

  it('of a digest are refused where the scheme signs messages only', async () => {
    const ed25519 = await createKey('ed25519', 'ED25519')
    const digest = base64(createHash('sha256').update(text).digest())
    for (const [keyId, signingAlgorithm] of [
      [rsa, 'RSASSA_PSS_SHA_256'],
      [ecdsa, 'ECDSA_SHA_256'],
      [ed25519, 'ED25519'],
    ]) {
      const input = { key: keyId, signingAlgorithm, message: digest, messageType: 'DIGEST' }
      expect(await sign(input)).toMatchObject({ code: 'INPUT_VALIDATION' })
      expect(await verify({ ...input, signature: '' })).toMatchObject({ code: 'INPUT_VALIDATION' })
    }
  })

  it('take a scheme of their key, and no other', async () => {
    for (const [keyId, signingAlgorithm] of [
      [ecdsa, 'ECDSA_SHA_384'],
      [ecdsa, 'ED25519'],
      [rsa, 'ECDSA_SHA_256'],
    ]) {
      expect(await sign({ key: keyId, signingAlgorithm })).toMatchObject({ code: 'INPUT_VALIDATION' })
      expect(await verify({ key: keyId, signingAlgorithm, signature: '' })).toMatchObject({
        code: 'INPUT_VALIDATION',
      })
    }
    const { signature } = await sign({ key: rsa, signingAlgorithm: 'RSASSA_PSS_SHA_256' })
    for (const signingAlgorithm of ['RSASSA_PSS_SHA_384', 'RSASSA_PKCS1_V1_5_SHA_256']) {
      expect(await verify({ key: rsa, signature, signingAlgorithm })).toMatchObject({ valid: false })
    }
    const answer = await max.send('mutation($input: SignInput!) { sign(input: $input) { __typename } }', {
      input: { key: rsa, message, signingAlgorithm: 'MD5' },
    })
    expect(answer).toMatchObject({ status: 400, errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  it('belong to one version: with another they are not valid, with none there is an error', async () => {
    const keyId = await createKey('versions', 'EC_P256')
    const { signature } = await sign({ key: keyId })
    await max.mutate('rotateUserKey', { key: keyId })
    expect(await verify({ key: keyId, signature })).toMatchObject({ valid: true, versionNumber: 1 })
    expect(await verify({ version: { key: keyId, number: 2 }, signature })).toMatchObject({
      valid: false,
      versionNumber: 2,
    })
    for (const version of [0, 3, -1, 2_147_483_647]) {
      expect(await verify({ version: { key: keyId, number: version }, signature })).toMatchObject({
        code: 'KEY_VERSION_NOT_FOUND',
      })
    }
    const answer = await max.send('mutation($input: VerifyInput!) { verify(input: $input) { __typename } }', {
      input: { message, signature },
    })
    expect(answer.status).toBe(400)
  })

  it('of messages beyond the limit are refused with the way out', async () => {
    const long = { key: ecdsa, message: base64(new Uint8Array(65_537)) }
    expect(await sign(long)).toMatchObject({
      code: 'INPUT_VALIDATION',
      message: expect.stringContaining('65536'),
    })
    const longest = { ...long, message: base64(new Uint8Array(65_536)) }
    const { signature } = await sign(longest)
    expect(await verify({ ...longest, signature })).toMatchObject({ valid: true })
  })
})
