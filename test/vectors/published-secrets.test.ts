import { createSecretKey, hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../crypto/keys.ts'
import cctv from './published/cctv-ml-kem.json' with { type: 'json' }
import { createPublishedRecord } from './published-record.ts'
import { pkcs8OfBytes, pkcs8OnCurve, spkiOfPkcs8 } from './raw-keys.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const published = createPublishedRecord()

describe('HMAC', () => {
  it.each([
    { name: 'HMAC_SHA256', mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843' },
    {
      name: 'HMAC_SHA384',
      mac: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    },
    {
      name: 'HMAC_SHA512',
      mac: '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    },
  ])('$name agrees with RFC 4231 §4.3', ({ name, mac }) => {
    const { capability } = published.capability(name, 'GENERATE_VERIFY_MAC', 'mac')
    const key = createSecretKey(Buffer.from('Jefe'))
    const message = Buffer.from('what do ya want for nothing?')
    expect(capability.generate(key, message).toString('hex')).toBe(mac)
    expect(capability.verify(key, message, hex(mac))).toBe(true)
    expect(capability.verify(key, message, hex(mac).subarray(1))).toBe(false)
  })
})

describe('ML-KEM', () => {
  it.each([
    {
      name: 'ML_KEM_768' as const,
      privatePrefix: '30820978020100300b06096086480165030404020482096404820960',
    },
    {
      name: 'ML_KEM_1024' as const,
      privatePrefix: '30820c78020100300b060960864801650304040304820c6404820c60',
    },
  ])('$name decapsulates the secret of the published vector', async ({ name, privatePrefix }) => {
    const { dk, c, K } = cctv[name]
    const { entry, capability } = published.capability(name, 'KEY_ENCAPSULATION', 'keyEncapsulation')
    const key = entry.load(Buffer.concat([hex(privatePrefix), hex(dk)]))
    expect((await capability.decapsulate(key, hex(c), atOnce)).toString('hex')).toBe(K)
  })
})

describe('key agreement', () => {
  const p256 = { curve: 'prime256v1', jwk: 'P-256' }
  const p384 = { curve: 'secp384r1', jwk: 'P-384' }
  const p521 = { curve: 'secp521r1', jwk: 'P-521' }

  it.each([
    {
      source: 'RFC 7748 §6.1',
      name: 'X25519',
      hash: 'sha256',
      own: pkcs8OfBytes('X25519', hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')),
      peer: pkcs8OfBytes('X25519', hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')),
      shared: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    },
    {
      source: 'RFC 5903 §8.1',
      name: 'EC_P256',
      hash: 'sha256',
      own: pkcs8OnCurve(p256, hex('c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433')),
      peer: pkcs8OnCurve(p256, hex('c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53')),
      shared: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
    },
    {
      source: 'RFC 5903 §8.2',
      name: 'EC_P384',
      hash: 'sha384',
      own: pkcs8OnCurve(
        p384,
        hex(
          '099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194',
        ),
      ),
      peer: pkcs8OnCurve(
        p384,
        hex(
          '41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fc',
        ),
      ),
      shared:
        '11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746',
    },
    {
      source: 'RFC 5903 §8.3',
      name: 'EC_P521',
      hash: 'sha512',
      own: pkcs8OnCurve(
        p521,
        hex(
          '0037ade9319a89f4dabdb3ef411aaccca5123c61acab57b5393dce47608172a095aa85a30fe1c2952c6771d937ba9777f5957b2639bab072462f68c27a57382d4a52',
        ),
      ),
      peer: pkcs8OnCurve(
        p521,
        hex(
          '0145ba99a847af43793fdd0e872e7cdfa16be30fdc780f97bccc3f078380201e9c677d600b343757a3bdbf2a3163e4c2f869cca7458aa4a4effc311f5cb151685eb9',
        ),
      ),
      shared:
        '01144c7d79ae6956bc8edb8e7c787c4521cb086fa64407f97894e5e6b2d79b04d1427e73ca4baa240a34786859810c06b3c715a3a8cc3151f2bee417996d19f3ddea',
    },
  ])(
    '$name gives HKDF of the secret of $source, on both sides',
    async ({ name, hash, own, peer, shared }) => {
      const { entry, capability } = published.capability(name, 'KEY_AGREEMENT', 'keyAgreement')
      const context = Buffer.from('example')
      const derive = (privateKey: Buffer, publicKeyOf: Buffer) =>
        capability.deriveSharedSecret(
          entry.load(privateKey),
          {
            peerPublicKey: spkiOfPkcs8(publicKeyOf),
            context,
            bytes: 42,
          },
          atOnce,
        )
      const publicKeys = [spkiOfPkcs8(own), spkiOfPkcs8(peer)].sort(Buffer.compare)
      const info = Buffer.concat(
        [Buffer.from('keystead key agreement v1'), ...publicKeys, context].flatMap((part) => [
          hex(part.length.toString(16).padStart(8, '0')),
          part,
        ]),
      )
      const expected = Buffer.from(hkdfSync(hash, hex(shared), '', info, 42))
      expect((await derive(own, peer)).toString('hex')).toBe(expected.toString('hex'))
      expect((await derive(peer, own)).toString('hex')).toBe(expected.toString('hex'))
    },
  )
})

describe('every algorithm of message authentication, key encapsulation and key agreement', () => {
  it('has a published vector', () => {
    expect(published.missing('published-secrets')).toEqual([])
  })
})
