import { createHash, generateKeyPairSync } from 'node:crypto'
import { expect, it } from 'vitest'
import { DecryptionFailedError, type SignatureParameters } from '../../src/crypto/capabilities.ts'
import { createRsaOaep } from '../../src/crypto/rsa-oaep.ts'
import { rsaSignature } from '../../src/crypto/rsa-signature.ts'
import { atOnce } from './keys.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** One signature in 256 starts with a zero byte; it stands for the same number without it. */
async function signWithLeadingZero(parametersOf: (number: number) => SignatureParameters) {
  for (let number = 0; ; number++) {
    const parameters = parametersOf(number)
    const signature = await rsaSignature.sign(privateKey, parameters, atOnce)
    if (signature[0] === 0) return { parameters, signature }
  }
}

it.each([
  ['MESSAGE', 'RSASSA_PKCS1_V1_5_SHA_256'],
  ['DIGEST', 'RSASSA_PKCS1_V1_5_SHA_256'],
  ['MESSAGE', 'RSASSA_PSS_SHA_256'],
] as const)(
  'an RSA signature of a %s with %s has the length of the modulus, also if it starts with zeros',
  async (messageType, signingAlgorithm) => {
    const { parameters, signature } = await signWithLeadingZero((number) => ({
      message: createHash('sha256').update(String(number)).digest(),
      messageType,
      encoding: 'DER',
      signingAlgorithm,
    }))
    expect(signature).toHaveLength(256)
    expect(await rsaSignature.verify(publicKey, parameters, signature, atOnce)).toBe(true)
    for (const changed of [signature.subarray(1), Buffer.concat([Buffer.alloc(1), signature])]) {
      expect(await rsaSignature.verify(publicKey, parameters, changed, atOnce)).toBe(false)
    }
  },
)

it('RSA ciphertext has the length of the modulus, also if it starts with zeros', async () => {
  const { encrypt, decrypt } = createRsaOaep(2048)
  const plaintext = Buffer.from('secret')
  let ciphertext: Buffer
  do ciphertext = encrypt(publicKey, plaintext, 'RSAES_OAEP_SHA_256')
  while (ciphertext[0] !== 0)
  expect(ciphertext).toHaveLength(256)
  expect(await decrypt(privateKey, ciphertext, 'RSAES_OAEP_SHA_256', atOnce)).toEqual(plaintext)
  for (const changed of [ciphertext.subarray(1), Buffer.concat([Buffer.alloc(1), ciphertext])]) {
    const attempt = decrypt(privateKey, changed, 'RSAES_OAEP_SHA_256', atOnce)
    await expect(attempt).rejects.toEqual(new DecryptionFailedError())
  }
})
