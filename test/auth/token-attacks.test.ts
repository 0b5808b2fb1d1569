import { beforeEach, describe, expect, test } from 'vitest'
import type { Authenticator } from '../../src/keys/rules/caller.ts'
import { authenticatorOf, foreignClaims, outcomeOf, plainRule, signerWithFile } from './rule-entries.ts'
import { claimsWith, issuer, type Signer } from './tokens.ts'

const rules = [
  { ...plainRule, when: [{ claim: 'client_id', present: true }], kind: 'SERVICE_ACCOUNT' },
  { ...plainRule, groups: { claim: 'groups' } },
]
let signer: Signer
let jwksFile: string

beforeEach(async () => {
  ;({ signer, jwksFile } = await signerWithFile())
})

function start(members: object = {}, ...others: object[]): Authenticator {
  return authenticatorOf([
    { name: 'sso', issuer, audiences: ['keystead'], jwksFile, rules, ...members },
    ...others,
  ])
}

async function outcome(authenticator: Authenticator, changes: object, header: object = {}): Promise<unknown> {
  return outcomeOf(authenticator, await signer.sign(foreignClaims({ ...changes }), { typ: 'JWT', ...header }))
}

describe('as a bearer token is refused', () => {
  const marks: [string, object, object][] = [
    ['an ID token of Keycloak', { typ: 'ID' }, {}],
    ['an ID token with a nonce', { nonce: 'n' }, {}],
    ['an ID token with the hash of an access token', { at_hash: 'x' }, {}],
    ['an ID token with the hash of a code', { c_hash: 'x' }, {}],
    ['a refresh token', { typ: 'Refresh' }, {}],
    ['an offline token', { typ: 'Offline' }, {}],
    ['a logout token', { typ: 'Logout' }, {}],
    ['a logout token by its header', {}, { typ: 'logout+jwt' }],
    ['a DPoP token by its type', { typ: 'DPoP' }, {}],
    ['a DPoP token', { cnf: { jkt: 'x' } }, {}],
    ['an mTLS token', { cnf: { 'x5t#S256': 'x' }, token_type: 'Bearer' }, {}],
    ['a DPoP proof', {}, { typ: 'dpop+jwt' }],
  ]

  test.each(marks)('%s', async (_, changes, header) => {
    expect(await outcome(start(), changes, header)).toMatchObject({ entry: 'sso', rule: null })
  })

  test.each(marks.slice(4))('%s, also by an entry that means ID tokens', async (_, changes, header) => {
    expect(await outcome(start({ tokens: 'id' }), changes, header)).toMatchObject({
      entry: 'sso',
      rule: null,
    })
  })

  test('nothing that an entry means: ID tokens where it says so', async () => {
    const authenticator = start({ tokens: 'id' })
    for (const changes of [{ typ: 'ID' }, { nonce: 'n', at_hash: 'x', c_hash: 'y' }]) {
      expect(await outcome(authenticator, changes)).toMatchObject({ subject: 'user:alice' })
    }
  })

  test('nothing because of an empty nonce, or of the type "Bearer"', async () => {
    expect(await outcome(start(), { nonce: '', at_hash: null, typ: 'Bearer' })).toMatchObject({
      subject: 'user:alice',
    })
  })

  test('anything but an access token of RFC 9068 where the entry asks for these', async () => {
    const authenticator = start({ tokens: 'rfc9068' })
    const good = { jti: 'j', azp: 'console' }
    expect(await outcome(authenticator, good, { typ: 'at+jwt' })).toMatchObject({ subject: 'user:alice' })
    expect(await outcome(authenticator, { ...good, azp: undefined }, { typ: 'at+jwt' })).toMatchObject({
      rule: null,
    })
    expect(await outcome(authenticator, good)).toMatchObject({ rule: null })
  })

  test('an opaque token, with what to do', async () => {
    for (const token of ['ory_at_abc.def', 'b.AAAAAQ', 'abcdef']) {
      expect(await outcomeOf(start(), token)).toMatchObject({ message: expect.stringContaining('opaque') })
    }
  })

  test('a token that is valid for longer than its entry allows', async () => {
    const authenticator = start({ lifetimeMinutesMax: 5 })
    expect(await outcome(authenticator, {})).toMatchObject({
      reason: expect.stringContaining('longer than 5 minutes'),
    })
  })
})

