import { createDecipheriv, createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  endStory,
  type Person,
  type Story,
  startStory,
  startStoryForTest,
} from '../support/story.ts'
import {
  createExternalKey,
  importMaterial,
  type OpenImport,
  openImport,
  wrapMaterial,
} from './wrap-material.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const hour = 60 * 60 * 1000
/** A busy machine takes longer for an RSA key of 4096 bits than a request may take. */
const patient = { REQUEST_TIMEOUT_MS: '60000' }

describe.skipIf(hasNoDatabase())('a key of origin EXTERNAL', () => {
  let story: Story
  let client: Client
  let count = 0
  beforeAll(async () => {
    // One caller opens dozens of imports, each worth an RSA key, in a few seconds.
    story = await startStory({ ...patient, RATE_LIMIT_UNITS: '1000000000' })
    client = story.as(mia)
  })
  afterAll(() => endStory(story))

  const create = (input: object = {}) => createExternalKey(client, { name: `key-${++count}`, ...input })
  const tryImport = (keyId: string, open: Pick<OpenImport, 'id'>, wrappedMaterial: string, more = {}) =>
    client.mutate(
      'importKeyVersion',
      { key: keyId, importParametersId: open.id, wrappedMaterial, ...more },
      'version { number }',
      '... on InvalidImportParametersError { importParametersFault } ... on InvalidKeyMaterialError { keyMaterialFault }',
    )

  async function read(keyId: string) {
    const fields =
      'status origin lastRotatedAt versions { nodes { number materialOrigin isDefault versionStatus } }'
    const document = `query($id: KeyRef!) { userKey(key: $id) { ${fields} } }`
    return (await client.ask<{ userKey: object }>(document, { id: keyId })).userKey
  }

  it('starts without a version, and becomes active with the first import', async () => {
    const keyId = await create()
    expect(await read(keyId)).toMatchObject({ status: 'PRE_ACTIVATION', origin: 'EXTERNAL' })
    const material = randomBytes(32)
    const imported = await importMaterial(
      client,
      keyId,
      material,
      'userKey { status } version { number versionStatus isDefault materialOrigin }',
    )
    expect(imported).toMatchObject({
      userKey: { status: 'ACTIVE' },
      version: { number: 1, versionStatus: 'ACTIVE', isDefault: true, materialOrigin: 'EXTERNAL' },
    })
  })

  it('encrypts with the very material that was imported', async () => {
    const keyId = await create()
    const material = randomBytes(32)
    await importMaterial(client, keyId, material)
    const encrypted = await client.mutate('encrypt', { key: keyId, plaintext: base64('hello') }, 'ciphertext')
    const ciphertext = Buffer.from(encrypted['ciphertext'], 'base64')
    // docs/ciphertext-format.md: the header, a nonce of 12 bytes, the body, a tag of 16 bytes.
    const headerBytes = ciphertext.length - 12 - 'hello'.length - 16
    const decipher = createDecipheriv(
      'aes-256-gcm',
      material,
      ciphertext.subarray(headerBytes, headerBytes + 12),
    )
    decipher.setAAD(ciphertext.subarray(0, headerBytes)).setAuthTag(ciphertext.subarray(-16))
    const body = ciphertext.subarray(headerBytes + 12, -16)
    expect(Buffer.concat([decipher.update(body), decipher.final()]).toString()).toBe('hello')
  })

  it('makes the same MACs as the material elsewhere, for old versions too', async () => {
    const keyId = await create({ algorithm: 'HMAC_SHA256' })
    const materials = [randomBytes(32), randomBytes(32)]
    for (const material of materials) await importMaterial(client, keyId, material)
    for (const [index, material] of materials.entries()) {
      const mac = base64(createHmac('sha256', material).update('message').digest())
      const input = { version: { key: keyId, number: index + 1 }, message: base64('message'), mac }
      expect(await client.mutate('verifyMac', input, 'valid')).toMatchObject({ valid: true })
    }
    expect(await read(keyId)).toMatchObject({
      lastRotatedAt: expect.any(String),
      versions: {
        nodes: [
          { number: 2, isDefault: true, materialOrigin: 'EXTERNAL' },
          { number: 1, isDefault: false, materialOrigin: 'EXTERNAL' },
        ],
      },
    })
  })

  it('is never rotated or activated by the system, nor by a caller who asks it to', async () => {
    const keyId = await create()
    const origin = '... on InvalidKeyOriginError { code origin message }'
    for (const name of ['activateUserKey', 'rotateUserKey']) {
      expect(await client.mutate(name, { key: keyId }, '', origin), name).toMatchObject({
        code: 'INVALID_KEY_ORIGIN',
        origin: 'EXTERNAL',
        message: expect.stringContaining('importKeyVersion'),
      })
    }
    const rotation = { key: keyId, enabled: true, cycleDays: 1 }
    expect(await client.mutate('configureAutomaticRotation', rotation, '', origin)).toMatchObject({
      code: 'INVALID_KEY_ORIGIN',
    })
    const refused = await client.mutate(
      'createUserKey',
      { name: 'rotating', origin: 'EXTERNAL', preActivation: false, automaticRotation: { enabled: true } },
      '',
      '... on InputValidationError { issues { path } }',
    )
    expect(refused['issues']).toEqual([
      { path: ['preActivation'] },
      { path: ['automaticRotation', 'enabled'] },
    ])
  })

  it('is the only kind into which material is imported', async () => {
    const created = await client.mutate('createUserKey', { name: `key-${++count}` }, 'userKey { id }')
    const keyId: string = created['userKey'].id
    const origin = '... on InvalidKeyOriginError { origin }'
    expect(await client.mutate('getImportParameters', { key: keyId }, '', origin)).toMatchObject({
      origin: 'KEYSTEAD',
    })
    const open = await openImport(client, await create())
    const input = {
      key: keyId,
      importParametersId: open.id,
      wrappedMaterial: wrapMaterial(open, randomBytes(32)),
    }
    expect(await client.mutate('importKeyVersion', input, '', origin)).toMatchObject({ origin: 'KEYSTEAD' })
  })

  it('tells what to wrap, and until when', async () => {
    const selection = `importParameters {
      id materialFormat materialBytes expiresAt publicKey { algorithm jwk }
    }`
    const secret = await client.mutate(
      'getImportParameters',
      { key: await create({ algorithm: 'HMAC_SHA512' }) },
      selection,
    )
    expect(secret['importParameters']).toMatchObject({
      id: expect.stringMatching(/^impt_/),
      materialFormat: 'RAW',
      materialBytes: 64,
      expiresAt: new Date(story.clock.now().getTime() + 24 * hour).toISOString(),
      publicKey: { algorithm: 'RSA_4096', jwk: { kty: 'RSA', e: 'AQAB' } },
    })
    const pair = await client.mutate(
      'getImportParameters',
      { key: await create({ algorithm: 'ED25519' }) },
      selection,
    )
    expect(pair['importParameters']).toMatchObject({ materialFormat: 'PKCS8_DER', materialBytes: null })
    expect(pair['importParameters'].publicKey.jwk.n).not.toBe(secret['importParameters'].publicKey.jwk.n)
  })

  it.each([
    ['of 31 bytes', 'AES_256_GCM', () => randomBytes(31), 'WRONG_SIZE'],
    ['of 64 bytes', 'AES_256_GCM', () => randomBytes(64), 'WRONG_SIZE'],
    ['that is no private key', 'EC_P256', () => randomBytes(100), 'NOT_A_KEY'],
    ['of another curve', 'EC_P256', () => pkcs8('P-384'), 'OTHER_ALGORITHM'],
    ['of another type', 'ED25519', () => pkcs8('P-256'), 'OTHER_ALGORITHM'],
    [
      'with bytes behind the key',
      'EC_P256',
      () => Buffer.concat([pkcs8('P-256'), Buffer.of(0)]),
      'NOT_A_KEY',
    ],
  ])('refuses material %s, and its parameters can still be used', async (_what, algorithm, make, fault) => {
    const usage = algorithm === 'AES_256_GCM' ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY'
    const keyId = await create({ algorithm, usage })
    const open = await openImport(client, keyId)
    expect(await tryImport(keyId, open, wrapMaterial(open, make()))).toMatchObject({
      __typename: 'InvalidKeyMaterialError',
      keyMaterialFault: fault,
    })
    expect(await read(keyId)).toMatchObject({ status: 'PRE_ACTIVATION', versions: { nodes: [] } })
    const fitting =
      algorithm === 'AES_256_GCM' ? randomBytes(32) : pkcs8(algorithm === 'ED25519' ? 'ed25519' : 'P-256')
    expect(await tryImport(keyId, open, wrapMaterial(open, fitting))).toMatchObject({
      version: { number: 1 },
    })
  })

  it('refuses material that was wrapped for another key, with another hash, with a short key, or was damaged', async () => {
    const keyId = await create()
    const [open, other] = [await openImport(client, keyId), await openImport(client, keyId)]
    const material = randomBytes(32)
    const damaged = Buffer.from(wrapMaterial(open, material), 'base64')
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    const messages = new Set<string>()
    for (const wrapped of [
      wrapMaterial(other, material),
      wrapMaterial(open, material, { oaepHash: 'sha1' }),
      wrapMaterial(open, material, { aesKey: randomBytes(16) }),
      base64(damaged),
      base64(randomBytes(600)),
    ]) {
      const refused = await tryImport(keyId, open, wrapped)
      expect(refused).toMatchObject({ keyMaterialFault: 'UNWRAPPING_FAILED' })
      messages.add(JSON.stringify(refused))
    }
    expect(messages.size).toBe(1)
  })

  it('takes parameters once, however many try at the same moment', async () => {
    const keyId = await create()
    const open = await openImport(client, keyId)
    const wrapped = Array.from({ length: 6 }, () => wrapMaterial(open, randomBytes(32)))
    const answers = await Promise.all(wrapped.map((each) => tryImport(keyId, open, each)))
    expect(answers.filter((answer) => 'version' in answer)).toEqual([
      expect.objectContaining({ version: { number: 1 } }),
    ])
    expect(answers.filter((answer) => answer['importParametersFault'] === 'USED')).toHaveLength(5)
    expect(await tryImport(keyId, open, wrapped[0] ?? '')).toMatchObject({ importParametersFault: 'USED' })
  })

  it('has five open imports, and a sixth ends the oldest', async () => {
    const keyId = await create()
    const opened: OpenImport[] = []
    for (let index = 0; index < 6; index++) opened.push(await openImport(client, keyId))
    const outcomes: unknown[] = []
    for (const open of opened) {
      const answer = await tryImport(keyId, open, wrapMaterial(open, randomBytes(32)))
      outcomes.push(answer['importParametersFault'] ?? answer['version'].number)
    }
    expect(outcomes).toEqual(['UNKNOWN', 1, 2, 3, 4, 5])
  })

  it('does not take parameters of another key, or none', async () => {
    const [keyId, otherKeyId] = [await create(), await create()]
    const open = await openImport(client, otherKeyId)
    const unknown = await tryImport(keyId, open, wrapMaterial(open, randomBytes(32)))
    expect(unknown).toMatchObject({ importParametersFault: 'UNKNOWN' })
    for (const id of ['', 'impt_01h455vb4pex5vsknk084sn02q', keyId, 'x'.repeat(5000)]) {
      expect(await tryImport(keyId, { id }, wrapMaterial(open, randomBytes(32)))).toEqual(unknown)
    }
    expect(await tryImport(otherKeyId, open, wrapMaterial(open, randomBytes(32)))).toMatchObject({
      version: { number: 1 },
    })
  })

  it('imports nothing when the key has changed since the caller read it, and the parameters stay open', async () => {
    const keyId = await create()
    const open = await openImport(client, keyId)
    const wrapped = wrapMaterial(open, randomBytes(32))
    expect(await tryImport(keyId, open, wrapped, { expectedRevision: 7 })).toMatchObject({
      __typename: 'ConflictError',
    })
    expect(await tryImport(keyId, open, wrapped, { expectedRevision: 1 })).toMatchObject({
      version: { number: 1 },
    })
  })
})

