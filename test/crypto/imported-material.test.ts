import { checkPrimeSync, createPrivateKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { algorithms, findAlgorithm } from '../../src/crypto/algorithms.ts'
import type { ImportedMaterialError } from '../../src/crypto/imported-material.ts'
import { atOnce } from './keys.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const otherCurve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })

/** RFC 8410 §10.3: the second form has an attribute and the public key attached. */
const ed25519 = {
  plain: 'MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC',
  withPublicKey:
    'MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=',
}

function derOf(key: JsonWebKey): Buffer {
  return createPrivateKey({ format: 'jwk', key }).export({ type: 'pkcs8', format: 'der' })
}

async function faultOf(name: string, material: Uint8Array): Promise<string> {
  const read = findAlgorithm(name)?.readImported(material, atOnce)
  return await (read ?? Promise.reject(new Error(`no ${name}`))).then(
    () => 'none',
    (error: ImportedMaterialError) => error.fault,
  )
}

describe('imported material', () => {
  it.each(algorithms.map((entry) => [entry.name, entry] as const))(
    'of %s is stored as material that is made here is',
    async (_name, entry) => {
      const made = await entry.generate(atOnce)
      expect(await entry.readImported(made.secret, atOnce)).toEqual(made)
    },
  )

  it('of Ed25519 may carry attributes and its public key, which are left behind', async () => {
    const entry = findAlgorithm('ED25519')
    const [plain, attached] = [ed25519.plain, ed25519.withPublicKey].map((text) =>
      Buffer.from(text, 'base64'),
    )
    const read = await entry?.readImported(attached ?? Buffer.of(), atOnce)
    expect(read?.secret).toEqual(plain)
    expect(read).toEqual(await entry?.readImported(plain ?? Buffer.of(), atOnce))
  })

  it.each([
    ['private exponent', { ...rsa, d: otherRsa.d }],
    ['first CRT exponent', { ...rsa, dp: otherRsa.dp }],
    ['second CRT exponent', { ...rsa, dq: otherRsa.dq }],
    ['CRT coefficient', { ...rsa, qi: otherRsa.qi }],
    ['first prime', { ...rsa, p: otherRsa.p }],
    ['second prime', { ...rsa, q: otherRsa.q }],
  ])('of RSA with the %s of another key is refused', async (_what, key) => {
    // OpenSSL itself may refuse to read some of them; what it does read is found out here.
    const der = (() => {
      try {
        return derOf(key as JsonWebKey)
      } catch {
        return Buffer.of()
      }
    })()
    expect(await faultOf('RSA_2048', der)).toBe(der.length === 0 ? 'NOT_A_KEY' : 'INCONSISTENT')
  })

  it('of RSA with primes that are too close to each other is refused', async () => {
    // p and q below have 1024 bits and differ in their last bits only, so that n is easily factored.
    expect(await faultOf('RSA_2048', derOf(closePrimes()))).toBe('INCONSISTENT')
  })

  it('of RSA with a small prime, or with none, is refused', async () => {
    const q = nextPrime(1n << 2031n)
    expect(await faultOf('RSA_2048', derOf(rsaKeyOf(65_539n, q)))).toBe('INCONSISTENT')
    expect(await faultOf('RSA_2048', derOf({ ...rsa, p: Buffer.of(1).toString('base64url') }))).toBe(
      'INCONSISTENT',
    )
  })

  it('of RSA with a small public exponent, another size or the PSS identifier is refused', async () => {
    const made = (options: object) =>
      generateKeyPairSync('rsa', { modulusLength: 2048, ...options }).privateKey.export({
        type: 'pkcs8',
        format: 'der',
      })
    expect(await faultOf('RSA_2048', made({ publicExponent: 3 }))).toBe('OTHER_ALGORITHM')
    const large = derOf(rsaKeyOf(nextPrime(3n << 1022n), nextPrime(5n << 1021n), (1n << 65n) + 1n))
    expect(await faultOf('RSA_2048', large)).toBe('OTHER_ALGORITHM')
    expect(await faultOf('RSA_3072', made({}))).toBe('OTHER_ALGORITHM')
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey
    expect(await faultOf('RSA_2048', pss.export({ type: 'pkcs8', format: 'der' }))).toBe('OTHER_ALGORITHM')
  })

  it('of a curve with the public key of another is refused', async () => {
    const [own, other] = [derOf(curve), derOf(otherCurve)]
    const spliced = Buffer.concat([own.subarray(0, -64), other.subarray(-64)])
    expect(await faultOf('EC_P256', own)).toBe('none')
    expect(await faultOf('EC_P256', spliced)).not.toBe('none')
  })

  it('of a curve with a private key of zero is refused', async () => {
    const own = derOf(curve)
    const scalar = Buffer.from(curve.d ?? '', 'base64url')
    const zero = Buffer.from(own)
    zero.fill(0, own.indexOf(scalar), own.indexOf(scalar) + scalar.length)
    expect(await faultOf('EC_P256', zero)).not.toBe('none')
  })

  it('that is encrypted, PEM, a public key or in another structure is refused', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    for (const form of [
      privateKey.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
      privateKey.export({ type: 'pkcs8', format: 'pem' }),
      privateKey.export({ type: 'sec1', format: 'der' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      Buffer.of(),
    ]) {
      expect(await faultOf('EC_P256', Buffer.from(form))).toBe('NOT_A_KEY')
    }
  })
})

/** A key that is consistent but for the distance of its primes: the next prime above p is q. */
function closePrimes(): JsonWebKey {
  const p = nextPrime((1n << 1024n) - (1n << 900n))
  const q = nextPrime(p + 2n)
  return rsaKeyOf(q, p)
}

function rsaKeyOf(p: bigint, q: bigint, e = 65_537n): JsonWebKey {
  const n = p * q
  const d = inverse(e, (p - 1n) * (q - 1n))
  const text = (value: bigint) => {
    const hex = value.toString(16)
    return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
  }
  return {
    kty: 'RSA',
    n: text(n),
    e: text(e),
    d: text(d),
    p: text(p),
    q: text(q),
    dp: text(d % (p - 1n)),
    dq: text(d % (q - 1n)),
    qi: text(inverse(q, p)),
  }
}

function nextPrime(from: bigint): bigint {
  let candidate = from | 1n
  while (!checkPrimeSync(candidate)) candidate += 2n
  return candidate
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n]
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y]
  return ((x % modulus) + modulus) % modulus
}
