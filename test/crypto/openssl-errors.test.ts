import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { algorithms } from '../../src/crypto/algorithms.ts'
import { readPrivateKey } from '../../src/crypto/read-private-key.ts'
import { createEd25519Key } from '../../src/crypto/secrets.ts'
import { type BadInput, badInputs } from './bad-inputs.ts'
import { atOnce } from './keys.ts'
import { withPoint } from './peer-keys.ts'

const x25519 = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' })

/** Every way in which a private key is loaded. */
const loads = new Map<string, () => unknown>([
  ['the checkpoint key', () => createEd25519Key(Buffer.alloc(32, 1))],
  ['the private key of a backup', () => readPrivateKey(x25519.toString())],
])

beforeAll(async () => {
  for (const entry of algorithms.filter(({ type }) => type === 'ASYMMETRIC')) {
    const { secret } = await entry.generate(atOnce)
    loads.set(entry.name, () => entry.load(secret))
  }
})

/** The names of keys that cannot be loaded although nothing is wrong with them. */
function failing(names: readonly string[], before: () => void = () => {}): string[] {
  return names.filter((name) => {
    before()
    try {
      loads.get(name)?.()
      return false
    } catch {
      return true
    }
  })
}

describe('an error that OpenSSL keeps for the next call', () => {
  it('makes no private key unreadable', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const infinity = withPoint(publicKey.export({ type: 'spki', format: 'der' }), Buffer.of(0))
    const leaveError = () => {
      const key = createPublicKey({ key: infinity, type: 'spki', format: 'der' })
      expect(() => key.export({ format: 'jwk' })).toThrow()
    }
    expect(failing([...loads.keys()], leaveError)).toEqual([])
  })
})

describe('after a refused input', () => {
  let inputs: readonly BadInput[]
  beforeAll(async () => {
    inputs = await badInputs()
  })

  it('the next private key loads at the first try, whosever it is', async () => {
    const harmed: string[] = []
    const taken: string[] = []
    const names = [...loads.keys()]
    for (const [index, { what, isRefused }] of inputs.entries()) {
      if (!(await isRefused())) taken.push(what)
      // Only the first load after an error can suffer from it, and keys of every kind are loaded in the same way.
      const next = names.slice(index % names.length).slice(0, 1)
      harmed.push(...failing(next).map((name) => `${name} after ${what}`))
    }
    expect(taken).toEqual([])
    expect(harmed).toEqual([])
    expect(inputs.length).toBeGreaterThan(1000)
  })
})
