import { createPrivateKey } from 'node:crypto'
import { createLocalJWKSet, exportPKCS8, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createExternalKey, importMaterial } from '../keys/wrap-material.ts'
import { base64, type Client, endStory, type Story, startStory } from '../support/story.ts'

/** JWS name, key algorithm, and how to ask for the signature (RFC 7518 §3.1, RFC 8037 §3.1). */
const schemes = [
  ['RS256', 'RSA_2048', { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256' }],
  ['RS384', 'RSA_2048', { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_384' }],
  ['RS512', 'RSA_3072', { signingAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_512' }],
  ['PS256', 'RSA_2048', { signingAlgorithm: 'RSASSA_PSS_SHA_256' }],
  ['PS384', 'RSA_3072', { signingAlgorithm: 'RSASSA_PSS_SHA_384' }],
  ['PS512', 'RSA_4096', { signingAlgorithm: 'RSASSA_PSS_SHA_512' }],
  ['ES256', 'EC_P256', { encoding: 'P1363' }],
  ['ES384', 'EC_P384', { encoding: 'P1363' }],
  ['ES512', 'EC_P521', { encoding: 'P1363' }],
  ['EdDSA', 'ED25519', {}],
  ['Ed25519', 'ED25519', {}],
  ['ML-DSA-44', 'ML_DSA_44', {}],
  ['ML-DSA-65', 'ML_DSA_65', {}],
  ['ML-DSA-87', 'ML_DSA_87', {}],
] as const

interface SigningKey {
  readonly id: string
  readonly publicKey: { readonly jwk: JWK; readonly fingerprint: string }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a JSON Web Token', () => {
  let story: Story
  let max: Client
  /** One key for each scheme, and the set of all their public keys, as an issuer would publish it. */
  const keys = new Map<string, SigningKey>()
  let jwks: ReturnType<typeof createLocalJWKSet>
  beforeAll(async () => {
    story = await startStory({ RATE_LIMIT_UNITS: '0' })
    max = story.as({ name: 'max', roles: ['PROJECT_MEMBER'] })
    for (const [alg, algorithm] of schemes) {
      const input = { name: `jws-${alg}`, algorithm, usage: 'SIGN_VERIFY' }
      const { userKey } = await max.mutate(
        'createUserKey',
        input,
        'userKey { id publicKey { jwk fingerprint } }',
      )
      keys.set(alg, userKey)
    }
    jwks = createLocalJWKSet({
      keys: [...keys.values()].map(({ publicKey: { jwk, fingerprint } }) => ({ ...jwk, kid: fingerprint })),
    })
  })
  afterAll(() => endStory(story))

  function keyOf(alg: string): SigningKey {
    const key = keys.get(alg)
    if (key === undefined) throw new Error(`no key for ${alg}`)
    return key
  }

  async function signToken(alg: string, input: object, claims: object): Promise<string> {
    const { id, publicKey } = keyOf(alg)
    const unsigned = `${encode({ alg, typ: 'JWT', kid: publicKey.fingerprint })}.${encode(claims)}`
    const { signature } = await max.mutate(
      'sign',
      { key: id, message: base64(unsigned), ...input },
      'signature',
    )
    return `${unsigned}.${Buffer.from(signature, 'base64').toString('base64url')}`
  }

  it.each(schemes)(
    'signed as %s with %s verifies from a JWK Set of the exported keys, and with other claims does not',
    async (alg, _algorithm, input) => {
      const claims = { iss: 'https://shop.test', sub: 'order 7' }
      const token = await signToken(alg, input, claims)
      const { payload, protectedHeader } = await jwtVerify(token, jwks, { algorithms: [alg] })
      expect(payload).toEqual(claims)
      expect(protectedHeader).toMatchObject({ alg, kid: keyOf(alg).publicKey.fingerprint })

      const [header, , signature] = token.split('.')
      const changed = [header, encode({ ...claims, sub: 'order 8' }), signature].join('.')
      await expect(jwtVerify(changed, jwks, { algorithms: [alg] })).rejects.toMatchObject({
        code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      })
    },
  )

  it('signed in DER is refused, since JWS wants the two integers side by side', async () => {
    const token = await signToken('ES256', { encoding: 'DER' }, { sub: 'order 7' })
    await expect(jwtVerify(token, jwks)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    })
  })

  it.each(schemes)(
    'signed by jose with %s verifies here once its key is imported, and with other claims does not',
    async (alg, algorithm, input) => {
      const bits = Number(/RSA_(\d+)/.exec(algorithm)?.[1] ?? 2048)
      const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: bits })
      const name = `imported-${alg}`
      const keyId = await createExternalKey(max, { name, algorithm, usage: 'SIGN_VERIFY' })
      const pem = await exportPKCS8(privateKey)
      await importMaterial(max, keyId, createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }))
      const token = await new SignJWT({ sub: 'order 7' }).setProtectedHeader({ alg }).sign(privateKey)
      const [header = '', claims = '', signature = ''] = token.split('.')
      const verify = (signed: string) =>
        max.mutate(
          'verify',
          {
            ...{ version: { key: keyId, number: 1 }, ...input, message: base64(signed) },
            signature: base64(Buffer.from(signature, 'base64url')),
          },
          'valid',
        )
      expect(await verify(`${header}.${claims}`)).toMatchObject({ valid: true })
      expect(await verify(`${header}.${encode({ sub: 'order 8' })}`)).toMatchObject({ valid: false })
    },
  )
})