describe('a token whose rules fail', () => {
  test('is told neither entry nor reason, which are for the log', async () => {
    const refused = (await outcome(start(), { tenant: ['c4n4ry', 'c4n4ry2'] })) as { message: string }
    expect(refused).toMatchObject({
      entry: 'sso',
      rule: 1,
      reason: 'the project has 2 values and must have one',
    })
    expect(refused.message).not.toMatch(/sso|project|c4n4ry/)
    expect(JSON.stringify(refused)).not.toContain('c4n4ry')
  })

  test('because none matches names the entry in the log', async () => {
    const authenticator = start({ rules: [{ ...plainRule, when: [{ claim: 'x', present: true }] }] })
    expect(await outcome(authenticator, {})).toMatchObject({
      entry: 'sso',
      rule: null,
      reason: 'no rule matches the token',
    })
  })

  test('by the limits of its entry is refused, whatever its claims say', async () => {
    const authenticator = start({ projects: ['bank'], kinds: ['USER'] })
    expect(await outcome(authenticator, {})).toMatchObject({
      reason: expect.stringContaining('not trusted for the project'),
    })
    expect(await outcome(authenticator, { tenant: 'bank', client_id: 'x' })).toMatchObject({
      reason: expect.stringContaining('kind SERVICE_ACCOUNT'),
    })
  })
})

describe('names', () => {
  test('of a person do not make a service of it', async () => {
    const authenticator = start()
    for (const sub of ['service-account-payments', 'service-account:payments', 'payments']) {
      expect(await outcome(authenticator, { sub, preferred_username: sub })).toMatchObject({
        subject: `user:${sub}`,
      })
    }
  })

  test('of a person and of a service that are equal are two subjects', async () => {
    const authenticator = start()
    expect(await outcome(authenticator, { sub: 'payments' })).toMatchObject({ subject: 'user:payments' })
    expect(await outcome(authenticator, { sub: 'payments', client_id: 'payments' })).toMatchObject({
      subject: 'service-account:payments',
    })
  })

  test('that are given to another person after a deletion are not what presets use', async () => {
    const authenticator = start({
      rules: undefined,
      preset: 'keycloak',
      audiences: undefined,
      settings: { client: 'keystead', project: 'shop' },
    })
    const first = { typ: 'Bearer', sub: 'd4be9fc4', preferred_username: 'alice' }
    expect(await outcome(authenticator, first)).toMatchObject({ subject: 'user:d4be9fc4' })
    expect(await outcome(authenticator, { ...first, sub: '0a280a16' })).toMatchObject({
      subject: 'user:0a280a16',
    })
  })
})

describe('equal names of two issuers', () => {
  const other = 'https://corp.test'
  let authenticator: Authenticator

  beforeEach(() => {
    authenticator = start(
      {},
      {
        name: 'corp',
        issuer: other,
        audiences: ['keystead'],
        jwksFile,
        rules: [{ ...plainRule, groups: { claim: 'groups' }, prefixNames: true }],
      },
    )
  })

  test('stay apart: those of a further issuer carry its name', async () => {
    const groups = ['payments']
    expect(await outcome(authenticator, { groups })).toMatchObject({ subject: 'user:alice', groups })
    expect(await outcome(authenticator, { groups, iss: other })).toMatchObject({
      subject: 'user:corp/alice',
      name: 'corp/alice',
      groups: ['corp/payments'],
    })
  })

  test('cannot be imitated by a name with the prefix of the other', async () => {
    const reason = expect.stringContaining('begins with "corp/", the prefix of the entry corp')
    expect(await outcome(authenticator, { sub: 'corp/alice' })).toMatchObject({
      entry: 'sso',
      rule: 1,
      reason,
    })
    expect(await outcome(authenticator, { groups: ['x', 'corp/payments'] })).toMatchObject({ reason })
    expect(await outcome(authenticator, { sub: 'corporate/alice' })).toMatchObject({
      subject: 'user:corporate/alice',
    })
    const main = await signerWithFile()
    const mixed = authenticatorOf(
      [
        {
          name: 'corp',
          issuer: other,
          audiences: ['keystead'],
          jwksFile,
          rules: [{ ...plainRule, prefixNames: true }],
        },
      ],
      { environment: { AUTH_ISSUER: issuer, AUTH_JWKS_FILE: main.jwksFile } },
    )
    const imitation = await main.signer.sign(claimsWith({ sub: 'corp/alice' }))
    expect(await outcomeOf(mixed, imitation)).toMatchObject({ entry: 'AUTH_ISSUER', reason })
    // With its own prefix before it, the name is another one.
    expect(await outcome(authenticator, { iss: other, sub: 'corp/alice' })).toMatchObject({
      subject: 'user:corp/corp/alice',
    })
  })
})
