import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agreementCurves, generateOn, refusedPeers, spkiOf } from '../crypto/peer-keys.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const member: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const context = base64('disk 3')

const curves = [
  { algorithm: 'X25519', hash: 'sha256' },
  { algorithm: 'EC_P256', hash: 'sha256' },
  { algorithm: 'EC_P384', hash: 'sha384' },
  { algorithm: 'EC_P521', hash: 'sha512' },
] as const

describe.skipIf(hasNoDatabase())('key agreement', () => {
  let story: Story
  let max: Client
  let count = 0
  beforeAll(async () => {
    story = await startStory()
    max = story.as(member)
  })
  afterAll(() => endStory(story))

  async function createKey(algorithm: string, usage = 'KEY_AGREEMENT', input: object = {}): Promise<string> {
    const given = { name: `key-${++count}`, algorithm, usage, ...input }
    return (await max.mutate('createUserKey', given, 'userKey { id }'))['userKey'].id
  }

  const derive = ({ key, number = 1, ...input }: { key: string; [field: string]: unknown }) =>
    max.mutate(
      'deriveSharedSecret',
      { version: { key, number }, context, ...input },
      'sharedSecret keyId versionNumber',
      '... on InputValidationError { issues { path } }',
    )

  async function publicKeyOf(id: string): Promise<KeyObject> {
    const { userKey } = await max.ask<{ userKey: { publicKey: { pem: string } } }>(
      'query($id: KeyRef!) { userKey(key: $id) { publicKey { pem } } }',
      { id },
    )
    return createPublicKey(userKey.publicKey.pem)
  }

  async function expectRefused(keyId: string, peers: Readonly<Record<string, Uint8Array>>): Promise<void> {
    for (const [what, peer] of Object.entries(peers)) {
      expect(await derive({ key: keyId, peerPublicKey: base64(peer) }), what).toMatchObject({
        code: 'INPUT_VALIDATION',
        issues: [{ path: ['peerPublicKey'] }],
      })
    }
  }

  describe.each(curves)('with $algorithm', ({ algorithm, hash }) => {
    const generate = () => generateOn(agreementCurves[algorithm])
    let keyId: string
    let mine: KeyObject
    beforeAll(async () => {
      keyId = await createKey(algorithm)
      mine = await publicKeyOf(keyId)
    })

    it('derives what other software derives after the documents', async () => {
      const { privateKey, publicKey } = generate()
      const secret = diffieHellman({ privateKey, publicKey: mine })
      for (const [bytes, text] of [
        [1, 'disk 3'],
        [32, 'disk 3'],
        [32, ''],
        [1024, 'a'.repeat(512)],
      ] as const) {
        const keys = [spkiOf(mine), spkiOf(publicKey)].sort(Buffer.compare)
        const info = [Buffer.from('keystead key agreement v1'), ...keys, Buffer.from(text)].flatMap(
          (part) => [Buffer.from(part.length.toString(16).padStart(8, '0'), 'hex'), part],
        )
        const wanted = Buffer.from(hkdfSync(hash, secret, '', Buffer.concat(info), bytes))
        const input = {
          key: keyId,
          peerPublicKey: base64(spkiOf(publicKey)),
          context: base64(text),
          lengthBytes: bytes,
        }
        expect(await derive(input)).toMatchObject({
          sharedSecret: base64(wanted),
          keyId,
          versionNumber: 1,
        })
      }
    })

    it('gives two keys of the server the same secret, and another one for another context, key or version', async () => {
      const other = await createKey(algorithm)
      const [ours, theirs] = [base64(spkiOf(mine)), base64(spkiOf(await publicKeyOf(other)))]
      const { sharedSecret } = await derive({ key: keyId, peerPublicKey: theirs })
      expect(Buffer.from(sharedSecret, 'base64')).toHaveLength(32)
      const fromOther = { key: other, peerPublicKey: ours }
      expect(await derive(fromOther)).toMatchObject({ sharedSecret })
      const third = base64(spkiOf(generate().publicKey))
      await max.mutate('rotateUserKey', { key: other })
      const secrets = [
        await derive({ ...fromOther, context: '' }),
        await derive({ ...fromOther, context: base64('disk 4') }),
        await derive({ ...fromOther, number: 2 }),
        await derive({ ...fromOther, peerPublicKey: third }),
      ].map((result) => result['sharedSecret'])
      expect(new Set([sharedSecret, ...secrets]).size).toBe(5)
      // The old version still agrees with those who hold its public key.
      expect(await derive(fromOther)).toMatchObject({ sharedSecret, versionNumber: 1 })
    })

    it('refuses a peer on another curve, at infinity, of small order, in another form of a point, or none', async () => {
      await expectRefused(keyId, refusedPeers(algorithm))
    })
  })

  it('refuses an output of no bytes or too many, and too long a context', async () => {
    const keyId = await createKey('X25519')
    const peer = { key: keyId, peerPublicKey: base64(spkiOf(generateKeyPairSync('x25519').publicKey)) }
    for (const lengthBytes of [0, -1, 1025, 2_147_483_647]) {
      expect(await derive({ ...peer, lengthBytes })).toMatchObject({ issues: [{ path: ['lengthBytes'] }] })
    }
    for (const length of [513, 1024, 65_536]) {
      expect(await derive({ ...peer, context: base64(new Uint8Array(length)) })).toMatchObject({
        code: 'INPUT_VALIDATION',
        issues: [{ path: ['context'] }],
      })
    }
  })

  it('needs a version that is there and active, of a key for it', async () => {
    const keyId = await createKey('X25519')
    const peer = { key: keyId, peerPublicKey: base64(spkiOf(generateKeyPairSync('x25519').publicKey)) }
    for (const number of [0, -1, 2, 2_147_483_647]) {
      expect(await derive({ ...peer, number })).toMatchObject({ code: 'KEY_VERSION_NOT_FOUND' })
    }
    const { status } = await max.send(
      'mutation($input: DeriveSharedSecretInput!) { deriveSharedSecret(input: $input) { __typename } }',
      { input: { peerPublicKey: peer.peerPublicKey, context } },
    )
    expect(status).toBe(400)
    await max.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    expect(await derive(peer)).toMatchObject({ code: 'INVALID_KEY_STATE' })
    for (const [algorithm, usage] of [
      ['EC_P256', 'SIGN_VERIFY'],
      ['ML_KEM_768', 'KEY_ENCAPSULATION'],
      ['AES_256_GCM', 'ENCRYPT_DECRYPT'],
    ] as const) {
      const other = await createKey(algorithm, usage)
      expect(await derive({ ...peer, key: other })).toMatchObject({ code: 'INVALID_KEY_USAGE' })
    }
    const agreeing = await createKey('EC_P256')
    expect(await max.mutate('sign', { key: agreeing, message: context })).toMatchObject({
      code: 'INVALID_KEY_USAGE',
    })
  })
})
