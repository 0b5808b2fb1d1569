import { checkPrimeSync, createPrivateKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { algorithms, findAlgorithm } from '../../src/crypto/algorithms.ts'
import type { ImportedMaterialError } from '../../src/crypto/imported-material.ts'
import { der } from './der-bytes.ts'
import { atOnce } from './keys.ts'
import { formsOf, pairAlgorithms } from './private-key-forms.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

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

  it.each(pairAlgorithms)('of %s in another form is stored in the one form that there is', async (name) => {
    const { canonical, accepted } = formsOf(name)
    const entry = findAlgorithm(name)
    const stored = await entry?.readImported(canonical, atOnce)
    expect(stored?.secret).toEqual(canonical)
    for (const { what, material } of accepted) {
      expect(await entry?.readImported(material, atOnce), what).toEqual(stored)
    }
  })

  it.each(pairAlgorithms)('of %s is refused for what is wrong with it, at whatever depth', async (name) => {
    const { refused } = formsOf(name)
    const faults: Record<string, string> = {}
    for (const { what, material } of refused) faults[what] = await faultOf(name, material)
    expect(faults).toEqual(Object.fromEntries(refused.map(({ what, fault }) => [what, fault])))
  })

  it.each(['ML_DSA_65', 'ML_KEM_768'])('of %s may be the expanded key without its seed', async (name) => {
    const entry = findAlgorithm(name)
    const made = await entry?.generate(atOnce)
    const { identifier, expanded } = latticePartsOf(made?.secret ?? Buffer.of())
    const material = der(0x30, der(2, Buffer.of(0)), identifier, der(4, der(4, expanded)))
    const read = await entry?.readImported(material, atOnce)
    expect(read).toEqual({ secret: material, publicKey: made?.publicKey })
    const changed = Buffer.from(material)
    changed.writeUInt8(changed.readUInt8(changed.length - 40) ^ 1, changed.length - 40)
    expect(await faultOf(name, changed)).not.toBe('none')
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

  it('of RSA with a small public exponent, a large one or another size is refused', async () => {
    const made = (options: object) =>
      generateKeyPairSync('rsa', { modulusLength: 2048, ...options }).privateKey.export({
        type: 'pkcs8',
        format: 'der',
      })
    expect(await faultOf('RSA_2048', made({ publicExponent: 3 }))).toBe('OTHER_ALGORITHM')
    const large = derOf(rsaKeyOf(nextPrime(3n << 1022n), nextPrime(5n << 1021n), (1n << 65n) + 1n))
    expect(await faultOf('RSA_2048', large)).toBe('OTHER_ALGORITHM')
    expect(await faultOf('RSA_3072', made({}))).toBe('OTHER_ALGORITHM')
  })
})

/** The AlgorithmIdentifier of a lattice key that this software made, and the expanded key at its end. */
function latticePartsOf(pkcs8: Buffer): { identifier: Buffer; expanded: Buffer } {
  const seedBytes = pkcs8.includes(Buffer.from('608648016503040402', 'hex')) ? 64 : 32
  const start = pkcs8.indexOf(Buffer.concat([Buffer.of(4, seedBytes)])) + 2 + seedBytes
  return { identifier: pkcs8.subarray(7, 7 + 13), expanded: pkcs8.subarray(start + 4) }
}

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
