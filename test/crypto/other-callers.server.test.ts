import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExternalKey, openImport, wrapMaterial } from '../keys/wrap-material.ts'
import { base64, type Client, endStory, type Story, startStory } from '../support/story.ts'
import { agreementCurves, generateOn, refusedPeers, spkiOf } from './peer-keys.ts'
import { formsOf } from './private-key-forms.ts'

const message = base64('of another caller')

/** A request by its mutation and input. */
type Request = readonly [name: string, input: object]

describe('inputs of one caller that are refused', () => {
  let story: Story
  let attacker: Client
  let other: Client
  /** One operation of each family, each with a private key or a secret that is loaded anew. */
  const operations: Request[] = []
  beforeAll(async () => {
    // No key stays in memory: every operation reads and loads its key.
    story = await startStory({ CACHE_LIFETIME_MS: '0', RATE_LIMIT_UNITS: '0', REQUEST_TIMEOUT_MS: '60000' })
    attacker = story.as({ name: 'mallory', roles: ['PROJECT_ADMIN'], project: 'elsewhere' })
    other = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    await addOperations()
  })
  afterAll(() => endStory(story))

  async function createKey(client: Client, algorithm: string, usage: string): Promise<string> {
    const input = { name: `${algorithm}-${usage}`.toLowerCase().replaceAll('_', '-'), algorithm, usage }
    return (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  }

  async function addOperations(): Promise<void> {
    const create = (algorithm: string, usage: string) => createKey(other, algorithm, usage)
    const aes = await create('AES_256_GCM', 'ENCRYPT_DECRYPT')
    const { ciphertext } = await other.mutate('encrypt', { key: aes, plaintext: message }, 'ciphertext')
    operations.push(['decrypt', { ciphertext }])
    const rsa = await create('RSA_2048', 'ENCRYPT_DECRYPT')
    const sealed = await other.mutate('encrypt', { key: rsa, plaintext: message }, 'ciphertext')
    operations.push(['decrypt', { version: { key: rsa, number: 1 }, ciphertext: sealed['ciphertext'] }])
    for (const algorithm of ['RSA_2048', 'EC_P256', 'EC_SECP256K1', 'ED25519', 'ED448', 'ML_DSA_44']) {
      operations.push(['sign', { key: await create(algorithm, 'SIGN_VERIFY'), message }])
    }
    operations.push(['generateMac', { key: await create('HMAC_SHA256', 'GENERATE_VERIFY_MAC'), message }])
    const kem = await create('ML_KEM_768', 'KEY_ENCAPSULATION')
    const made = await other.mutate('encapsulate', { key: kem }, 'ciphertext')
    operations.push(['decapsulate', { version: { key: kem, number: 1 }, ciphertext: made['ciphertext'] }])
    for (const algorithm of ['X25519', 'EC_P384'] as const) {
      const peerPublicKey = base64(spkiOf(generateOn(agreementCurves[algorithm]).publicKey))
      const keyId = await create(algorithm, 'KEY_AGREEMENT')
      operations.push([
        'deriveSharedSecret',
        { version: { key: keyId, number: 1 }, peerPublicKey, context: '' },
      ])
    }
  }

  /** What the other caller cannot do, at the first try. */
  async function failures(): Promise<string[]> {
    const answers = await Promise.all(
      operations.map(([name, input]) =>
        other.mutate(name, input).catch((error: Error) => ({ code: error.message })),
      ),
    )
    return answers.flatMap((answer, index) =>
      'code' in answer && answer.code !== undefined ? [`${operations[index]?.[0]}: ${answer.code}`] : [],
    )
  }

  async function expectUnharmed(code: string, requests: Readonly<Record<string, Request>>): Promise<void> {
    const harmed: string[] = []
    for (const [what, [name, input]] of Object.entries(requests)) {
      const refused = await attacker.mutate(name, input, '', '... on UserError { code }')
      expect(refused['code'], what).toBe(code)
      harmed.push(...(await failures()).map((failure) => `${failure} after ${what}`))
    }
    expect(harmed).toEqual([])
  }

  it('work before anybody attacks', async () => {
    expect(await failures()).toEqual([])
  })

  // Every algorithm's materials are in openssl-errors.test.ts; here is the one that leaves errors behind.
  it('as material for EC_P256, do not disturb the operations of others', { timeout: 180_000 }, async () => {
    const keyId = await createExternalKey(attacker, {
      name: 'external',
      algorithm: 'EC_P256',
      usage: 'SIGN_VERIFY',
    })
    const open = await openImport(attacker, keyId)
    const forms = formsOf('EC_P256').refused.filter(({ material }) => material.length > 0)
    const requests = forms.map(({ what, material }): [string, Request] => {
      const wrappedMaterial = wrapMaterial(open, material)
      return [what, ['importKeyVersion', { key: keyId, importParametersId: open.id, wrappedMaterial }]]
    })
    await expectUnharmed('INVALID_KEY_MATERIAL', Object.fromEntries(requests))
  })

  it.each(['X25519', 'EC_P256', 'EC_P521'] as const)(
    'as public keys for %s, do not disturb the operations of others',
    async (algorithm) => {
      const keyId = await createKey(attacker, algorithm, 'KEY_AGREEMENT')
      const requests = Object.entries(refusedPeers(algorithm)).map(([what, peer]): [string, Request] => {
        const input = { version: { key: keyId, number: 1 }, peerPublicKey: base64(peer), context: '' }
        return [what, ['deriveSharedSecret', input]]
      })
      await expectUnharmed('INPUT_VALIDATION', Object.fromEntries(requests))
    },
  )

  it('as ciphertexts, do not disturb the operations of others', async () => {
    const rsa = await createKey(attacker, 'RSA_2048', 'ENCRYPT_DECRYPT')
    const kem = await createKey(attacker, 'ML_KEM_1024', 'KEY_ENCAPSULATION')
    const lengths = [1, 255, 256, 257]
    await expectUnharmed('INVALID_CIPHERTEXT', {
      nothing: ['decrypt', { ciphertext: base64('') }],
      ...Object.fromEntries(
        lengths.map((length): [string, Request] => [
          `RSA, ${length} bytes`,
          ['decrypt', { version: { key: rsa, number: 1 }, ciphertext: base64(Buffer.alloc(length, 0x7f)) }],
        ]),
      ),
    })
    await expectUnharmed('INPUT_VALIDATION', {
      'ML-KEM, cut off': [
        'decapsulate',
        { version: { key: kem, number: 1 }, ciphertext: base64(Buffer.alloc(1567)) },
      ],
    })
  })

  it.each(['EC_P256', 'ED25519', 'RSA_2048', 'ML_DSA_65'])(
    'as signatures with %s, do not disturb the operations of others',
    async (algorithm) => {
      const keyId = await createKey(attacker, algorithm, 'SIGN_VERIFY')
      for (const length of [0, 1, 64, 72, 256]) {
        for (const byte of [0, 0x30, 0xff]) {
          const signature = base64(Buffer.alloc(length, byte))
          const checked = await attacker.mutate(
            'verify',
            { version: { key: keyId, number: 1 }, message, signature },
            'valid',
          )
          expect(checked['valid']).toBe(false)
        }
        expect(await failures()).toEqual([])
      }
    },
  )
})
