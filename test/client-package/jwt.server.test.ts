import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto'
import { createLocalJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createClient,
  type KeyAlgorithm,
  KeyNotFoundError,
  type KeysteadClient,
  type KeyUsage,
  UnsupportedJwtError,
} from '../../packages/client/src/index.ts'
import { endStory, type Story, startStory } from '../support/story.ts'

let story: Story
let client: KeysteadClient
let sent: { readonly query: string; readonly variables: { readonly input?: Record<string, unknown> } }[] = []

function clientFor(name: string, roles: readonly ('PROJECT_ADMIN' | 'PROJECT_MEMBER')[]) {
  return createClient({
    url: story.app.url,
    token: () => story.tokenFor({ name, roles }),
    fetch(input, init) {
      sent.push(JSON.parse(String(init?.body)))
      return fetch(input, init)
    },
  })
}

async function createKey(name: string, algorithm: KeyAlgorithm, usage: KeyUsage = 'SIGN_VERIFY') {
  const { userKey } = await client.createUserKey({ name, algorithm, usage })
  return userKey
}

/** The public keys of all versions, as the server gives them. */
async function jwksOf(key: string): Promise<{ keys: JWK[] }> {
  const document =
    'query($key: KeyRef!) { userKey(key: $key) { versions(first: 9) { nodes { publicKey { jwk } } } } }'
  const { userKey } = await client.request<{
    userKey: { versions: { nodes: { publicKey: { jwk: JWK } }[] } }
  }>(document, { key })
  return { keys: userKey.versions.nodes.map(({ publicKey }) => publicKey.jwk) }
}

beforeAll(async () => {
  story = await startStory()
  client = clientFor('ada', ['PROJECT_ADMIN'])
})
afterAll(() => endStory(story))

const payload = { sub: 'user:ada', name: 'Ådá', exp: 4_000_000_000 }

