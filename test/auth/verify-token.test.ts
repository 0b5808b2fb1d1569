import { createHmac } from 'node:crypto'
import { createLocalJWKSet, exportSPKI, importJWK, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { UnauthenticatedError } from '../../src/auth/errors.ts'
import { entriesOf } from '../../src/auth/trusted-issuer.ts'
import { type VerifiedPayload, verifyToken } from '../../src/auth/verify-token.ts'
import {
  claimsWith,
  configWith,
  createFakeClock,
  createSigner,
  issuerWith,
  type Signer,
  startSeconds,
  tokenOf,
} from './tokens.ts'

let signer: Signer

beforeAll(async () => {
  signer = await createSigner()
})

async function verify(
  token: string,
  { keys = [signer.jwk], environment = {} }: { keys?: JWK[]; environment?: Record<string, string> } = {},
): Promise<VerifiedPayload> {
  const config = configWith(environment)
  const trusted = issuerWith(createLocalJWKSet({ keys }), config)
  const [entry = trusted] = entriesOf(token, [trusted])
  return verifyToken(token, { issuer: entry, config, clock: createFakeClock() })
}

async function refusal(token: string, options?: Parameters<typeof verify>[1]): Promise<string> {
  const error = await verify(token, options).then(
    () => new Error('the token was accepted'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UnauthenticatedError)
  const { message, challenge } = error as UnauthenticatedError
  expect(challenge).toBe('Bearer realm="keystead", error="invalid_token"')
  for (const part of token.split('.')) if (part.length > 8) expect(message).not.toContain(part)
  return message
}

/** Signs what the library for honest tokens would not. */
async function hmacToken(secret: string | Buffer, kid?: string): Promise<string> {
  const unsigned = tokenOf({ alg: 'HS256', typ: 'at+jwt', kid }, claimsWith(), '').slice(0, -1)
  return `${unsigned}.${createHmac('sha256', secret).update(unsigned).digest('base64url')}`
}

describe('a good token', () => {
  test('is accepted and gives its claims', async () => {
    expect(await verify(await signer.sign())).toMatchObject({ sub: 'alice', exp: startSeconds + 600 })
  })

  test.each(['EdDSA', 'Ed25519', 'ES256', 'ES384', 'PS256', 'RS256'])(
    'may be signed with %s where that is configured',
    async (algorithm) => {
      const other = await createSigner(algorithm)
      const environment = { AUTH_ALGORITHMS: algorithm }
      expect(await verify(await other.sign(), { keys: [other.jwk], environment })).toMatchObject({
        sub: 'alice',
      })
    },
  )

  test('may name several audiences', async () => {
    const token = await signer.sign(claimsWith({ aud: ['other', 'keystead'] }))
    expect(await verify(token)).toMatchObject({ sub: 'alice' })
  })

  test('may be off by the clock tolerance', async () => {
    const late = claimsWith({ exp: startSeconds - 29 })
    const early = claimsWith({ iat: startSeconds + 30, nbf: startSeconds + 30 })
    expect(await verify(await signer.sign(late))).toMatchObject({ sub: 'alice' })
    expect(await verify(await signer.sign(early))).toMatchObject({ sub: 'alice' })
  })
})

describe('a forged token is refused', () => {
  test('without a signature (alg "none")', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      await refusal(tokenOf({ alg, typ: 'at+jwt', kid: 'key-1' }, claimsWith(), ''))
    }
  })

  test('with a MAC made with the public key', async () => {
    const rsa = await createSigner('RS256')
    const pem = await exportSPKI((await importJWK(rsa.jwk, 'RS256')) as Parameters<typeof exportSPKI>[0])
    const message = await refusal(await hmacToken(pem, 'key-1'), { keys: [rsa.jwk] })
    expect(message).toContain('algorithm that is not accepted')
  })

  test('with a MAC under a symmetric key that the issuer published by mistake', async () => {
    const secret = Buffer.alloc(32, 7)
    const oct = { kty: 'oct', k: secret.toString('base64url'), kid: 'mac', alg: 'HS256' }
    await refusal(await hmacToken(secret, 'mac'), { keys: [oct, signer.jwk] })
  })

  test('signed with another key of the same ID', async () => {
    const other = await createSigner()
    expect(await refusal(await other.sign())).toContain('signature does not verify')
  })

  test('whose claims were changed after signing', async () => {
    const [header, , signature] = (await signer.sign()).split('.')
    const claims = Buffer.from(JSON.stringify(claimsWith({ sub: 'root' }))).toString('base64url')
    expect(await refusal(`${header}.${claims}.${signature}`)).toContain('signature does not verify')
  })

  test('that brings its own key along', async () => {
    const other = await createSigner('EdDSA', 'other')
    const header = { jwk: other.jwk, jku: 'https://evil.test/keys', x5u: 'https://evil.test/cert' }
    expect(await refusal(await other.sign(claimsWith(), header))).toContain('does not publish')
    await refusal(await other.sign(claimsWith(), { ...header, kid: 'key-1' }))
  })

  test('that is not a token at all', async () => {
    for (const text of ['a', 'a.b', '..', 'a.b.c', 'a.b.c.d.e', await hmacToken('x')]) await refusal(text)
  })
})

