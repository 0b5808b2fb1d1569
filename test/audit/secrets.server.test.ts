import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'
import { data, plaintext, Trail } from './trail.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const max: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }
const peerPublicKey = base64(generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'der' }))

/** A trail that begins with keys of all usages but those that encrypt and sign. */
async function startTrail() {
  const story = await startStoryForTest()
  const trail = new Trail(story)
  async function create(name: string, algorithm: string): Promise<string> {
    const created = await story
      .as(mia)
      .mutate('createUserKey', { name, algorithm, usage: usages[algorithm] }, 'userKey { id }')
    trail.expected.push({ action: 'CREATE_USER_KEY' })
    return created['userKey'].id
  }
  return {
    story,
    trail,
    aes: await create('aes', 'AES_256_GCM'),
    mac: await create('mac', 'HMAC_SHA256'),
    kem: await create('kem', 'ML_KEM_768'),
    agreeing: await create('agreeing', 'X25519'),
  }
}

const usages: Readonly<Record<string, string>> = {
  AES_256_GCM: 'ENCRYPT_DECRYPT',
  HMAC_SHA256: 'GENERATE_VERIFY_MAC',
  ML_KEM_768: 'KEY_ENCAPSULATION',
  X25519: 'KEY_AGREEMENT',
}

describe.skipIf(hasNoDatabase())('the audit trail of codes, shared secrets, pairs and random bytes', () => {
  it('has one event of each, and nothing of what they are', async () => {
    const { trail, aes, mac, kem, agreeing } = await startTrail()
    const of = (keyId: string, selection = '') => ({ keyId, version: 1, selection })
    const made = await trail.send(max, 'generateMac', { key: mac, message: plaintext }, of(mac, 'mac'))
    const check = { version: { key: mac, number: 1 }, mac: made['mac'] }
    await trail.send(max, 'verifyMac', { ...check, message: plaintext }, of(mac))
    await trail.send(max, 'verifyMac', { ...check, message: data }, of(mac))
    const sent = await trail.send(max, 'encapsulate', { key: kem }, of(kem, 'sharedSecret ciphertext'))
    const { ciphertext } = sent
    await trail.send(max, 'decapsulate', { version: { key: kem, number: 1 }, ciphertext }, of(kem))
    const rejected = await trail.send(
      max,
      'decapsulate',
      { version: { key: kem, number: 1 }, ciphertext: base64(new Uint8Array(1088)) },
      of(kem, 'sharedSecret'),
    )
    const derived = await trail.send(
      max,
      'deriveSharedSecret',
      { version: { key: agreeing, number: 1 }, peerPublicKey, context: data },
      of(agreeing, 'sharedSecret'),
    )
    const wrap = { key: aes, algorithm: 'ED25519', additionalAuthenticatedData: data }
    const pair = await trail.send(max, 'generateDataKeyPair', wrap, of(aes, 'privateKeyPlaintext'))
    await trail.send(max, 'generateDataKeyPair', wrap, of(aes, 'privateKeyCiphertext'))
    const random = await trail.send(max, 'generateRandom', {}, { selection: 'bytes' })
    const events = await trail.expectRecorded([
      made['mac'],
      sent['sharedSecret'],
      rejected['sharedSecret'],
      derived['sharedSecret'],
      pair['privateKeyPlaintext'],
      // The private key itself, which stands at the end of PKCS#8.
      base64(Buffer.from(pair['privateKeyPlaintext'], 'base64').subarray(-32)),
      random['bytes'],
    ])
    expect(events.map(({ details }) => details).slice(4)).toEqual([
      {},
      { valid: true },
      { valid: false },
      {},
      {},
      {},
      {},
      { plaintextDisclosed: true, algorithm: 'ED25519' },
      { plaintextDisclosed: false, algorithm: 'ED25519' },
      { bytes: 32 },
    ])
  })

  it('has one event for each item of a batch', async () => {
    const { story, trail, mac, aes } = await startTrail()
    const items = [mac, aes, mac].map((key) => ({ key, message: plaintext }))
    await story.as(max).mutate('generateMacBatch', { items })
    const event = { action: 'GENERATE_MAC', actor: 'user:max' } as const
    const succeeded = { ...event, outcome: 'SUCCEEDED', error_code: null, version_number: 1 } as const
    const failed = { ...event, outcome: 'FAILED', error_code: 'INVALID_KEY_USAGE' } as const
    trail.expected.push(succeeded, failed, succeeded)
    await trail.expectRecorded()
  })

  it('has one event of everything that was refused, with the reason, key and version as far as they were known', async () => {
    const { trail, aes, mac, kem, agreeing } = await startTrail()
    const input = (keyId: string, version?: number) => ({
      code: 'INPUT_VALIDATION',
      keyId,
      ...(version && { version }),
    })
    const long = base64(new Uint8Array(65_537))
    await trail.send(max, 'generateMac', { key: mac, message: long }, input(mac))
    await trail.send(
      max,
      'verifyMac',
      { version: { key: mac, number: 1 }, message: long, mac: data },
      input(mac),
    )
    // A version that is not there was not used by anything, so that the event names none.
    const absent = { code: 'KEY_VERSION_NOT_FOUND' }
    const nine = { version: { key: mac, number: 9 }, message: plaintext, mac: data }
    await trail.send(max, 'verifyMac', nine, { ...absent, keyId: mac })
    await trail.send(
      max,
      'decapsulate',
      { version: { key: kem, number: 9 }, ciphertext: plaintext },
      { ...absent, keyId: kem },
    )
    await trail.send(
      max,
      'decapsulate',
      { version: { key: kem, number: 1 }, ciphertext: plaintext },
      input(kem, 1),
    )
    const derivation = { version: { key: agreeing, number: 1 }, context: data }
    await trail.send(
      max,
      'deriveSharedSecret',
      { ...derivation, peerPublicKey: plaintext },
      input(agreeing, 1),
    )
    await trail.send(
      max,
      'deriveSharedSecret',
      { ...derivation, peerPublicKey, lengthBytes: 0 },
      input(agreeing),
    )
    await trail.send(
      max,
      'deriveSharedSecret',
      { ...derivation, version: { key: agreeing, number: 9 }, peerPublicKey },
      { ...absent, keyId: agreeing },
    )
    const pair = { algorithm: 'ED25519', additionalAuthenticatedData: data }
    await trail.send(
      max,
      'generateDataKeyPair',
      { key: mac, ...pair },
      { code: 'INVALID_KEY_USAGE', keyId: mac },
    )
    await trail.send(
      max,
      'generateDataKeyPair',
      { key: aes, ...pair, additionalAuthenticatedData: long },
      input(aes),
    )
    await trail.send(max, 'encapsulate', { key: aes }, { code: 'INVALID_KEY_USAGE', keyId: aes })
    await trail.send(max, 'generateRandom', { lengthBytes: 0 }, { code: 'INPUT_VALIDATION' })
    await trail.expectRecorded()
  })
})