describe('a JWT', () => {
  it.each([
    ['EC_P256', 'ES256', ['ES256']],
    ['EC_P384', 'ES384', ['ES384']],
    ['EC_P521', 'ES512', ['ES512']],
    ['ED25519', 'EdDSA', ['EdDSA', 'Ed25519']],
    ['ML_DSA_44', 'ML-DSA-44', ['ML-DSA-44']],
    ['ML_DSA_65', 'ML-DSA-65', ['ML-DSA-65']],
    ['ML_DSA_87', 'ML-DSA-87', ['ML-DSA-87']],
    ['RSA_2048', 'PS256', ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']],
  ] as const)(
    'of a key with %s is verified by jose with the JWK of the version',
    async (algorithm, first, names) => {
      const key = `jose-${algorithm.toLowerCase()}`
      const { defaultVersion } = await createKey(key, algorithm)
      const keySet = createLocalJWKSet(await jwksOf(key))
      for (const alg of [undefined, ...names]) {
        const token = await client.signJwt(payload, { key, alg })
        const verified = await jwtVerify(token, keySet)
        expect(verified.payload).toEqual(payload)
        expect(verified.protectedHeader).toEqual({ typ: 'JWT', alg: alg ?? first, kid: defaultVersion?.id })
      }
    },
  )

  it.each([
    ['EC_SECP256K1', ['ES256K'], 'sha256'],
    ['ED448', ['EdDSA', 'Ed448'], null],
  ] as const)('of a key with %s is verified by OpenSSL', async (algorithm, names, hash) => {
    const key = `openssl-${algorithm.toLowerCase().replace('_', '-')}`
    await createKey(key, algorithm)
    const [jwk] = (await jwksOf(key)).keys
    for (const alg of names) {
      const token = await client.signJwt(payload, { key, alg })
      const [head, body, signature = ''] = token.split('.')
      expect(decodeProtectedHeader(token).alg).toBe(alg)
      const publicKey = createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput)
      const bytes = Buffer.from(signature, 'base64url')
      const message = Buffer.from(`${head}.${body}`)
      expect(verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)).toBe(true)
    }
  })

  it.each([
    ['HMAC_SHA256', 'HS256'],
    ['HMAC_SHA384', 'HS384'],
    ['HMAC_SHA512', 'HS512'],
  ] as const)('of a key with %s has its MAC', async (algorithm, alg) => {
    const key = algorithm.toLowerCase()
    const { defaultVersion } = await createKey(key, algorithm, 'GENERATE_VERIFY_MAC')
    const token = await client.signJwt(payload, { key })
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg, kid: defaultVersion?.id })
    const [head, body, mac = ''] = token.split('.')
    const { valid } = await client.verifyMac({
      version: { id: defaultVersion?.id ?? '' },
      message: Buffer.from(`${head}.${body}`),
      mac: Buffer.from(mac, 'base64url'),
    })
    expect(valid).toBe(true)
  })

  it('has the members of the header that its caller gives', async () => {
    await createKey('typed', 'ED25519')
    const token = await client.signJwt(payload, { key: 'typed', header: { typ: 'at+jwt', extra: 1 } })
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', extra: 1, alg: 'EdDSA' })
    const wrong = client.signJwt(payload, { key: 'typed', header: { kid: 'other' } })
    await expect(wrong).rejects.toThrow('header must not have kid')
    await expect(client.signJwt('text' as never, { key: 'typed' })).rejects.toThrow(TypeError)
  })

  it('sends a digest where the server takes one, so that the payload stays here, of whatever size', async () => {
    await createKey('digested', 'RSA_2048')
    sent = []
    const token = await client.signJwt({ secret: 'x'.repeat(100_000) }, { key: 'digested', alg: 'RS512' })
    const [input] = sent
      .filter(({ query }) => query.includes('sign('))
      .map(({ variables }) => variables.input)
    expect(input).toMatchObject({ messageType: 'DIGEST' })
    expect(Buffer.from(String(input?.['message']), 'base64').length).toBe(64)
    await jwtVerify(token, createLocalJWKSet(await jwksOf('digested')))
  })

  it('names the version that signed, also after a rotation, with one call for each token', async () => {
    await createKey('rotated', 'EC_P256')
    await client.signJwt(payload, { key: 'rotated' })
    sent = []
    const tokens = await Promise.all(
      Array.from({ length: 20 }, () => client.signJwt(payload, { key: 'rotated' })),
    )
    expect(sent.length).toBe(1)
    const { version } = await client.rotateUserKey({ key: 'rotated' })
    const later = await client.signJwt(payload, { key: 'rotated' })
    expect(decodeProtectedHeader(later).kid).toBe(version.id)
    const keySet = createLocalJWKSet(await jwksOf('rotated'))
    for (const token of [...tokens, later]) await jwtVerify(token, keySet)
  })

  it('of an alias follows it to another key', async () => {
    await createKey('first', 'ED25519')
    const { defaultVersion } = await createKey('second', 'ED25519')
    await client.createAlias({ key: 'first', alias: 'tokens' })
    await client.signJwt(payload, { key: 'tokens' })
    await client.repointAlias({ alias: 'tokens', key: 'second' })
    const token = await client.signJwt(payload, { key: 'tokens' })
    expect(decodeProtectedHeader(token).kid).toBe(defaultVersion?.id)
    await jwtVerify(token, createLocalJWKSet(await jwksOf('second')))
  })
})

describe('a key that signs no JWT', () => {
  it('is refused with a reason', async () => {
    await createKey('cipher', 'AES_256_GCM', 'ENCRYPT_DECRYPT')
    await createKey('curve', 'EC_P256')
    const refused = async (options: Parameters<typeof client.signJwt>[1]) =>
      client.signJwt(payload, options).catch((error) => error)
    expect(await refused({ key: 'missing' })).toBeInstanceOf(KeyNotFoundError)
    const cipher = await refused({ key: 'cipher' })
    expect(cipher).toBeInstanceOf(UnsupportedJwtError)
    expect(cipher.message).toContain('AES_256_GCM, which signs no JWT')
    expect((await refused({ key: 'curve', alg: 'RS256' })).message).toBe(
      'Key "curve" has algorithm EC_P256, which signs with ES256, not with RS256.',
    )
    await client.createUserKey({
      name: 'draft',
      algorithm: 'ED25519',
      usage: 'SIGN_VERIFY',
      preActivation: true,
    })
    expect((await refused({ key: 'draft' })).message).toContain('has no version yet')
    await client.enableAccessControl({ key: 'curve', subjects: ['user:ada'] })
    const member = clientFor('max', ['PROJECT_MEMBER'])
    await expect(member.signJwt(payload, { key: 'curve' })).rejects.toThrow('is redacted for this caller')
  })
})
