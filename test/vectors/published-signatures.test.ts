import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { SignatureEncoding, SigningAlgorithm } from '../../src/crypto/capabilities.ts'
import { atOnce } from '../crypto/keys.ts'
import cavp from './published/cavp-rsa.json' with { type: 'json' }
import rfc7520 from './published/rfc7520.json' with { type: 'json' }
import { createPublishedRecord } from './published-record.ts'
import { pkcs8OfBytes, pkcs8OnCurve } from './raw-keys.ts'

const hex = (text: string) => Buffer.from(text, 'hex')
const published = createPublishedRecord()

describe('RSA signatures', () => {
  const privateKey = createPrivateKey({ key: rfc7520.rsa2048, format: 'jwk' })
  const { capability } = signature('RSA_2048')

  it('RSASSA-PKCS1-v1_5 makes the signature of RFC 7520 §4.1, from the message and from its digest', async () => {
    const message = Buffer.from(rfc7520.rs256.signingInput)
    const common = { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256', encoding: 'DER' } as const
    const digest = createHash('sha256').update(message).digest()
    for (const parameters of [
      { ...common, message, messageType: 'MESSAGE' },
      { ...common, message: digest, messageType: 'DIGEST' },
    ] as const) {
      const made = await capability.sign(privateKey, parameters, atOnce)
      expect(made.toString('base64url')).toBe(rfc7520.rs256.signature)
      expect(await capability.verify(createPublicKey(privateKey), parameters, made, atOnce)).toBe(true)
    }
  })

  it.each(['RSA_3072', 'RSA_4096'] as const)('%s verifies a signature of NIST CAVP', async (name) => {
    const { n, e, message, signature: made } = cavp.signatures[name]
    const key = createPublicKey({
      key: { kty: 'RSA', n: hex(n).toString('base64url'), e: hex(`0${e}`).toString('base64url') },
      format: 'jwk',
    })
    const attempt = {
      signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
      message: hex(message),
      signature: hex(made),
    } as const
    expect(await verifies(signature(name).capability, key, attempt)).toBe(true)
    expect(await verifies(signature(name).capability, key, { ...attempt, message: hex('00') })).toBe(false)
  })

  it('RSASSA-PSS verifies the signature of RFC 7520 §4.2', async () => {
    expect(
      await verifies(capability, createPublicKey(privateKey), {
        signingAlgorithm: 'RSASSA_PSS_SHA_384',
        message: Buffer.from(rfc7520.ps384.signingInput),
        signature: Buffer.from(rfc7520.ps384.signature, 'base64url'),
      }),
    ).toBe(true)
  })
})

describe('ECDSA', () => {
  it.each([
    {
      source: 'RFC 6979 §A.2.5',
      name: 'EC_P256',
      curve: { curve: 'prime256v1', jwk: 'P-256' },
      scalar: 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
      message: 'sample',
      signatureHex:
        'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    },
    {
      source: 'RFC 6979 §A.2.6',
      name: 'EC_P384',
      curve: { curve: 'secp384r1', jwk: 'P-384' },
      scalar:
        '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
      message: 'sample',
      signatureHex:
        '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe4699ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    },
    {
      source: 'RFC 6979 §A.2.7',
      name: 'EC_P521',
      curve: { curve: 'secp521r1', jwk: 'P-521' },
      scalar:
        '00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538',
      message: 'sample',
      signatureHex:
        '00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc91f9b15bf05ec36e377fa00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc43997f1ee0e44da4a67a',
    },
    {
      source: 'the vector for key 1 that libraries for secp256k1 share (RFC 6979 nonce)',
      name: 'EC_SECP256K1',
      curve: { curve: 'secp256k1', jwk: 'secp256k1' },
      scalar: '0000000000000000000000000000000000000000000000000000000000000001',
      message: 'Satoshi Nakamoto',
      signatureHex:
        '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    },
  ])('$name verifies the signature of $source', async (vector) => {
    const { entry, capability } = signature(vector.name)
    const publicKey = createPublicKey(entry.load(pkcs8OnCurve(vector.curve, hex(vector.scalar))))
    const [signingAlgorithm] = capability.signingAlgorithms
    const attempt = {
      signingAlgorithm: signingAlgorithm ?? 'ECDSA_SHA_256',
      message: Buffer.from(vector.message),
      signature: hex(vector.signatureHex),
      encoding: 'P1363',
    } as const
    expect(await verifies(capability, publicKey, attempt)).toBe(true)
    expect(await verifies(capability, publicKey, { ...attempt, message: Buffer.from('other') })).toBe(false)
  })

  it('EC_P521 verifies the signature of RFC 7520 §4.3', async () => {
    const { key, signingInput, signature: published } = rfc7520.es512
    const { capability } = signature('EC_P521')
    expect(
      await verifies(capability, createPublicKey({ key, format: 'jwk' }), {
        signingAlgorithm: 'ECDSA_SHA_512',
        message: Buffer.from(signingInput),
        signature: Buffer.from(published, 'base64url'),
        encoding: 'P1363',
      }),
    ).toBe(true)
  })
})

describe('EdDSA', () => {
  it.each([
    {
      source: 'RFC 8032 §7.1, test 2',
      name: 'ED25519' as const,
      seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
      message: '72',
      signatureHex:
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    },
    {
      source: 'RFC 8032 §7.4, blank',
      name: 'ED448' as const,
      seed: '6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b',
      message: '',
      signatureHex:
        '533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600',
    },
  ])('$name makes the signature of $source', async ({ name, seed, message, signatureHex }) => {
    const { entry, capability } = signature(name)
    const parameters = {
      message: hex(message),
      messageType: 'MESSAGE',
      signingAlgorithm: name,
      encoding: 'DER',
    } as const
    const made = await capability.sign(entry.load(pkcs8OfBytes(name, hex(seed))), parameters, atOnce)
    expect(made.toString('hex')).toBe(signatureHex)
  })
})

describe('ML-DSA', () => {
  // RFC 9881 §C.3: certificates that are signed with the keys from the seed 00 01 … 1f of §C.1.
  const seed = Buffer.from(Array.from({ length: 32 }, (_, index) => index))

  it.each([
    { name: 'ML_DSA_44' as const, certificate: 'ml-dsa-44.certificate.pem' },
    { name: 'ML_DSA_65' as const, certificate: 'ml-dsa-65.certificate.pem' },
    { name: 'ML_DSA_87' as const, certificate: 'ml-dsa-87.certificate.pem' },
  ])('$name has the public key and verifies the signature of RFC 9881 §C', async ({ name, certificate }) => {
    const { entry, capability } = signature(name)
    const x509 = new X509Certificate(readFileSync(join(import.meta.dirname, 'published', certificate)))
    const publicKey = createPublicKey(entry.load(pkcs8OfBytes(name, seed)))
    expect(publicKey.equals(x509.publicKey)).toBe(true)

    const [toBeSigned, , bits] = childrenOf(x509.raw)
    if (toBeSigned === undefined || bits === undefined) throw new TypeError('not a certificate')
    const attempt = { signingAlgorithm: name, message: toBeSigned, signature: contentOf(bits).subarray(1) }
    expect(await verifies(capability, publicKey, attempt)).toBe(true)
    expect(await verifies(capability, publicKey, { ...attempt, message: toBeSigned.subarray(1) })).toBe(false)
  })
})

describe('every algorithm that signs', () => {
  it('has a published vector', () => {
    expect(published.missing('published-signatures')).toEqual([])
  })
})

function signature(name: string) {
  return published.capability(name, 'SIGN_VERIFY', 'signature')
}

function verifies(
  capability: ReturnType<typeof signature>['capability'],
  publicKey: KeyObject,
  attempt: {
    signingAlgorithm: SigningAlgorithm
    message: Buffer
    signature: Buffer
    encoding?: SignatureEncoding
  },
): Promise<boolean> {
  const { signingAlgorithm, message, encoding = 'DER' } = attempt
  return capability.verify(
    publicKey,
    { message, messageType: 'MESSAGE', signingAlgorithm, encoding },
    attempt.signature,
    atOnce,
  )
}

/** The values inside a DER value, each whole. */
function childrenOf(der: Buffer): Buffer[] {
  const children: Buffer[] = []
  for (let rest = contentOf(der); rest.length > 0; ) {
    const size = headerBytesOf(rest) + contentOf(rest).length
    children.push(rest.subarray(0, size))
    rest = rest.subarray(size)
  }
  return children
}

function contentOf(der: Buffer): Buffer {
  const header = headerBytesOf(der)
  const first = der.readUInt8(1)
  const length = first < 0x80 ? first : der.readUIntBE(2, first & 0x7f)
  return der.subarray(header, header + length)
}

function headerBytesOf(der: Buffer): number {
  const first = der.readUInt8(1)
  return first < 0x80 ? 2 : 2 + (first & 0x7f)
}
