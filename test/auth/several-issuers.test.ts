import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createAuthenticator } from '../../src/auth/authenticate.ts'
import { IssuersFileError, IssuerUnavailableError, UnauthenticatedError } from '../../src/auth/errors.ts'
import { createTrustedIssuers } from '../../src/auth/jwks.ts'
import type { Authenticator } from '../../src/keys/rules/caller.ts'
import { type JwksServer, startJwksServer } from './jwks-server.ts'
import { claimsWith, configWith, createFakeClock, createSigner, type Signer, startSeconds } from './tokens.ts'

const partner = 'https://partner.test/'

let folder: string
let main: Signer
let other: Signer
let server: JwksServer
let clock: ReturnType<typeof createFakeClock>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keystead-issuers-'))
  clock = createFakeClock()
  // Two keys with one ID: only the issuer tells them apart.
  main = await createSigner('EdDSA', 'key-1')
  other = await createSigner('ES256', 'key-1')
  server = await startJwksServer([other.jwk])
  writeFileSync(join(folder, 'main.json'), JSON.stringify({ keys: [main.jwk] }))
})

afterEach(async () => {
  vi.useRealTimers()
  await server.close()
  rmSync(folder, { recursive: true })
})

function write(content: unknown): string {
  const file = join(folder, 'issuers.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

function entry(changes: object = {}): object {
  return { issuer: partner, audience: 'kms', jwksUrl: server.url, algorithms: ['ES256'], ...changes }
}

function start(entries: object[], environment: Record<string, string> = {}): Authenticator {
  const config = configWith({
    AUTH_JWKS_FILE: join(folder, 'main.json'),
    AUTH_ISSUERS_FILE: write({ issuers: entries }),
    ...environment,
  })
  return createAuthenticator({ config, clock, issuers: createTrustedIssuers(config) })
}

async function outcome(authenticator: Authenticator, token: string): Promise<unknown> {
  return authenticator.authenticate(`Bearer ${token}`).then(
    ({ subject }) => subject,
    (error: Error) => (error instanceof UnauthenticatedError ? error.message : error),
  )
}

const ofPartner = (changes: object = {}) => claimsWith({ iss: partner, aud: 'kms', ...changes })

describe('of several issuers', () => {
  test('each is trusted with its own keys, audience and algorithms, and with no other', async () => {
    const authenticator = start([entry()])
    expect(await outcome(authenticator, await main.sign())).toBe('user:alice')
    expect(await outcome(authenticator, await other.sign(ofPartner()))).toBe('user:alice')
    const bad = 'The token is malformed, or its signature does not verify.'
    const unpublished = 'does not publish'
    expect(await outcome(authenticator, await main.sign(ofPartner()))).toContain('accepted are ES256')
    expect(await outcome(authenticator, await other.sign(claimsWith()))).toContain(unpublished)
    const sameType = await createSigner('ES256', 'key-1')
    expect(await outcome(authenticator, await sameType.sign(ofPartner()))).toBe(bad)
    expect(await outcome(authenticator, await other.sign(ofPartner({ aud: 'keystead' })))).toContain(
      'another service',
    )
    for (const iss of ['https://partner.test', 'HTTPS://partner.test/', '', [partner], null]) {
      expect(await outcome(authenticator, await other.sign(ofPartner({ iss })))).toMatch(
        /not trust|malformed/,
      )
    }
  })

  test('one may be trusted with some projects and kinds of callers only', async () => {
    const authenticator = start([entry({ projects: ['shop'], kinds: ['USER'] })])
    expect(await outcome(authenticator, await other.sign(ofPartner()))).toBe('user:alice')
    const elsewhere = await other.sign(ofPartner({ project: 'bank' }))
    expect(await outcome(authenticator, elsewhere)).toContain('not trusted for the project')
    const agent = await other.sign(ofPartner({ kind: 'SERVICE_AGENT', sub: 'Backup' }))
    expect(await outcome(authenticator, agent)).toContain('not trusted for callers of its kind')
  })

  test('one may have a token profile and claim names of its own', async () => {
    const authenticator = start([entry({ tokenProfile: 'generic', claims: { project: 'tenant.id' } })])
    const claims = ofPartner({
      project: undefined,
      tenant: { id: 'shop' },
      jti: undefined,
      client_id: undefined,
    })
    expect(await outcome(authenticator, await other.sign(claims, { typ: 'JWT' }))).toBe('user:alice')
    expect(await outcome(authenticator, await main.sign(claimsWith(), { typ: 'JWT' }))).toContain(
      'not an access token',
    )
  })

  test('the outage of one is not felt by the callers of another', async () => {
    server.answerWith((response) => response.destroy())
    const authenticator = start([entry()])
    expect(await outcome(authenticator, await other.sign(ofPartner()))).toBeInstanceOf(IssuerUnavailableError)
    expect(await outcome(authenticator, await main.sign())).toBe('user:alice')
  })
})

test('a key that its issuer withdrew counts for the time of the key cache and a minute, not longer', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: startSeconds * 1000 })
  const advance = (seconds: number) => {
    vi.advanceTimersByTime(seconds * 1000)
    clock.advanceSeconds(seconds)
  }
  const authenticator = start([entry()], { AUTH_JWKS_CACHE_MINUTES: '1' })
  const [first, second] = [await other.sign(ofPartner()), await other.sign(ofPartner({ jti: 'token-2' }))]
  expect(await outcome(authenticator, first)).toBe('user:alice')
  server.publish([main.jwk])
  advance(29)
  // Verified with keys that are still young; the verdict is remembered.
  expect(await outcome(authenticator, second)).toBe('user:alice')
  advance(59)
  expect(await outcome(authenticator, second)).toBe('user:alice')
  advance(32)
  expect(await outcome(authenticator, first)).toContain('does not publish')
  expect(await outcome(authenticator, second)).toContain('does not publish')
})

