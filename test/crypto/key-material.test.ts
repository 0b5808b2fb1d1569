import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { calculateJwkThumbprint } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { algorithms, findAlgorithm } from '../../src/crypto/algorithms.ts'
import type { GeneratedMaterial } from '../../src/crypto/capabilities.ts'
import { isOneDerValue } from '../../src/crypto/der.ts'
import { describePublicKey, loadPublicKey } from '../../src/crypto/public-key.ts'
import { atOnce } from './keys.ts'

const material = new Map<string, GeneratedMaterial>()
beforeAll(async () => {
  await Promise.all(
    algorithms.map(async ({ name, generate }) => {
      material.set(name, await generate(atOnce))
    }),
  )
})

describe('the algorithm table', () => {
  it('keeps the numbers of ciphers in ciphertext headers for ever', () => {
    const numbers = algorithms.flatMap(({ name, capabilities }) => {
      const capability = capabilities.ENCRYPT_DECRYPT
      return capability?.kind === 'aead' ? [[name, capability.formatId]] : []
    })
    expect(Object.fromEntries(numbers)).toEqual({
      AES_256_GCM: 1,
      AES_128_GCM: 2,
      CHACHA20_POLY1305: 3,
      XAES_256_GCM: 4,
    })
  })

  it('has each name once, and finds entries by it', () => {
    expect(new Set(algorithms.map(({ name }) => name)).size).toBe(algorithms.length)
    for (const entry of algorithms) expect(findAlgorithm(entry.name)).toBe(entry)
    expect(findAlgorithm('ROT_13')).toBeUndefined()
  })
})

describe.each(algorithms)('material of $name', ({ name, type, load }) => {
  it('loads, and has a public key if it is asymmetric', () => {
    const { secret, publicKey } = materialOf(name)
    expect(load(secret).type).toBe(type === 'SYMMETRIC' ? 'secret' : 'private')
    expect(publicKey === null).toBe(type === 'SYMMETRIC')
  })

  it('is refused by every algorithm of another kind', () => {
    const { secret } = materialOf(name)
    for (const other of algorithms) {
      // A secret key has no form of its own: only its length tells, and the wrapping binds it to its algorithm.
      const alike = other.type === 'SYMMETRIC' && materialOf(other.name).secret.length === secret.length
      if (other.name === name || alike) continue
      expect(() => other.load(secret), other.name).toThrow(TypeError)
    }
  })

  it('is refused when cut short, followed by something, or not there', () => {
    const { secret } = materialOf(name)
    for (const wrong of [
      Buffer.alloc(0),
      secret.subarray(1),
      secret.subarray(0, -1),
      Buffer.concat([secret, secret]),
    ]) {
      expect(() => load(wrong)).toThrow(TypeError)
    }
  })
})

describe('a private key', () => {
  it.each([
    ['RSA_2048', generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })],
    ['RSA_2048', generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['RSA_2048', generateKeyPairSync('rsa-pss', { modulusLength: 2048 })],
    ['EC_P256', generateKeyPairSync('ec', { namedCurve: 'brainpoolP256r1' })],
    ['X25519', generateKeyPairSync('x448')],
  ])('of %s is refused with another size, exponent, type or curve', (name, { privateKey }) => {
    const secret = privateKey.export({ type: 'pkcs8', format: 'der' })
    expect(() => findAlgorithm(name)?.load(secret)).toThrow('a private key of another algorithm')
  })

  it('that cannot be read is refused without a word about its bytes', () => {
    const secret = Buffer.from(createPrivateKey(pemOf('EC_P256')).export({ type: 'pkcs8', format: 'der' }))
    secret.fill(0xff, 10, 30)
    expect(() => findAlgorithm('EC_P256')?.load(secret)).toThrow(new TypeError('not a private key'))
  })
})

describe('a public key', () => {
  it.each(algorithms.filter(({ type }) => type === 'ASYMMETRIC'))(
    'of $name has PEM, JWK and thumbprint',
    async ({ name }) => {
      const spki = materialOf(name).publicKey ?? Buffer.alloc(0)
      const { pem, jwk, fingerprint } = await describePublicKey(spki)
      expect(pem.replaceAll(/-----[A-Z ]+-----|\n/g, '')).toBe(spki.toString('base64'))
      expect(fingerprint).toBe(await calculateJwkThumbprint(jwk, 'sha256'))
      expect(Object.keys(jwk)).not.toContain('d')
      expect(Object.keys(jwk)).not.toContain('priv')
    },
  )

  it('has the thumbprint of RFC 7638 §3.1', async () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
    const { fingerprint } = await describePublicKey(key.export({ type: 'spki', format: 'der' }))
    expect(fingerprint).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  it('is refused when bytes follow it', () => {
    const spki = materialOf('EC_P256').publicKey ?? Buffer.alloc(0)
    expect(loadPublicKey(spki).type).toBe('public')
    expect(() => loadPublicKey(Buffer.concat([spki, Buffer.of(0)]))).toThrow(TypeError)
  })
})

describe('a DER value', () => {
  it('is one of its length, whatever its size, and not with one byte less or more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_000 }), (length) => {
        const size = length < 0x80 ? Buffer.of(length) : longForm(length)
        const value = Buffer.concat([Buffer.of(0x30), size, Buffer.alloc(length)])
        expect(isOneDerValue(value)).toBe(true)
        expect(isOneDerValue(Buffer.concat([value, Buffer.of(0)]))).toBe(false)
        expect(isOneDerValue(value.subarray(0, -1))).toBe(false)
      }),
      { numRuns: 50 },
    )
  })

  it('is answered for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof isOneDerValue(bytes) === 'boolean'))
  })
})

function materialOf(name: string): GeneratedMaterial {
  const found = material.get(name)
  if (found === undefined) throw new TypeError(`no material of ${name}`)
  return found
}

function pemOf(name: string): string {
  return `-----BEGIN PRIVATE KEY-----\n${materialOf(name).secret.toString('base64')}\n-----END PRIVATE KEY-----`
}

function longForm(length: number): Buffer {
  const hex = length.toString(16)
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes])
}
