import { createPrivateKey, createPublicKey } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const offered = schema.getType('DataKeyPairAlgorithm')?.toConfig() as { values: Record<string, unknown> }

/** Every algorithm of pairs, with what Node calls it. */
const kinds: Readonly<Record<string, object>> = {
  RSA_2048: { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 2048 } },
  RSA_3072: { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 3072 } },
  RSA_4096: { asymmetricKeyType: 'rsa', asymmetricKeyDetails: { modulusLength: 4096 } },
  EC_P256: { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } },
  EC_P384: { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp384r1' } },
  EC_P521: { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp521r1' } },
  EC_SECP256K1: { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'secp256k1' } },
  ED25519: { asymmetricKeyType: 'ed25519' },
}

const all =
  'publicKey { pem jwk fingerprint algorithm } privateKeyCiphertext privateKeyPlaintext keyId versionNumber'

describe.skipIf(hasNoDatabase())('a data key pair', () => {
  let story: Story
  let max: Client
  let keyId: string
  let count = 0
  beforeAll(async () => {
    // A busy machine takes longer for an RSA key of 4096 bits than a request may take.
    story = await startStory({ REQUEST_TIMEOUT_MS: '60000' })
    max = story.as(member)
    keyId = await createKey()
  })
  afterAll(() => endStory(story))

  async function createKey(input: object = {}): Promise<string> {
    const given = { name: `key-${++count}`, ...input }
    return (await max.mutate('createUserKey', given, 'userKey { id }'))['userKey'].id
  }

  const generate = (input: object = {}, selection = all) =>
    max.mutate(
      'generateDataKeyPair',
      { key: keyId, algorithm: 'ED25519', ...input },
      selection,
      '... on InputValidationError { issues { path } }',
    )
  const open = async (ciphertext: string, additionalAuthenticatedData?: string) =>
    max.mutate(
      'decrypt',
      { ciphertext, ...(additionalAuthenticatedData !== undefined && { additionalAuthenticatedData }) },
      'plaintext keyId versionNumber',
    )

  it('is of one of the algorithms of this table', () => {
    expect(Object.keys(kinds).sort()).toEqual(Object.keys(offered.values).sort())
  })

  it.each(Object.keys(kinds))('of %s has a private key that fits its public key', async (algorithm) => {
    const made = await generate({ algorithm })
    expect(made).toMatchObject({ keyId, versionNumber: 1, publicKey: { algorithm } })
    const opened = await open(made['privateKeyCiphertext'])
    expect(opened).toMatchObject({ plaintext: made['privateKeyPlaintext'], keyId, versionNumber: 1 })
    const privateKey = createPrivateKey({
      key: Buffer.from(opened['plaintext'], 'base64'),
      type: 'pkcs8',
      format: 'der',
    })
    expect(privateKey).toMatchObject(kinds[algorithm] ?? {})
    const publicKey = createPublicKey(privateKey)
    const jwk = publicKey.export({ format: 'jwk' })
    expect(made['publicKey']).toEqual({
      pem: publicKey.export({ type: 'spki', format: 'pem' }),
      jwk,
      fingerprint: await calculateJwkThumbprint(jwk as Parameters<typeof calculateJwkThumbprint>[0]),
      algorithm,
    })
  })

  it('never comes twice', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, () => generate()))
    expect(new Set(made.map(({ publicKey }) => publicKey.fingerprint)).size).toBe(20)
  })

  it('leaves the server in plain only if that was selected, and the record says which', async () => {
    const payload = (selection: string) => `... on GenerateDataKeyPairPayload { ${selection} }`
    const disclosing = [
      payload('privateKeyPlaintext'),
      payload('privateKeyCiphertext secret: privateKeyPlaintext'),
      '...Named',
      payload('... @include(if: true) { privateKeyPlaintext }'),
    ]
    const silent = [
      '__typename',
      payload('publicKey { pem } privateKeyCiphertext keyId versionNumber'),
      payload('privateKeyPlaintext: privateKeyCiphertext'),
      payload('privateKeyCiphertext privateKeyPlaintext @skip(if: true)'),
      '... @include(if: false) { ...Named } __typename',
    ]
    for (const [fields, discloses] of [
      ...disclosing.map((each) => [each, true] as const),
      ...silent.map((each) => [each, false] as const),
    ]) {
      const named = 'fragment Named on GenerateDataKeyPairPayload { privateKeyPlaintext }'
      const { data, text, errors } = await max.send(
        `mutation($input: GenerateDataKeyPairInput!) { pair: generateDataKeyPair(input: $input) { ${fields} } }
         ${fields.includes('...Named') ? named : ''}`,
        { input: { key: keyId, algorithm: 'EC_P256' } },
      )
      expect(errors).toEqual([])
      const shown = Object.values(data.pair).filter((value) => {
        const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.alloc(0)
        try {
          return createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' }).type === 'private'
        } catch {
          return false
        }
      })
      expect(shown, text).toHaveLength(discloses ? 1 : 0)
    }
    const rows = await story.sql(
      `SELECT details FROM audit_events WHERE action = 'GENERATE_DATA_KEY_PAIR' AND details->>'algorithm' = 'EC_P256'
       ORDER BY occurred_at, id`,
    )
    // The first is of the test of all algorithms.
    expect(rows.slice(-9).map((row) => row['details'])).toEqual(
      [...disclosing.map(() => true), ...silent.map(() => false)].map((plaintextDisclosed) => ({
        plaintextDisclosed,
        algorithm: 'EC_P256',
      })),
    )
  })

  it('is bound to its additional authenticated data', async () => {
    const data = base64('disk 3')
    const made = await generate({ additionalAuthenticatedData: data })
    const ciphertext: string = made['privateKeyCiphertext']
    expect(await open(ciphertext, data)).toMatchObject({ plaintext: made['privateKeyPlaintext'] })
    for (const wrong of [undefined, '', base64('disk 4')]) {
      expect(await open(ciphertext, wrong)).toMatchObject({ code: 'INVALID_CIPHERTEXT' })
    }
    const long = base64(new Uint8Array(65_537))
    expect(await generate({ additionalAuthenticatedData: long })).toMatchObject({
      code: 'INPUT_VALIDATION',
      issues: [{ path: ['additionalAuthenticatedData'] }],
    })
  })

  it('is wrapped by symmetric keys for encryption, and by no others', async () => {
    const xaes = await createKey({ algorithm: 'XAES_256_GCM' })
    const made = await generate({ key: xaes })
    expect(await open(made['privateKeyCiphertext'])).toMatchObject({ plaintext: made['privateKeyPlaintext'] })
    for (const input of [
      { algorithm: 'RSA_2048', usage: 'ENCRYPT_DECRYPT' },
      { algorithm: 'ED25519' },
      { algorithm: 'HMAC_SHA256' },
      { algorithm: 'ML_KEM_768' },
    ]) {
      expect(await generate({ key: await createKey(input) })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
    }
  })

  it('is wrapped by the default version, while that is active', async () => {
    const own = await createKey()
    const first = await generate({ key: own })
    await max.mutate('rotateUserKey', { key: own })
    expect(await generate({ key: own })).toMatchObject({ versionNumber: 2 })
    expect(await open(first['privateKeyCiphertext'])).toMatchObject({ versionNumber: 1 })
    await max.mutate('deactivateKeyVersion', { version: { key: own, number: 2 } })
    expect(await generate({ key: own })).toMatchObject({ code: 'INVALID_KEY_STATE' })
    // What is wrong with the input comes before the state.
    const long = { key: own, additionalAuthenticatedData: base64(new Uint8Array(65_537)) }
    expect(await generate(long)).toMatchObject({ code: 'INPUT_VALIDATION' })
  })

  it('is of no other algorithm, not even one that keys can have', async () => {
    for (const algorithm of ['ML_DSA_65', 'X25519', 'AES_256_GCM']) {
      const { status } = await max.send(
        'mutation($input: GenerateDataKeyPairInput!) { generateDataKeyPair(input: $input) { __typename } }',
        { input: { key: keyId, algorithm } },
      )
      expect(status).toBe(400)
    }
  })
})
