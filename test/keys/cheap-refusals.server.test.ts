import { isInputObjectType, isNonNullType } from 'graphql'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { keyMutations, outcomeOf } from '../access/key-mutations.ts'
import { createHeldSlowWork } from '../support/held-slow-work.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { openImport, wrapMaterial } from './wrap-material.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'] }
/** Their roles give all, but they are on no access list. */
const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const nobody: Person = { name: 'nobody' }
const message = base64('message')

/** Algorithms that need slow work, by what a mutation uses its key for. */
const slowKeys = {
  ENCRYPT_DECRYPT: { algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
  SIGN_VERIFY: { algorithm: 'RSA_2048', usage: 'SIGN_VERIFY' },
  KEY_ENCAPSULATION: { algorithm: 'ML_KEM_768', usage: 'KEY_ENCAPSULATION' },
  KEY_AGREEMENT: { algorithm: 'X25519', usage: 'KEY_AGREEMENT' },
  GENERATE_VERIFY_MAC: { algorithm: 'HMAC_SHA256', usage: 'GENERATE_VERIFY_MAC' },
} as const
type Usage = keyof typeof slowKeys

/** States that keys are in: each refuses some mutations. */
const states = ['pending', 'active', 'deactivated', 'external'] as const
type State = (typeof states)[number]

describe('what is refused', () => {
  const slowWork = createHeldSlowWork()
  let story: Story
  let mias: Client
  let count = 0
  const keys = new Map<string, string>()

  beforeAll(async () => {
    story = await startStory({ RATE_LIMIT_UNITS: '0', REQUEST_TIMEOUT_MS: '120000' }, { slowWork })
    mias = story.as(mia)
    for (const usage of Object.keys(slowKeys) as Usage[]) {
      for (const state of states) keys.set(`${usage} ${state}`, await create(usage, state))
    }
    keys.set('AES', await createKey({ algorithm: 'AES_256_GCM' }))
  }, 300_000)
  afterAll(() => endStory(story))
  beforeEach(() => void slowWork.takeStarted())

  async function createKey(input: object): Promise<string> {
    const created = await mias.mutate('createUserKey', { name: `key-${++count}`, ...input }, 'userKey { id }')
    return created['userKey'].id
  }

  async function create(usage: Usage, state: State): Promise<string> {
    const keyId = await createKey({
      ...slowKeys[usage],
      accessControl: { enabled: true },
      ...(state === 'pending' && { preActivation: true }),
      ...(state === 'external' && { origin: 'EXTERNAL' }),
    })
    if (state === 'deactivated')
      await mias.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    return keyId
  }

  const keyOf = (usage: Usage, state: State) => keys.get(`${usage} ${state}`) ?? ''

  /** Whether the input of a mutation has a field. */
  function hasField(name: string, field: string): boolean {
    const type = schema.getMutationType()?.getFields()[name]?.args[0]?.type
    const input = isNonNullType(type) ? type.ofType : type
    return isInputObjectType(input) && field in input.getFields()
  }

  /** Runs a mutation; whatever it ends with, a refusal must have come before all slow work. */
  async function expectCheapIfRefused(client: Client, name: string, input: object): Promise<string> {
    slowWork.takeStarted()
    const outcome = await outcomeOf(client, name, input)
    const started = slowWork.takeStarted()
    if (!outcome.endsWith('Payload')) expect(started, `${name} ${outcome}`).toEqual([])
    return outcome
  }

  // Generations and imports come first: what only changes a key would change the state that they are refused in.
  const costly = ['activateUserKey', 'rotateUserKey', 'importKeyVersion', 'getImportParameters']
  const walked = [
    ...keyMutations.filter(({ name }) => costly.includes(name)),
    ...keyMutations.filter(({ group }) => group === 'OPERATION'),
  ]

  it.each(walked)(
    'by $name has done no slow work, whoever asks, and in whatever state the key is',
    async (mutation) => {
      const { name, input, invalidInput = input } = mutation
      const usages = mutation.keyOf
        ? [mutation.keyOf.usage as Usage]
        : (['ENCRYPT_DECRYPT', 'SIGN_VERIFY'] as const)
      const outcomes = new Set<string>()
      for (const usage of usages) {
        for (const state of states) {
          const target = { keyId: keyOf(usage, state), ciphertext: message }
          for (const person of [nobody, olga]) {
            outcomes.add(await expectCheapIfRefused(story.as(person), name, input(target)))
          }
          outcomes.add(await expectCheapIfRefused(mias, name, invalidInput(target)))
          if (hasField(name, 'expectedRevision')) {
            const stale = { ...input(target), expectedRevision: 99 }
            outcomes.add(await expectCheapIfRefused(mias, name, stale))
          } else if (mutation.group === 'OPERATION' && (state === 'pending' || state === 'deactivated')) {
            outcomes.add(await expectCheapIfRefused(mias, name, input(target)))
          }
        }
      }
      expect([...outcomes].filter((outcome) => !outcome.endsWith('Payload'))).toContain('ForbiddenError')
      // No input is refused before its mutation is reached.
      expect([...outcomes]).not.toContain('BAD_REQUEST')
    },
  )

  it('since a name is taken, or an input is not valid, generates no key', async () => {
    await createKey({ name: 'taken', algorithm: 'AES_256_GCM' })
    const rsa = { algorithm: 'RSA_2048', usage: 'SIGN_VERIFY' }
    for (const [client, input, outcome] of [
      [mias, { name: 'taken', ...rsa }, 'NameTakenError'],
      [mias, { name: 'Not A Name', ...rsa }, 'InputValidationError'],
      [story.as(nobody), { name: 'free', ...rsa }, 'ForbiddenError'],
    ] as const) {
      expect(await expectCheapIfRefused(client, 'createUserKey', input)).toBe(outcome)
    }
  })

  it('since the key has another state than is expected, generates no version', async () => {
    const active = keyOf('SIGN_VERIFY', 'active')
    const pending = await create('SIGN_VERIFY', 'pending')
    for (const [name, input] of [
      ['rotateUserKey', { key: active, expectedDefaultVersionNumber: 7 }],
      ['rotateUserKey', { key: active, expectedRevision: 99 }],
      ['rotateUserKey', { key: pending }],
      ['rotateUserKey', { key: keyOf('SIGN_VERIFY', 'external') }],
      ['activateUserKey', { key: active }],
      ['activateUserKey', { key: keyOf('SIGN_VERIFY', 'external') }],
      ['getImportParameters', { key: active }],
    ] as const) {
      expect(await expectCheapIfRefused(mias, name, input)).toMatch(/Error$/)
    }
  })

  it('since an import would be, opens and checks no material', async () => {
    const keyId = await createKey({ algorithm: 'AES_256_GCM', origin: 'EXTERNAL' })
    const open = await openImport(mias, keyId)
    const wrappedMaterial = wrapMaterial(open, Buffer.alloc(32, 1))
    const input = { key: keyId, importParametersId: open.id, wrappedMaterial }
    expect(await expectCheapIfRefused(mias, 'importKeyVersion', { ...input, expectedRevision: 99 })).toBe(
      'ConflictError',
    )
    expect(await expectCheapIfRefused(mias, 'importKeyVersion', input)).toBe('ImportKeyVersionPayload')
    expect(await expectCheapIfRefused(mias, 'importKeyVersion', input)).toBe('InvalidImportParametersError')
  })

  it('since the key may encrypt no more, or cannot encrypt pairs, makes no data key pair', async () => {
    const pair = { algorithm: 'RSA_2048' }
    const keyId = await createKey({ algorithm: 'AES_256_GCM' })
    await mias.mutate('encrypt', { key: keyId, plaintext: message })
    await story.sql('UPDATE key_version_usage SET encryptions = 4294967296')
    mias = story.as(mia)
    for (const [input, outcome] of [
      [{ key: keyId, ...pair }, 'EncryptionLimitError'],
      [{ key: keyOf('ENCRYPT_DECRYPT', 'active'), ...pair }, 'InvalidKeyUsageError'],
      [{ key: 'ukey_01h455vb4pex5vsknk084sn02q', ...pair }, 'KeyNotFoundError'],
    ] as const) {
      expect(await expectCheapIfRefused(mias, 'generateDataKeyPair', input)).toBe(outcome)
    }
  })

  it('since an input does not fit the algorithm, waits for no slot', async () => {
    const signing = keyOf('SIGN_VERIFY', 'active')
    const digest = {
      key: signing,
      message,
      messageType: 'DIGEST',
      signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    }
    for (const [name, input] of [
      ['sign', { key: signing, message, signingAlgorithm: 'ED25519' }],
      ['sign', digest],
      ['decrypt', { version: { key: keyOf('ENCRYPT_DECRYPT', 'active'), number: 1 }, ciphertext: message }],
      [
        'decapsulate',
        { version: { key: keyOf('KEY_ENCAPSULATION', 'active'), number: 1 }, ciphertext: message },
      ],
      ['signBatch', { items: Array.from({ length: 501 }, () => ({ key: signing, message })) }],
    ] as const) {
      expect(await expectCheapIfRefused(mias, name, input)).toMatch(/Error$/)
    }
  })
})