describe('the file of issuers', () => {
  const wrong: [string, unknown, RegExp][] = [
    ['no JSON', '{', /cannot be read as JSON/],
    ['no object', [], /the file must be an object/],
    ['no issuers', { issuers: [] }, /list of 1 to 20/],
    [
      'a misspelt member',
      { issuers: [{ project: ['shop'] }] },
      /issuers\[0\] must not have a member "project"/,
    ],
    ['no audience', { issuers: [{ issuer: 'a', jwksFile: 'a' }] }, /issuers\[0\]\.audience must be a string/],
    ['no keys', { issuers: [{ issuer: 'a', audience: 'a' }] }, /exactly one of jwksUrl and jwksFile/],
    ['both kinds of keys', { issuers: [{ jwksFile: 'a', jwksUrl: 'https://a.test' }] }, /exactly one of/],
    [
      'plain http',
      { issuers: [{ issuer: 'a', audience: 'a', jwksUrl: 'http://a.test' }] },
      /jwksUrl must be an https/,
    ],
    [
      'HMAC',
      { issuers: [{ issuer: 'a', audience: 'a', jwksFile: 'a', algorithms: ['HS256'] }] },
      /algorithms must list/,
    ],
    [
      'an empty limit',
      { issuers: [{ issuer: 'a', audience: 'a', jwksFile: 'a', projects: [] }] },
      /projects must be/,
    ],
    [
      'an unknown kind',
      { issuers: [{ issuer: 'a', audience: 'a', jwksFile: 'a', kinds: ['ROOT'] }] },
      /kinds must list/,
    ],
    [
      'an issuer twice',
      { issuers: [1, 2].map(() => ({ issuer: 'a', audience: 'a', jwksFile: 'a' })) },
      /listed twice/,
    ],
    [
      'the issuer of the settings again',
      { issuers: [{ issuer: 'https://issuer.test', audience: 'a', jwksFile: 'a' }] },
      /listed twice/,
    ],
  ]
  test.each(wrong)('with %s is told to the operator at start', (_, content, expected) => {
    const config = configWith({
      AUTH_JWKS_FILE: join(folder, 'main.json'),
      AUTH_ISSUERS_FILE: write(content),
    })
    expect(() => createTrustedIssuers(config)).toThrow(IssuersFileError)
    expect(() => createTrustedIssuers(config)).toThrow(expected)
  })
})
