import { createPublicKey, verify } from 'node:crypto'
import { calculateJwkThumbprint, exportSPKI, importJWK, importSPKI, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const message = base64('a message')

interface PublicKey {
  readonly pem: string
  readonly jwk: JWK
  readonly fingerprint: string
  readonly algorithm: string
}

describe.skipIf(hasNoDatabase())('public keys', () => {
  let story: Story
  let mia: Client
  beforeAll(async () => {
    story = await startStory()
    mia = story.as(manager)
  })
  afterAll(() => endStory(story))

  async function createKey(name: string, input: object): Promise<string> {
    return (await mia.mutate('createUserKey', { name, ...input }, 'userKey { id }'))['userKey'].id
  }

  async function publicKeyOf(id: string, version: number): Promise<PublicKey | null> {
    const { userKey } = await mia.ask<{ userKey: { version: { publicKey: PublicKey | null } } }>(
      `query($id: KeyRef!, $number: Int!) { userKey(key: $id) {
        version(number: $number) { publicKey { pem jwk fingerprint algorithm } } } }`,
      { id, number: version },
    )
    return userKey.version.publicKey
  }

  it.each([
    ['RSA_2048', 'SIGN_VERIFY', 'RS256'],
    ['RSA_2048', 'ENCRYPT_DECRYPT', 'RSA-OAEP-256'],
    ['EC_P256', 'SIGN_VERIFY', 'ES256'],
    ['EC_P384', 'SIGN_VERIFY', 'ES384'],
    ['EC_P521', 'SIGN_VERIFY', 'ES512'],
    ['ED25519', 'SIGN_VERIFY', 'EdDSA'],
  ])(
    'of %s for %s are one key as PEM and as JWK, with the thumbprint of RFC 7638',
    async (algorithm, usage, jose) => {
      const id = await createKey(`${algorithm.toLowerCase()}-${usage}`, { algorithm, usage })
      const key = await publicKeyOf(id, 1)
      if (key === null) throw new Error('an asymmetric key has a public key')
      expect(key.algorithm).toBe(algorithm)
      expect(key.fingerprint).toBe(await calculateJwkThumbprint(key.jwk, 'sha256'))
      const imported = await importJWK(key.jwk, jose, { extractable: true })
      if (imported instanceof Uint8Array) throw new Error('this is a secret key')
      expect((await exportSPKI(imported)).trim()).toBe(key.pem.trim())
      await expect(importSPKI(key.pem, jose)).resolves.toMatchObject({ type: 'public' })
      expect(
        Object.keys(key.jwk).filter((name) => ['d', 'p', 'q', 'k', 'dp', 'dq', 'qi', 'priv'].includes(name)),
      ).toEqual([])
    },
  )

  it.each([
    ['RSA_2048', 'SIGN_VERIFY', { use: 'sig' }],
    ['RSA_2048', 'ENCRYPT_DECRYPT', { use: 'enc' }],
    ['EC_P256', 'SIGN_VERIFY', { use: 'sig', alg: 'ES256' }],
    ['EC_P256', 'KEY_AGREEMENT', { use: 'enc' }],
    ['EC_P384', 'SIGN_VERIFY', { use: 'sig', alg: 'ES384' }],
    ['EC_P521', 'SIGN_VERIFY', { use: 'sig', alg: 'ES512' }],
    ['EC_SECP256K1', 'SIGN_VERIFY', { use: 'sig', alg: 'ES256K' }],
    ['ED25519', 'SIGN_VERIFY', { use: 'sig' }],
    ['ED448', 'SIGN_VERIFY', { use: 'sig' }],
    ['X25519', 'KEY_AGREEMENT', { use: 'enc' }],
    ['ML_DSA_44', 'SIGN_VERIFY', { use: 'sig', alg: 'ML-DSA-44' }],
    ['ML_KEM_768', 'KEY_ENCAPSULATION', { use: 'enc', alg: 'ML-KEM-768' }],
  ])(
    'of %s for %s say which version they are of and what for, and the algorithm if there is one',
    async (algorithm, usage, members) => {
      const keyId = await createKey(`jwk-${algorithm.toLowerCase()}-${usage}`, { algorithm, usage })
      const { userKey } = await mia.ask<{
        userKey: { publicKey: PublicKey; defaultVersion: { id: string; publicKey: PublicKey } }
      }>(
        `query($id: KeyRef!) { userKey(key: $id) {
          publicKey { jwk } defaultVersion { id publicKey { jwk fingerprint } } } }`,
        { id: keyId },
      )
      const { id: kid, publicKey } = userKey.defaultVersion
      const { kty: _type, crv, n, e, x, y, pub, ...rest } = publicKey.jwk as Record<string, unknown>
      expect(rest).toEqual({ kid, ...members })
      expect([crv, n, e, x, y, pub].some((value) => typeof value === 'string')).toBe(true)
      expect(userKey.publicKey.jwk).toEqual(publicKey.jwk)
      expect(publicKey.fingerprint).toBe(await calculateJwkThumbprint(publicKey.jwk, 'sha256'))
    },
  )

  it.each(['AES_256_GCM', 'AES_128_GCM', 'CHACHA20_POLY1305', 'XAES_256_GCM'])(
    'are not there for %s',
    async (algorithm) => {
      const id = await createKey(`symmetric-${algorithm}`, { algorithm })
      expect(await publicKeyOf(id, 1)).toBeNull()
      const { userKey } = await mia.ask<{ userKey: object }>(
        'query($id: KeyRef!) { userKey(key: $id) { publicKey { pem } } }',
        { id },
      )
      expect(userKey).toEqual({ publicKey: null })
    },
  )

  it('verify elsewhere what a version signed, also when the version is stopped and destroyed here', async () => {
    const keyId = await createKey('tickets', { algorithm: 'EC_P256', usage: 'SIGN_VERIFY' })
    const { signature } = await mia.mutate('sign', { key: keyId, message }, 'signature')
    await mia.mutate('rotateUserKey', { key: keyId })
    const exported = await publicKeyOf(keyId, 1)
    const verifyHere = () =>
      mia.mutate(
        'verify',
        { version: { key: keyId, number: 1 }, message, signature },
        'valid',
        '... on InvalidKeyStateError { inTheWay: refusedVersionNumber versionStatus }',
      )
    expect(await verifyHere()).toMatchObject({ valid: true })
    for (const [name, input, versionStatus] of [
      ['deactivateKeyVersion', {}, 'DEACTIVATED'],
      ['destroyKeyVersion', { waitingPeriodDays: 1 }, 'DESTROY_SCHEDULED'],
    ] as const) {
      await mia.mutate(name, { version: { key: keyId, number: 1 }, ...input })
      expect(await verifyHere()).toMatchObject({ code: 'INVALID_KEY_STATE', inTheWay: 1, versionStatus })
    }
    story.clock.advance({ days: 1 })
    await story.app.housekeeping.runOnce()
    expect(await verifyHere()).toMatchObject({
      code: 'INVALID_KEY_STATE',
      inTheWay: 1,
      versionStatus: 'DESTROYED',
      message: expect.stringMatching(/Version 1 of the key is DESTROYED/),
    })
    expect(await publicKeyOf(keyId, 1)).toEqual(exported)
    expect(
      verify(
        'sha256',
        Buffer.from(message, 'base64'),
        createPublicKey(exported?.pem ?? ''),
        Buffer.from(signature, 'base64'),
      ),
    ).toBe(true)
  })
})
