import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrapAead, wrapAead } from '../../src/crypto/aead.ts'
import { DecryptionFailedError } from '../../src/crypto/capabilities.ts'
import { encodeHeader, parseCiphertext } from '../../src/crypto/ciphertext-format.ts'
import { candidates, freshKey } from './keys.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each))
const keyId = '01941f29-7c00-7aaa-9aaa-4d2a7c3b1e5f'

describe.each(candidates('aead'))('$name', ({ entry, capability }) => {
  it('opens what it sealed, and adds nonce and tag only', async () => {
    const { key } = await freshKey(entry)
    fc.assert(
      fc.property(bytes, bytes, (plaintext, associatedData) => {
        const sealed = capability.seal(key, plaintext, associatedData)
        expect(sealed.length).toBe(capability.nonceBytes + plaintext.length + capability.tagBytes)
        expect(capability.open(key, sealed, associatedData)).toEqual(plaintext)
      }),
    )
  })

  it('refuses every ciphertext with one bit changed', async () => {
    const { key } = await freshKey(entry)
    const sealed = capability.seal(key, Buffer.from('attack at dawn'), Buffer.from('aad'))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      expect(() => capability.open(key, flip(sealed, bit), Buffer.from('aad'))).toThrow(DecryptionFailedError)
    }
  })

  it('refuses other associated data, another key and every shorter ciphertext, with the same error', async () => {
    const { key } = await freshKey(entry)
    const { key: otherKey } = await freshKey(entry)
    const sealed = capability.seal(key, Buffer.from('attack at dawn'), Buffer.from('aad'))
    const attempts = [
      () => capability.open(key, sealed, Buffer.from('AAD')),
      () => capability.open(key, sealed, Buffer.alloc(0)),
      () => capability.open(otherKey, sealed, Buffer.from('aad')),
      ...Array.from(
        { length: sealed.length },
        (_, length) => () => capability.open(key, sealed.subarray(0, length), Buffer.from('aad')),
      ),
    ]
    for (const attempt of attempts) expect(attempt).toThrow(new DecryptionFailedError())
  })

  it('never takes a nonce twice', async () => {
    const { key } = await freshKey(entry)
    const nonces = Array.from({ length: 2000 }, () =>
      capability
        .seal(key, Buffer.alloc(0), Buffer.alloc(0))
        .subarray(0, capability.nonceBytes)
        .toString('hex'),
    )
    expect(new Set(nonces).size).toBe(nonces.length)
  })

  it('refuses a ciphertext whose header was changed anywhere', async () => {
    const { key } = await freshKey(entry)
    const header = encodeHeader({ formatId: capability.formatId, keyId, version: 1 })
    const sealed = capability.seal(key, Buffer.from('attack at dawn'), header)
    for (let bit = 0; bit < header.length * 8; bit++) {
      expect(() => capability.open(key, sealed, flip(header, bit))).toThrow(DecryptionFailedError)
    }
  })
})

describe('wrapping', () => {
  it('opens with the same key and associated data only', async () => {
    const aes = candidates('aead').find(({ name }) => name === 'AES_256_GCM')
    if (aes === undefined) throw new TypeError('no AES-256')
    const { key } = await freshKey(aes.entry)
    const wrapped = wrapAead(key, Buffer.from('secret'), Buffer.from('place'))
    expect(unwrapAead(key, wrapped, Buffer.from('place')).toString()).toBe('secret')
    expect(() => unwrapAead(key, wrapped, Buffer.from('other place'))).toThrow(DecryptionFailedError)
  })
})

describe('the header of a ciphertext', () => {
  const header = fc.record({
    formatId: fc.integer({ min: 0, max: 255 }),
    keyId: fc.uuid(),
    version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  })

  it('is read as it was written, with what follows it', () => {
    fc.assert(
      fc.property(header, fc.uint8Array({ minLength: 1, maxLength: 40 }), (written, sealed) => {
        const headerBytes = encodeHeader(written)
        const parsed = parseCiphertext(Buffer.concat([headerBytes, sealed]))
        expect(parsed).toMatchObject(written)
        expect(Buffer.from(parsed?.headerBytes ?? [])).toEqual(headerBytes)
        expect(Buffer.from(parsed?.sealed ?? [])).toEqual(Buffer.from(sealed))
      }),
    )
  })

  it('is null or read for any bytes, and what is read is written as the same bytes', () => {
    const anything = fc.oneof(
      bytes,
      bytes.map((rest) => Buffer.concat([Buffer.of(1), rest])),
    )
    fc.assert(
      fc.property(anything, (input) => {
        const parsed = parseCiphertext(input)
        if (parsed !== null) expect(Buffer.concat([encodeHeader(parsed), parsed.sealed])).toEqual(input)
      }),
    )
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a header alone', encodeHeader({ formatId: 1, keyId, version: 1 })],
    ['another layout', Buffer.concat([Buffer.of(2), Buffer.alloc(60, 1)])],
    ['version 0', Buffer.concat([Buffer.of(1), Buffer.alloc(60)])],
    ['a version that no key has', Buffer.concat([Buffer.of(1), Buffer.alloc(60, 0xff)])],
  ])('is null for %s', (_what, input) => {
    expect(parseCiphertext(input)).toBeNull()
  })

  it('cannot be written for what is no key or no version', () => {
    expect(() => encodeHeader({ formatId: 1, keyId: 'not-a-uuid', version: 1 })).toThrow(TypeError)
    expect(() => encodeHeader({ formatId: 1, keyId, version: 0 })).toThrow(TypeError)
    expect(() => encodeHeader({ formatId: 1, keyId, version: 1.5 })).toThrow(TypeError)
  })
})

function flip(from: Uint8Array, bit: number): Buffer {
  const changed = Buffer.from(from)
  const index = bit >> 3
  changed.writeUInt8(changed.readUInt8(index) ^ (1 << (bit & 7)), index)
  return changed
}
