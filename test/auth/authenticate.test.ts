import { createLocalJWKSet } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.ts'
import { IssuerUnavailableError, UnauthenticatedError } from '../../src/auth/errors.ts'
import { createTrustedIssuers } from '../../src/auth/jwks.ts'
import type { Authenticator } from '../../src/keys/rules/caller.ts'
import { startJwksServer } from './jwks-server.ts'
import {
  claimsWith,
  configWith,
  createFakeClock,
  createSigner,
  issuerWith,
  type Signer,
  startSeconds,
} from './tokens.ts'

let clock: ReturnType<typeof createFakeClock>
let signer: Signer
let lookUps: number
let authenticator: Authenticator

beforeEach(async () => {
  clock = createFakeClock()
  signer = await createSigner()
  const keys = createLocalJWKSet({ keys: [signer.jwk] })
  lookUps = 0
  authenticator = createAuthenticator({
    config: configWith(),
    clock,
    issuers: [
      issuerWith((header, token) => {
        lookUps += 1
        return keys(header, token)
      }),
    ],
  })
})

async function refusal(authorization: string | null): Promise<UnauthenticatedError> {
  const error = await authenticator.authenticate(authorization).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UnauthenticatedError)
  return error as UnauthenticatedError
}

describe('the Authorization header', () => {
  test.each(['Bearer ', 'bearer ', 'BEARER  '])(
    '"%s" before a good token gives the caller',
    async (scheme) => {
      const caller = await authenticator.authenticate(`${scheme}${await signer.sign()}`)
      expect(caller).toMatchObject({ subject: 'user:alice', projectId: 'shop', tokenId: 'token-1' })
    },
  )

  test.each([null, ''])(
    'that is not there (%j) is answered with a challenge that names no error',
    async (header) => {
      const { code, challenge, message } = await refusal(header)
      expect({ code, challenge }).toEqual({ code: 'UNAUTHENTICATED', challenge: 'Bearer realm="keystead"' })
      expect(message).toContain('Authorization: Bearer')
    },
  )

  test('of any other form is refused without repeating it', async () => {
    const token = await signer.sign()
    const forms = [
      token,
      `Basic ${token}`,
      `Bearer${token}`,
      `Bearer\t${token}`,
      ` Bearer ${token}`,
      'Bearer',
      'Bearer ',
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer "${token}"`,
      `Bearer token=${token}`,
      `Bearer ${token}\n`,
    ]
    for (const form of forms) {
      const { challenge, message } = await refusal(form)
      expect(challenge).toBe('Bearer realm="keystead", error="invalid_token"')
      expect(message).not.toContain(token.slice(0, 12))
    }
    expect(lookUps).toBe(0)
  })
})

describe('a token', () => {
  test('is verified once a minute, not once a request', async () => {
    const header = `Bearer ${await signer.sign()}`
    for (let request = 0; request < 3; request += 1) await authenticator.authenticate(header)
    expect(lookUps).toBe(1)
    clock.advanceSeconds(60)
    await authenticator.authenticate(header)
    expect(lookUps).toBe(2)
  })

  test('that was accepted is refused once it has expired, by the clock of the server', async () => {
    const header = `Bearer ${await signer.sign(claimsWith({ exp: startSeconds + 10 }))}`
    await authenticator.authenticate(header)
    clock.advanceSeconds(39)
    await authenticator.authenticate(header)
    clock.advanceSeconds(1)
    expect((await refusal(header)).message).toContain('expired')
  })

  test('with a good signature but malformed claims is refused', async () => {
    const { message } = await refusal(`Bearer ${await signer.sign(claimsWith({ roles: { admin: true } }))}`)
    expect(message).toContain('roles')
  })
})

test('while the issuer is down a token is not called bad', async () => {
  const server = await startJwksServer([])
  await server.close()
  const config = configWith({ AUTH_JWKS_FILE: '', AUTH_JWKS_URL: server.url })
  const cutOff = createAuthenticator({ config, clock, issuers: createTrustedIssuers(config) })
  const error = await cutOff.authenticate(`Bearer ${await signer.sign()}`).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(IssuerUnavailableError)
  expect(error).toMatchObject({ code: 'UNAVAILABLE' })
})