describe('a token of the issuer is refused', () => {
  test.each([
    ['of another issuer', { iss: 'https://issuer.test/' }, 'issuer that this server does not trust'],
    ['made for another service', { aud: 'other' }, 'made for another service'],
    ['made for several other services', { aud: ['a', 'b'] }, 'made for another service'],
    ['that has expired', { exp: startSeconds - 30 }, 'has expired'],
    ['that is not valid yet', { nbf: startSeconds + 31 }, 'not valid yet'],
    ['issued in the future', { iat: startSeconds + 31 }, 'not valid yet'],
    ['whose expiry no date can hold', { exp: 1e300 }, 'malformed'],
    ['bound to a key of its holder', { cnf: { jkt: 'print' } }, 'bound to a key'],
    ['bound to nothing in particular', { cnf: null }, 'bound to a key'],
    ['whose expiry is a text', { exp: '2099-01-01' }, 'malformed'],
    ['whose issue time is a text', { iat: 'now' }, 'malformed'],
    ['whose issue time is null', { iat: null }, 'malformed'],
    ['with an empty subject', { sub: '' }, 'malformed'],
    ['whose subject is a number', { sub: 7 }, 'malformed'],
    ['whose ID is a number', { jti: 7 }, 'malformed'],
    ['whose client is a list', { client_id: ['client'] }, 'malformed'],
  ])('%s', async (_, changes, expected) => {
    expect(await refusal(await signer.sign(claimsWith(changes)))).toContain(expected)
  })

  test.each(['iss', 'aud', 'sub', 'exp', 'iat', 'jti', 'client_id'])('without "%s"', async (claim) => {
    expect(await refusal(await signer.sign(claimsWith({ [claim]: undefined })))).toContain('malformed')
  })

  test.each([undefined, 'JWT', 'logout+jwt', ''])('of type %s, in the profile of RFC 9068', async (typ) => {
    const token = await signer.sign(claimsWith(), { typ } as { typ: string })
    expect(await refusal(token)).toContain('not an access token')
  })

  test('that lives longer than the configured bound, and not one that lives as long', async () => {
    const environment = { AUTH_TOKEN_LIFETIME_MINUTES_MAX: '10' }
    const token = (seconds: number) => signer.sign(claimsWith({ exp: startSeconds + seconds }))
    expect(await verify(await token(600), { environment })).toMatchObject({ sub: 'alice' })
    expect(await refusal(await token(601), { environment })).toContain('longer than 10 minutes')
  })

  test('that lives longer than 24 hours, unless the limit is switched off', async () => {
    const day = 86_400
    const token = (iat: number, exp: number) =>
      signer.sign(claimsWith({ iat: startSeconds + iat, exp: startSeconds + exp }))
    expect(await verify(await token(0, day))).toMatchObject({ sub: 'alice' })
    for (const [iat, exp] of [
      [0, day + 1],
      [-day, 60],
      [30, day + 31],
      [0, 200 * 365 * day],
    ] as const) {
      const message = await refusal(await token(iat, exp))
      expect(message).toContain('longer than 1440 minutes')
      expect(message).toContain('AUTH_TOKEN_LIFETIME_MINUTES_MAX')
    }
    // The issue time cannot be moved towards a far end.
    expect(await refusal(await token(200 * 365 * day, 200 * 365 * day + 60))).toContain('not valid yet')
    const environment = { AUTH_TOKEN_LIFETIME_MINUTES_MAX: '0' }
    expect(await verify(await token(0, 200 * 365 * day), { environment })).toMatchObject({ sub: 'alice' })
  })

  test.each([
    '../../etc/passwd',
    "' OR '1'='1",
    '\u0000',
    'a\r\nX: y',
    '__proto__',
    'constructor',
    'x'.repeat(4000),
  ])('naming a key that no issuer publishes, however it is spelt (%j)', async (kid) => {
    expect(await refusal(await signer.sign(claimsWith(), { kid }))).toContain('does not publish')
  })

  test('whose key is of another type than its algorithm, or published for something else', async () => {
    const rsa = await createSigner('RS256')
    const published = (changes: object) => ({ keys: [{ ...rsa.jwk, ...changes }] })
    const token = await rsa.sign()
    expect(await verify(token, published({ alg: 'RS256', use: 'sig' }))).toMatchObject({ sub: 'alice' })
    for (const changes of [{ alg: 'PS256' }, { use: 'enc' }, { key_ops: ['encrypt'] }]) {
      expect(await refusal(token, published(changes))).toContain('does not publish')
    }
    expect(await refusal(token, { keys: [signer.jwk] })).toContain('does not publish')
  })

  test('with a critical extension, a known one included', async () => {
    const unknown = { crit: ['urn:test:extension'], 'urn:test:extension': 1 }
    await refusal(await signer.sign(claimsWith(), unknown))
    expect(await refusal(await signer.sign(claimsWith(), { crit: ['b64'], b64: true }))).toContain('crit')
  })

  test('that is longer than 12 KiB', async () => {
    const fits = await signer.sign(claimsWith({ padding: 'x'.repeat(8500) }))
    expect(fits.length).toBeLessThanOrEqual(12_288)
    expect(await verify(fits)).toMatchObject({ sub: 'alice' })
    expect(await refusal(await signer.sign(claimsWith({ padding: 'x'.repeat(9100) })))).toContain('longer')
  })

  test('signed with an algorithm that is not configured', async () => {
    const message = await refusal(await signer.sign(), { environment: { AUTH_ALGORITHMS: 'ES256,RS256' } })
    expect(message).toContain('accepted are ES256, RS256')
  })

  test('naming a key that is not published, or none of several', async () => {
    const second = await createSigner('EdDSA', 'key-2')
    expect(await refusal(await second.sign())).toContain('does not publish')
    const nameless = await createSigner('EdDSA', null)
    const keys = [signer.jwk, second.jwk]
    expect(await refusal(await nameless.sign(), { keys })).toContain('does not name its key')
  })
})

describe('in the generic profile', () => {
  const environment = { AUTH_TOKEN_PROFILE: 'generic' }

  test.each([undefined, 'JWT', 'at+jwt', 'application/at+jwt'])('type %s is accepted', async (typ) => {
    const claims = claimsWith({ jti: undefined, client_id: undefined })
    const token = await signer.sign(claims, { typ } as { typ: string })
    expect(await verify(token, { environment })).toMatchObject({ sub: 'alice' })
  })

  test.each(['logout+jwt', 'dpop+jwt', 'application/secevent+jwt'])('type %s is refused', async (typ) => {
    const message = await refusal(await signer.sign(claimsWith(), { typ }), { environment })
    expect(message).toContain('not an access token')
  })

  test.each(['iss', 'aud', 'sub', 'exp', 'iat'])('a token without "%s" is refused', async (claim) => {
    await refusal(await signer.sign(claimsWith({ [claim]: undefined })), { environment })
  })
})