describe.skipIf(hasNoDatabase())('import parameters', () => {
  it('expire after 24 hours, with their private key', async () => {
    const story = await startStoryForTest(patient)
    const client = story.as(mia)
    const keyId = await createExternalKey(client, { name: 'late' })
    const open = await openImport(client, keyId)
    const input = {
      key: keyId,
      importParametersId: open.id,
      wrappedMaterial: wrapMaterial(open, randomBytes(32)),
    }
    story.clock.advance({ hours: 24 })
    const expired = { __typename: 'InvalidImportParametersError', importParametersFault: 'EXPIRED' }
    const fault = '... on InvalidImportParametersError { importParametersFault }'
    expect(await client.mutate('importKeyVersion', input, '', fault)).toMatchObject(expired)
    await story.app.housekeeping.runOnce()
    expect(await story.sql('SELECT wrapped FROM import_parameters')).toEqual([{ wrapped: null }])
    expect(await client.mutate('importKeyVersion', input, '', fault)).toMatchObject(expired)
  })

  it('keep nothing of their private key once they are used', async () => {
    const story = await startStoryForTest(patient)
    const client = story.as(mia)
    const keyId = await createExternalKey(client, { name: 'once' })
    await importMaterial(client, keyId, randomBytes(32))
    const rows = await story.sql('SELECT wrapped, used_at IS NOT NULL AS used FROM import_parameters')
    expect(rows).toEqual([{ wrapped: null, used: true }])
  })

  it.each([
    ['lives longer', "UPDATE import_parameters SET expires_at = expires_at + interval '1 year'"],
    ['has another public key', "UPDATE import_parameters SET public_key = '\\x00'"],
  ])('are refused when a writer of the database sees to it that they are of use: %s', async (_what, sql) => {
    const story = await startStoryForTest(patient)
    const client = story.as(mia)
    const keyId = await createExternalKey(client, { name: 'forged' })
    const open = await openImport(client, keyId)
    await story.sql(sql)
    const input = {
      key: keyId,
      importParametersId: open.id,
      wrappedMaterial: wrapMaterial(open, randomBytes(32)),
    }
    const { errors } = await client.send(
      'mutation($input: ImportKeyVersionInput!) { importKeyVersion(input: $input) { __typename } }',
      { input },
    )
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INTERNAL'])
  })
})

function pkcs8(kind: 'P-256' | 'P-384' | 'ed25519'): Buffer {
  const { privateKey } =
    kind === 'ed25519' ? generateKeyPairSync(kind) : generateKeyPairSync('ec', { namedCurve: kind })
  return privateKey.export({ type: 'pkcs8', format: 'der' })
}
