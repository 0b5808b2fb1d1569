import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  CryptoInputError,
  type SignatureParameters,
  type SigningAlgorithm,
} from '../../src/crypto/capabilities.ts'
import { atOnce, candidates, freshKey } from './keys.ts'

const message = Buffer.from('attack at dawn')
const digestNames: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' }

describe.each(candidates('signature'))('$name', ({ name, entry, capability }) => {
  let pair: Awaited<ReturnType<typeof freshKey>>
  let other: Awaited<ReturnType<typeof freshKey>>
  beforeAll(async () => {
    ;[pair, other] = await Promise.all([freshKey(entry), freshKey(entry)])
  })

  describe.each(capability.signingAlgorithms)('%s', (signingAlgorithm) => {
    it.each(['DER', 'P1363'] as const)(
      'verifies its signature of this message by this key only (%s)',
      async (encoding) => {
        const parameters = { message, messageType: 'MESSAGE', signingAlgorithm, encoding } as const
        const signature = await capability.sign(pair.key, parameters, atOnce)
        const changed = Buffer.from(signature)
        changed.writeUInt8(changed.readUInt8(40) ^ 1, 40)
        expect(await capability.verify(pair.publicKey, parameters, signature, atOnce)).toBe(true)
        expect(await capability.verify(pair.publicKey, parameters, changed, atOnce)).toBe(false)
        expect(await capability.verify(other.publicKey, parameters, signature, atOnce)).toBe(false)
        expect(
          await capability.verify(
            pair.publicKey,
            { ...parameters, message: Buffer.from('dusk') },
            signature,
            atOnce,
          ),
        ).toBe(false)
      },
    )

    it('does not verify signatures of the wrong length', async () => {
      const parameters = { message, messageType: 'MESSAGE', signingAlgorithm, encoding: 'P1363' } as const
      const signature = await capability.sign(pair.key, parameters, atOnce)
      for (const wrong of [
        Buffer.alloc(0),
        signature.subarray(1),
        Buffer.concat([signature, Buffer.of(0)]),
      ]) {
        expect(await capability.verify(pair.publicKey, parameters, wrong, atOnce)).toBe(false)
      }
    })

    if (capability.digestSigningAlgorithms.includes(signingAlgorithm)) {
      it('makes the same signature from the digest', async () => {
        const ofMessage = { message, messageType: 'MESSAGE', signingAlgorithm, encoding: 'DER' } as const
        const digest = digestFor(signingAlgorithm)
        const ofDigest = { ...ofMessage, message: digest, messageType: 'DIGEST' } as const
        const signature = await capability.sign(pair.key, ofDigest, atOnce)
        expect(signature).toEqual(await capability.sign(pair.key, ofMessage, atOnce))
        expect(await capability.verify(pair.publicKey, ofDigest, signature, atOnce)).toBe(true)
        expect(await capability.verify(pair.publicKey, ofMessage, signature, atOnce)).toBe(true)
      })

      it('refuses a digest of another length', async () => {
        await refuses(
          { message: message.subarray(1), messageType: 'DIGEST', signingAlgorithm, encoding: 'DER' },
          'message',
        )
      })
    } else {
      it('refuses a digest, and says so', async () => {
        await refuses(
          { message: Buffer.alloc(32), messageType: 'DIGEST', signingAlgorithm, encoding: 'DER' },
          'messageType',
        )
      })
    }
  })

  it('refuses the schemes of other keys', async () => {
    const foreign = name.startsWith('ED25519') ? 'ECDSA_SHA_256' : 'ED25519'
    await refuses(
      { message, messageType: 'MESSAGE', signingAlgorithm: foreign, encoding: 'DER' },
      'signingAlgorithm',
    )
  })

  async function refuses(parameters: SignatureParameters, parameter: string): Promise<void> {
    for (const attempt of [
      capability.sign(pair.key, parameters, atOnce),
      capability.verify(pair.publicKey, parameters, Buffer.alloc(64), atOnce),
    ]) {
      const error = await attempt.then(
        () => null,
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(CryptoInputError)
      expect(error).toMatchObject({ parameter })
    }
  }
})

describe('ECDSA signatures', () => {
  it('are two integers of the size of the curve in P1363, and verify only in the form in which they are', async () => {
    const p256 = candidates('signature').find(({ name }) => name === 'EC_P256')
    if (p256 === undefined) throw new TypeError('no P-256')
    const { key, publicKey } = await freshKey(p256.entry)
    const common = { message, messageType: 'MESSAGE', signingAlgorithm: 'ECDSA_SHA_256' } as const
    const signature = await p256.capability.sign(key, { ...common, encoding: 'P1363' }, atOnce)
    expect(signature.length).toBe(64)
    expect(await p256.capability.verify(publicKey, { ...common, encoding: 'DER' }, signature, atOnce)).toBe(
      false,
    )
  })
})

function digestFor(signingAlgorithm: SigningAlgorithm): Buffer {
  return createHash(digestNames[signingAlgorithm.slice(-3)] ?? '')
    .update(message)
    .digest()
}
