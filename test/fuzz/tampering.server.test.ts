import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseId } from '../../src/ids.ts'
import { base64, type Client, endStory, type Story, startStory } from '../support/story.ts'
import { ecdsaTwin } from './ecdsa-twin.ts'
import { applyChange, type Change, ciphertextChange, header, signatureChange } from './mutations.ts'

/** Genuine bytes that are tampered with, and what is sent beside them. */
interface Sample {
  readonly bytes: Buffer
  readonly input: Readonly<Record<string, unknown>>
  /** Other bytes that are right as well. */
  readonly twins?: readonly Buffer[]
}

interface Attempt {
  readonly bytes: Buffer
  readonly input: object
  readonly change: Change
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into results of every shape
type Result = any

const symmetric = ['AES_256_GCM', 'AES_128_GCM', 'CHACHA20_POLY1305', 'XAES_256_GCM'] as const
const schemes = [
  ['ECDSA in DER', 'EC_P256', { encoding: 'DER' }],
  ['ECDSA in P1363', 'EC_P256', { encoding: 'P1363' }],
  ['Ed25519', 'ED25519', {}],
  ['RSASSA-PSS', 'RSA_2048', { signingAlgorithm: 'RSASSA_PSS_SHA_256' }],
  ['RSASSA-PKCS1-v1_5', 'RSA_2048', { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }],
  [
    'RSASSA-PKCS1-v1_5 of a digest',
    'RSA_2048',
    { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256', messageType: 'DIGEST' },
  ],
  ['ML-DSA-44', 'ML_DSA_44', {}],
] as const

describe('of changed bytes', () => {
  let story: Story
  let max: Client
  /** Headers and ciphertexts of every kind of key, to take parts from. */
  const foreign: Buffer[] = []
  /** UUID in hex and format number of every key whose ciphertext `decrypt` opens. */
  const formats = new Map<string, number>()
  const ciphertexts = new Map<string, Sample[]>()
  beforeAll(async () => {
    story = await startStory()
    max = story.as({ name: 'max', roles: ['PROJECT_MEMBER'] })
    for (const algorithm of symmetric) await addCiphertexts(algorithm)
    await addForeign()
  })
  afterAll(() => endStory(story))

  async function createKey(name: string, algorithm: string, usage: string, client = max): Promise<string> {
    const input = { name: name.replaceAll(' ', '-').toLowerCase(), algorithm, usage }
    return (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  }

  /** Versions 1 and 3 are ACTIVE, version 2 is not. */
  async function addCiphertexts(algorithm: string): Promise<void> {
    const keyId = await createKey(algorithm, algorithm, 'ENCRYPT_DECRYPT')
    const samples: Sample[] = []
    for (const version of [1, 2, 3]) {
      if (version > 1) await max.mutate('rotateUserKey', { key: keyId })
      for (const number of [0, 1, 40, 100]) {
        const input = { additionalAuthenticatedData: base64(`${algorithm} ${version} ${number}`) }
        const plaintext = base64(new Uint8Array(number))
        const { ciphertext } = await max.mutate('encrypt', { key: keyId, plaintext, ...input }, 'ciphertext')
        const bytes = Buffer.from(ciphertext, 'base64')
        formats.set(bytes.toString('hex', header.key, header.version), bytes.readUInt8(header.algorithm))
        foreign.push(bytes)
        if (version !== 2) samples.push({ bytes, input })
      }
    }
    await max.mutate('deactivateKeyVersion', { version: { key: keyId, number: 2 } })
    ciphertexts.set(algorithm, samples)
  }

  /** What is no ciphertext for `decrypt`: of another project, of a service, of keys for something else, of none. */
  async function addForeign(): Promise<void> {
    const elsewhere = story.as({ name: 'max', roles: ['PROJECT_MEMBER'], project: 'warehouse' })
    const service = story.as({ name: 'Backup', kind: 'SERVICE_AGENT' })
    const plaintext = base64('hello')
    const keyId = await createKey('elsewhere', 'AES_256_GCM', 'ENCRYPT_DECRYPT', elsewhere)
    for (const { ciphertext } of [
      await elsewhere.mutate('encrypt', { key: keyId, plaintext }, 'ciphertext'),
      await service.mutate('encryptWithServiceKey', { plaintext }, 'ciphertext'),
    ]) {
      foreign.push(Buffer.from(ciphertext, 'base64'))
    }
    const rsa = await createKey('rsa-encrypt', 'RSA_2048', 'ENCRYPT_DECRYPT')
    const signing = await createKey('signing', 'ED25519', 'SIGN_VERIFY')
    const mac = await createKey('mac', 'HMAC_SHA256', 'GENERATE_VERIFY_MAC')
    for (const id of [rsa, signing, mac, 'ukey_01h455vb4pex5vsknk084sn02q']) {
      const uuid = parseId(id)?.uuid.replaceAll('-', '') ?? ''
      foreign.push(Buffer.from(`0101${uuid}00000001${'00'.repeat(40)}`, 'hex'))
    }
  }

  async function runBatch(name: string, selection: string, items: readonly object[]): Promise<Result[]> {
    const data = await max.ask<Record<string, Result>>(
      `mutation($input: ${name}BatchInput!) { batch: ${name.toLowerCase()}Batch(input: $input) {
        ... on UserError { message } ... on ${name}BatchPayload { results { result {
          __typename ... on UserError { code message } ... on ${name}Payload { ${selection} } } } } } }`,
      { input: { items } },
    )
    if (data['batch']?.results?.length !== items.length) throw new Error(JSON.stringify(data))
    return data['batch'].results.map(({ result }: { result: Result }) => result)
  }

  const decryptAll = (attempts: readonly Pick<Attempt, 'bytes' | 'input'>[]) =>
    runBatch(
      'Decrypt',
      'plaintext',
      attempts.map(({ bytes, input }) => ({ ...input, ciphertext: base64(bytes) })),
    )
  const verifyAll = (attempts: readonly Pick<Attempt, 'bytes' | 'input'>[]) =>
    runBatch(
      'Verify',
      'valid',
      attempts.map(({ bytes, input }) => ({ ...input, signature: base64(bytes) })),
    )
  /** There is no batch of this one. */
  const verifyMacs = (attempts: readonly Pick<Attempt, 'bytes' | 'input'>[]) =>
    Promise.all(
      attempts.map(({ bytes, input }) => max.mutate('verifyMac', { ...input, mac: base64(bytes) }, 'valid')),
    )

  /** Sends changed samples, request after request, and gives each to `check`; prints and returns how many. */
  async function tamper(
    what: string,
    samples: readonly Sample[],
    {
      changes,
      others = samples.map(({ bytes }) => bytes),
      items,
      requests,
      send,
      check,
    }: {
      readonly changes: fc.Arbitrary<Change>
      readonly others?: readonly Buffer[]
      readonly items: number
      readonly requests: number
      readonly send: (attempts: readonly Attempt[]) => Promise<Result[]>
      /** The name under which an answer is counted; throws if it must not be. */
      readonly check: (attempt: Attempt, result: Result) => string
    },
  ): Promise<number> {
    const counts: Record<string, number> = {}
    const choice = fc.record({ sample: fc.nat({ max: samples.length - 1 }), change: changes })
    const choices = fc.array(choice, { minLength: items, maxLength: items })
    await fc.assert(
      fc.asyncProperty(choices, async (chosen) => {
        const attempts = chosen.flatMap(({ sample, change }): Attempt[] => {
          const { bytes: original, input, twins = [] } = samples[sample] as Sample
          const bytes = applyChange(original, change, others)
          return [original, ...twins].some((right) => right.equals(bytes)) ? [] : [{ bytes, input, change }]
        })
        const results = await send(attempts)
        for (const [index, attempt] of attempts.entries()) {
          const answer = check(attempt, results[index])
          counts[answer] = (counts[answer] ?? 0) + 1
        }
      }),
      { numRuns: requests, endOnFailure: true },
    )
    console.log(`${what}: ${JSON.stringify(counts)}`)
    return Object.values(counts).reduce((sum, count) => sum + count, 0)
  }

  const show = ({ bytes, change }: Attempt) => `${JSON.stringify(change)} gave ${bytes.toString('hex')}`

  /** A version that is there and stopped says so, before anything is opened. */
  function namesStoppedVersion(bytes: Buffer): boolean {
    if (bytes.length <= header.end || bytes.readUInt8(header.layout) !== 1) return false
    const format = formats.get(bytes.toString('hex', header.key, header.version))
    return format === bytes.readUInt8(header.algorithm) && bytes.readUInt32BE(header.version) === 2
  }

  it.each(symmetric)('of %s, no ciphertext opens, and all fail with one error', async (algorithm) => {
    const samples = ciphertexts.get(algorithm) ?? []
    const [invalid] = await decryptAll([{ bytes: Buffer.from('damaged'), input: {} }])
    expect(invalid).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    const tried = await tamper(algorithm, samples, {
      changes: ciphertextChange,
      others: foreign,
      items: 500,
      requests: 5,
      send: decryptAll,
      check(attempt, result) {
        if (namesStoppedVersion(attempt.bytes)) {
          expect(result, show(attempt)).toMatchObject({ code: 'INVALID_KEY_STATE' })
        } else {
          expect(result, show(attempt)).toEqual(invalid)
        }
        return result.code
      },
    })
    expect(tried).toBeGreaterThan(2000)
    const untouched = await decryptAll(samples)
    expect(untouched.every(({ plaintext }) => typeof plaintext === 'string')).toBe(true)
  })

  /** As long as a digest, so that they can be signed as one. */
  const messages = Array.from({ length: 8 }, (_, number) => base64(`message ${number}`.padEnd(32)))
  const isInvalid = (attempt: Attempt, result: Result) => {
    expect(result, show(attempt)).toMatchObject({ valid: false })
    return 'not valid'
  }

  it.each(schemes)('with %s, no signature is valid, and none is an error', async (name, algorithm, how) => {
    const keyId = await createKey(name, algorithm, 'SIGN_VERIFY')
    const items = messages.map((message) => ({ message, ...how }))
    const signed = await runBatch(
      'Sign',
      'signature',
      items.map((item) => ({ key: keyId, ...item })),
    )
    const samples = items.map((item, index): Sample => {
      const bytes = Buffer.from(signed[index].signature, 'base64')
      const input = { version: { key: keyId, number: 1 }, ...item }
      return { bytes, input, twins: 'encoding' in how ? [ecdsaTwin(bytes, how.encoding)] : [] }
    })
    const tried = await tamper(name, samples, {
      changes: signatureChange,
      items: 250,
      requests: 3,
      send: verifyAll,
      check: isInvalid,
    })
    expect(tried).toBeGreaterThan(600)
    // The twins are right by the standard, so that to leave them out hides no forgery.
    const right = samples.flatMap(({ bytes, input, twins = [] }) =>
      [bytes, ...twins].map((signature) => ({ bytes: signature, input })),
    )
    expect((await verifyAll(right)).every(({ valid }) => valid === true)).toBe(true)
  })

  it.each(['HMAC_SHA256', 'HMAC_SHA384', 'HMAC_SHA512'])(
    'with %s, no code is valid, and none is an error',
    async (algorithm) => {
      const keyId = await createKey(algorithm, algorithm, 'GENERATE_VERIFY_MAC')
      const made = await Promise.all(
        messages.map((message) => max.mutate('generateMac', { key: keyId, message }, 'mac')),
      )
      const samples = messages.map(
        (message, index): Sample => ({
          input: { version: { key: keyId, number: 1 }, message },
          bytes: Buffer.from(made[index]?.['mac'], 'base64'),
        }),
      )
      const tried = await tamper(algorithm, samples, {
        changes: signatureChange,
        items: 50,
        requests: 5,
        send: verifyMacs,
        check: isInvalid,
      })
      expect(tried).toBeGreaterThan(200)
      expect((await verifyMacs(samples)).every((result) => result['valid'] === true)).toBe(true)
    },
  )

  it('the server logs no failure', () => {
    expect(story.logged.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)).toEqual([])
  })
})
