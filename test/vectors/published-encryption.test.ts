import { createHash, createPrivateKey, createPublicKey, createSecretKey, privateDecrypt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sealWith } from '../../src/crypto/aead.ts'
import type { EncryptionAlgorithm } from '../../src/crypto/capabilities.ts'
import { sealXaes } from '../../src/crypto/xaes-256-gcm.ts'
import { atOnce } from '../crypto/keys.ts'
import oaepExample from './published/oaep-example-10.json' with { type: 'json' }
import rfc7520 from './published/rfc7520.json' with { type: 'json' }
import { createPublishedRecord } from './published-record.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const published = createPublishedRecord()
const gcmMessage = {
  nonce: hex('cafebabefacedbaddecaf888'),
  plaintext: hex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
  ),
  associatedData: hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
}

const aeadVectors = [
  {
    source: 'McGrew and Viega, The Galois/Counter Mode of Operation, test case 4',
    name: 'AES_128_GCM',
    cipher: 'aes-128-gcm',
    key: hex('feffe9928665731c6d6a8f9467308308'),
    ...gcmMessage,
    sealed: hex(
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
    ),
  },
  {
    source: 'McGrew and Viega, The Galois/Counter Mode of Operation, test case 16',
    name: 'AES_256_GCM',
    cipher: 'aes-256-gcm',
    key: hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
    ...gcmMessage,
    sealed: hex(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    ),
  },
  {
    source: 'RFC 8439 §2.8.2',
    name: 'CHACHA20_POLY1305',
    cipher: 'chacha20-poly1305',
    key: hex('808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'),
    nonce: hex('070000004041424344454647'),
    plaintext: Buffer.from(
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
    ),
    associatedData: hex('50515253c0c1c2c3c4c5c6c7'),
    sealed: hex(
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
    ),
  },
] as const

describe('authenticated encryption', () => {
  it.each(aeadVectors)('$name agrees with $source', ({ name, cipher, key, sealed, ...message }) => {
    const { entry, capability } = aead(name)
    const loaded = entry.load(key)
    const whole = Buffer.concat([message.nonce, sealed])
    expect(sealWith(cipher, { key: loaded, ...message })).toEqual(whole)
    expect(capability.open(loaded, whole, message.associatedData)).toEqual(message.plaintext)
  })

  it.each([
    { keyByte: 0x01, associatedData: '', sealed: 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271' },
    {
      keyByte: 0x03,
      associatedData: 'c2sp.org/XAES-256-GCM',
      sealed: '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    },
  ])('XAES_256_GCM agrees with its specification for keys of $keyByte', (vector) => {
    const { entry, capability } = aead('XAES_256_GCM')
    const key = entry.load(Buffer.alloc(32, vector.keyByte))
    const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX')
    const plaintext = Buffer.from('XAES-256-GCM')
    const associatedData = Buffer.from(vector.associatedData)
    const whole = Buffer.concat([nonce, hex(vector.sealed)])
    expect(sealXaes({ key, nonce, plaintext, associatedData })).toEqual(whole)
    expect(capability.open(key, whole, associatedData)).toEqual(plaintext)
  })

  it('XAES_256_GCM agrees with the 10,000 accumulated messages of its specification', () => {
    const { capability } = aead('XAES_256_GCM')
    const random = shakeStream(10_000 * (32 + 24 + 2 * 256))
    const hash = createHash('shake128', { outputLength: 32 })
    for (let message = 0; message < 10_000; message++) {
      const key = createSecretKey(random(32))
      const nonce = random(24)
      const plaintext = random(random(1).readUInt8())
      const associatedData = random(random(1).readUInt8())
      const whole = sealXaes({ key, nonce, plaintext, associatedData })
      hash.update(whole.subarray(24))
      if (!capability.open(key, whole, associatedData).equals(plaintext)) throw new Error('does not open')
    }
    expect(hash.digest('hex')).toBe('e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939')
  })
})

describe('RSAES-OAEP', () => {
  it('RSA_4096 decrypts the encrypted key of RFC 7520 §5.2', async () => {
    const { key, plaintext, ciphertext } = rfc7520.rsaOaep
    const { entry, capability } = oaep('RSA_4096')
    const privateKey = entry.load(
      createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' }),
    )
    const decrypted = await capability.decrypt(
      privateKey,
      Buffer.from(ciphertext, 'base64url'),
      'RSAES_OAEP_SHA_1',
      atOnce,
    )
    expect(decrypted.toString('base64url')).toBe(plaintext)
  })

  it('RSA_2048 decrypts example 10.1 of RSA Laboratories', async () => {
    const { key, plaintext, ciphertext } = oaepExample
    const { entry, capability } = oaep('RSA_2048')
    const privateKey = entry.load(
      createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'der' }),
    )
    const decrypted = await capability.decrypt(privateKey, hex(ciphertext), 'RSAES_OAEP_SHA_1', atOnce)
    expect(decrypted.toString('hex')).toBe(plaintext)
  })

  it.each<[EncryptionAlgorithm, string]>([
    ['RSAES_OAEP_SHA_256', 'sha256'],
    ['RSAES_OAEP_SHA_1', 'sha1'],
    ['RSAES_OAEP_SHA_384', 'sha384'],
    ['RSAES_OAEP_SHA_512', 'sha512'],
  ])('%s encrypts what OpenSSL decrypts with %s', (algorithm, oaepHash) => {
    const key = createPrivateKey({ key: rfc7520.rsa2048, format: 'jwk' })
    const { capability } = oaep('RSA_2048')
    const plaintext = Buffer.alloc(capability.plaintextBytesMax(algorithm), 7)
    const ciphertext = capability.encrypt(createPublicKey(key), plaintext, algorithm)
    expect(privateDecrypt({ key, oaepHash }, ciphertext)).toEqual(plaintext)
  })
})

/** No standard publishes a vector of RSAES-OAEP with 3072 bits; Wycheproof has some, where it is there to run. */
const withoutPublishedVector = ['RSA_3072 ENCRYPT_DECRYPT']

describe('every algorithm that encrypts', () => {
  it('has a published vector', () => {
    expect(published.missing('published-encryption')).toEqual(withoutPublishedVector)
  })
})

function aead(name: string) {
  return published.capability(name, 'ENCRYPT_DECRYPT', 'aead')
}

function oaep(name: string) {
  return published.capability(name, 'ENCRYPT_DECRYPT', 'publicKeyEncryption')
}

/** The first bytes of SHAKE-128 of nothing, in turn. */
function shakeStream(bytesMax: number): (bytes: number) => Buffer {
  const stream = createHash('shake128', { outputLength: bytesMax }).digest()
  let used = 0
  return (bytes) => {
    used += bytes
    return stream.subarray(used - bytes, used)
  }
}
