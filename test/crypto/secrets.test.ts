import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type Capability, CryptoInputError } from '../../src/crypto/capabilities.ts'
import { constantTimeEqual, deriveKey } from '../../src/crypto/secrets.ts'
import { atOnce, candidates, freshKey } from './keys.ts'

describe.each(candidates('mac'))('$name', ({ entry, capability }) => {
  it('verifies its own code of this message by this key only, never a part of it', async () => {
    const [{ key }, { key: otherKey }] = await Promise.all([freshKey(entry), freshKey(entry)])
    const message = Buffer.from('attack at dawn')
    const mac = capability.generate(key, message)
    expect(capability.verify(key, message, mac)).toBe(true)
    expect(capability.verify(otherKey, message, mac)).toBe(false)
    expect(capability.verify(key, Buffer.from('dusk'), mac)).toBe(false)
    expect(capability.verify(key, message, mac.subarray(0, 16))).toBe(false)
    expect(capability.verify(key, message, Buffer.alloc(0))).toBe(false)
  })
})

describe.each(candidates('keyEncapsulation'))('$name', ({ entry, capability }) => {
  it('decapsulates what was encapsulated to it', async () => {
    const { key, publicKey } = await freshKey(entry)
    const { sharedSecret, ciphertext } = await capability.encapsulate(publicKey, atOnce)
    expect(sharedSecret.length).toBe(32)
    expect(await capability.decapsulate(key, ciphertext, atOnce)).toEqual(sharedSecret)
  })

  it('gives another secret for a changed ciphertext, and refuses one of another length', async () => {
    const { key, publicKey } = await freshKey(entry)
    const { sharedSecret, ciphertext } = await capability.encapsulate(publicKey, atOnce)
    const changed = Buffer.from(ciphertext)
    changed.writeUInt8(changed.readUInt8(9) ^ 1, 9)
    const rejected = await capability.decapsulate(key, changed, atOnce)
    expect(rejected.length).toBe(32)
    expect(rejected.equals(sharedSecret)).toBe(false)
    await expect(capability.decapsulate(key, ciphertext.subarray(1), atOnce)).rejects.toBeInstanceOf(
      CryptoInputError,
    )
  })
})

describe.each(candidates('keyAgreement'))('$name', ({ entry, capability }) => {
  it('gives both sides the same output, and others for another context, key or length', async () => {
    const [alice, bob, carol] = await Promise.all([freshKey(entry), freshKey(entry), freshKey(entry)])
    const base = { context: Buffer.from('session 1'), bytes: 32 }
    const agreed = await capability.deriveSharedSecret(
      alice.key,
      {
        ...base,
        peerPublicKey: spki(bob.publicKey),
      },
      atOnce,
    )
    const derive = (parameters: object) =>
      capability.deriveSharedSecret(
        bob.key,
        { ...base, peerPublicKey: spki(alice.publicKey), ...parameters },
        atOnce,
      )
    expect(await derive({})).toEqual(agreed)
    expect(await derive({ context: Buffer.from('session 2') })).not.toEqual(agreed)
    expect(await derive({ peerPublicKey: spki(carol.publicKey) })).not.toEqual(agreed)
    expect((await derive({ bytes: 64 })).subarray(0, 32)).toEqual(agreed)
  })

  it('refuses keys of other curves, bytes that are no key, and lengths that HKDF does not have', async () => {
    const { key, publicKey } = await freshKey(entry)
    const good = { peerPublicKey: spki(publicKey), context: Buffer.alloc(0), bytes: 32 }
    const foreign = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
    await refuses(capability, key, { ...good, peerPublicKey: spki(foreign) }, 'peerPublicKey')
    await refuses(capability, key, { ...good, peerPublicKey: Buffer.from('no key') }, 'peerPublicKey')
    const trailing = Buffer.concat([good.peerPublicKey, Buffer.of(0)])
    await refuses(capability, key, { ...good, peerPublicKey: trailing }, 'peerPublicKey')
    for (const bytes of [0, -1, 1.5, 255 * 64 + 1])
      await refuses(capability, key, { ...good, bytes }, 'bytes')
  })
})

describe('key agreement', () => {
  const find = (name: string) => {
    const found = candidates('keyAgreement').find((each) => each.name === name)
    if (found === undefined) throw new TypeError(`no ${name}`)
    return found
  }
  const rest = { context: Buffer.alloc(0), bytes: 32 }

  it('on Curve25519 refuses a point of small order', async () => {
    const { entry, capability } = find('X25519')
    const { key } = await freshKey(entry)
    const zero = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), Buffer.alloc(32)])
    await refuses(capability, key, { ...rest, peerPublicKey: zero }, 'peerPublicKey')
  })

  it('on a P curve refuses a point that is not on it, a compressed one, and a curve that is spelled out', async () => {
    const { entry, capability } = find('EC_P256')
    const { key, publicKey } = await freshKey(entry)
    const offCurve = spki(publicKey)
    offCurve.writeUInt8(offCurve.readUInt8(offCurve.length - 1) ^ 1, offCurve.length - 1)
    const explicit = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }).publicKey
    const whole = spki(publicKey)
    const parity = 2 + (whole.readUInt8(whole.length - 1) & 1)
    const compressed = Buffer.concat([
      Buffer.from('3039301306072a8648ce3d020106082a8648ce3d030107032200', 'hex'),
      Buffer.of(parity),
      whole.subarray(27, 59),
    ])
    for (const peerPublicKey of [offCurve, compressed, spki(explicit)]) {
      await refuses(capability, key, { ...rest, peerPublicKey }, 'peerPublicKey')
    }
  })
})

describe('derived keys', () => {
  it('agree with RFC 5869 §A.3', () => {
    expect(deriveKey(Buffer.alloc(22, 0x0b), '', 42).toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    )
  })

  it('differ by label', () => {
    const secret = Buffer.alloc(32, 1)
    expect(deriveKey(secret, 'one', 32)).not.toEqual(deriveKey(secret, 'two', 32))
  })
})

describe('constantTimeEqual', () => {
  it('is true for the same bytes only', () => {
    expect(constantTimeEqual(Buffer.from('same'), Buffer.from('same'))).toBe(true)
    expect(constantTimeEqual(Buffer.from('same'), Buffer.from('sama'))).toBe(false)
    expect(constantTimeEqual(Buffer.from('same'), Buffer.from('sam'))).toBe(false)
  })
})

function spki(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' })
}

async function refuses(
  capability: Extract<Capability, { kind: 'keyAgreement' }>,
  key: KeyObject,
  parameters: { peerPublicKey: Uint8Array; context: Uint8Array; bytes: number },
  parameter: string,
): Promise<void> {
  const error = await capability.deriveSharedSecret(key, parameters, atOnce).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CryptoInputError)
  expect(error).toMatchObject({ parameter })
}
