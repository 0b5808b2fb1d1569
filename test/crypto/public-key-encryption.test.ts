import { constants, publicEncrypt } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { CryptoInputError, DecryptionFailedError } from '../../src/crypto/capabilities.ts'
import { atOnce, candidates, freshKey } from './keys.ts'

describe.each(candidates('publicKeyEncryption'))('$name', ({ entry, capability }) => {
  let pair: Awaited<ReturnType<typeof freshKey>>
  beforeAll(async () => {
    pair = await freshKey(entry)
  })

  it.each(capability.encryptionAlgorithms)(
    '%s decrypts plaintexts from empty to the longest',
    async (algorithm) => {
      for (const length of [0, 1, capability.plaintextBytesMax(algorithm)]) {
        const plaintext = Buffer.alloc(length, 5)
        const ciphertext = capability.encrypt(pair.publicKey, plaintext, algorithm)
        expect(await capability.decrypt(pair.key, ciphertext, algorithm, atOnce)).toEqual(plaintext)
      }
    },
  )

  it.each(capability.encryptionAlgorithms)(
    '%s refuses to encrypt more, and says how much fits',
    (algorithm) => {
      const bytesMax = capability.plaintextBytesMax(algorithm)
      expect(() => capability.encrypt(pair.publicKey, Buffer.alloc(bytesMax + 1), algorithm)).toThrow(
        new CryptoInputError('plaintext', `must have at most ${bytesMax} bytes for this key`),
      )
    },
  )

  it('has one error for every ciphertext that does not decrypt', async () => {
    const good = capability.encrypt(pair.publicKey, Buffer.from('secret'), 'RSAES_OAEP_SHA_256')
    const changed = Buffer.from(good)
    changed.writeUInt8(changed.readUInt8(100) ^ 1, 100)
    const attempts: (readonly [string, Buffer])[] = [
      ['changed', changed],
      ['empty', Buffer.alloc(0)],
      ['too short', good.subarray(1)],
      ['too long', Buffer.concat([good, Buffer.of(0)])],
      ['above the modulus', Buffer.alloc(good.length, 0xff)],
      [
        'another padding',
        publicEncrypt({ key: pair.publicKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.from('x')),
      ],
      ['another hash', capability.encrypt(pair.publicKey, Buffer.from('secret'), 'RSAES_OAEP_SHA_1')],
    ]
    for (const [what, ciphertext] of attempts) {
      const attempt = capability.decrypt(pair.key, ciphertext, 'RSAES_OAEP_SHA_256', atOnce)
      await expect(attempt, what).rejects.toEqual(new DecryptionFailedError())
    }
  })
})
