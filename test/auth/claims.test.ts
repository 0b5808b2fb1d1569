import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCaller } from '../../src/auth/claims.ts'
import { UnauthenticatedError } from '../../src/auth/errors.ts'
import type { VerifiedPayload } from '../../src/auth/verify-token.ts'
import type { Caller } from '../../src/keys/rules/caller.ts'
import { claimsWith, configWith, startSeconds } from './tokens.ts'

function read(changes: Record<string, unknown>, environment: Record<string, string> = {}): Caller {
  // Through JSON, as in a token: so that "__proto__" is a property of the object's own.
  const payload = JSON.parse(JSON.stringify(claimsWith(changes))) as VerifiedPayload
  return readCaller(payload, configWith(environment))
}

describe('the caller', () => {
  test('is a user with the roles, groups and project of the token', () => {
    expect(read({ groups: ['payments', 'on call'] })).toEqual({
      subject: 'user:alice',
      kind: 'USER',
      name: 'alice',
      groups: ['payments', 'on call'],
      projectId: 'shop',
      roles: new Set(['PROJECT_MEMBER']),
      tokenId: 'token-1',
      tokenExpiresAt: new Date((startSeconds + 600) * 1000),
    })
  })

  test('has neither groups nor roles nor a token ID when the token says nothing of them', () => {
    const caller = read({ groups: undefined, roles: undefined, jti: undefined })
    expect(caller).toMatchObject({ groups: [], roles: new Set(), tokenId: null })
  })

  test.each([
    ['SERVICE_ACCOUNT', 'ci', 'service-account:ci'],
    ['SERVICE_AGENT', 'Secrets Manager', 'service-agent:Secrets Manager'],
    ['USER', 'system:rotation', 'user:system:rotation'],
  ])('can be a %s', (kind, sub, subject) => {
    expect(read({ kind, sub })).toMatchObject({ kind, name: sub, subject })
  })

  test('has only the roles that mean something here, from a list or from one text', () => {
    const expected = new Set(['PROJECT_ADMIN', 'KMS_USER'])
    expect(read({ roles: ['KMS_USER', 'superuser', 'PROJECT_ADMIN', 'kms_viewer', ''] }).roles).toEqual(
      expected,
    )
    expect(read({ roles: 'KMS_USER superuser  PROJECT_ADMIN' }).roles).toEqual(expected)
    expect(read({ roles: '' }).roles).toEqual(new Set())
  })
})

describe('claim names', () => {
  test('reach into objects by dots', () => {
    const environment = { AUTH_CLAIM_ROLES: 'realm.access.roles', AUTH_CLAIM_PROJECT: 'realm.id' }
    const caller = read({ realm: { id: 'bank', access: { roles: ['KMS_VIEWER'] } } }, environment)
    expect(caller).toMatchObject({ projectId: 'bank', roles: new Set(['KMS_VIEWER']) })
  })

  test('mean the claim of exactly this name first', () => {
    const changes = { 'https://a.test/roles': ['KMS_USER'], 'https://a': { 'test/roles': ['PROJECT_ADMIN'] } }
    expect(read(changes, { AUTH_CLAIM_ROLES: 'https://a.test/roles' }).roles).toEqual(new Set(['KMS_USER']))
  })

  test('never find what the claims inherit', () => {
    for (const name of [
      'constructor.name',
      '__proto__.constructor.name',
      'project.constructor.name',
      'toString',
    ]) {
      expect(() => read({}, { AUTH_CLAIM_PROJECT: name })).toThrow(UnauthenticatedError)
      expect(read({}, { AUTH_CLAIM_ROLES: name }).roles).toEqual(new Set())
      expect(read({}, { AUTH_CLAIM_KIND: name }).kind).toBe('USER')
    }
  })

  test('in the token such as "__proto__" change nothing', () => {
    const payload = JSON.parse(
      `{"__proto__": {"roles": ["PROJECT_ADMIN"], "kind": "SERVICE_AGENT"}, "constructor": {"project": "x"},
        "sub": "alice", "project": "shop", "exp": ${startSeconds}}`,
    ) as VerifiedPayload
    const caller = readCaller(payload, configWith())
    expect(caller).toMatchObject({ kind: 'USER', projectId: 'shop', roles: new Set() })
  })
})

describe('a malformed claim is refused', () => {
  const texts = [
    undefined,
    null,
    '',
    7,
    true,
    [],
    ['a'],
    {},
    'a\nb',
    'a\u0000',
    'a\u0085',
    'x'.repeat(257),
    '\ud800',
  ]
  const cases: [string, unknown][] = [
    ...texts.flatMap((value): [string, unknown][] => [
      ['project', value],
      ['sub', value],
    ]),
    ...texts.slice(1).map((value): [string, unknown] => ['jti', value]),
    ...[null, 7, {}, { 0: 'PROJECT_ADMIN', length: 1 }, ['KMS_USER', 7], [['KMS_USER']]].map(
      (value): [string, unknown] => ['roles', value],
    ),
    ...[
      null,
      'payments',
      7,
      {},
      [''],
      ['a', null],
      ['a\tb'],
      ['x'.repeat(257)],
      ['\udc00'],
      Array(1001).fill('g'),
    ].map((value): [string, unknown] => ['groups', value]),
    ...[null, '', 'user', 'GROUP', 'SYSTEM', ['USER'], 'toString'].map((value): [string, unknown] => [
      'kind',
      value,
    ]),
  ]

  test.each(cases)('%s: %j', (claim, value) => {
    expect(() => read({ [claim]: value })).toThrow(UnauthenticatedError)
  })

  test.each(['-backup', 'backup-', '7up', 'a'.repeat(65), 'Secrets\u00a0Manager', 'Ärzte'])(
    'the service name %s',
    (sub) => {
      expect(() => read({ kind: 'SERVICE_AGENT', sub })).toThrow(/name of a service/)
    },
  )

  test.each([
    ['sub', 'al\u200bice', 'U+200B'],
    ['sub', '\u202eecila', 'U+202E'],
    ['project', 'shop\u2060', 'U+2060'],
    ['groups', ['staff', 'sta\ufeffff'], 'U+FEFF'],
    ['jti', 'token\u{e0041}', 'U+E0041'],
    ['sub', 'alice ', 'white space'],
    ['sub', '\u00a0alice', 'white space'],
    ['project', ' shop', 'white space'],
    ['groups', ['staff '], 'white space'],
  ])('%s: %j, in words that say what must go', (claim, value, word) => {
    expect(() => read({ [claim]: value })).toThrow(word)
    expect(() => read({ [claim]: value, kind: 'SERVICE_ACCOUNT' })).toThrow(UnauthenticatedError)
  })

  test('but the limits themselves are fine', () => {
    const longest = 'x'.repeat(256)
    const groups = Array.from({ length: 1000 }, (_, index) => `group ${index}`)
    const caller = read({ project: longest, sub: longest, jti: longest, groups })
    expect(caller).toMatchObject({ projectId: longest, name: longest, tokenId: longest, groups })
    expect(read({ kind: 'SERVICE_AGENT', sub: 'a'.repeat(64) }).name).toHaveLength(64)
  })
})

describe('whatever the claims hold', () => {
  const claimName = fc.constantFrom(
    'sub',
    'project',
    'roles',
    'groups',
    'kind',
    'jti',
    '__proto__',
    'constructor',
  )
  const claimValue = fc.oneof(
    fc.jsonValue(),
    fc.string({ unit: 'binary' }),
    fc.array(fc.string({ unit: 'binary' })),
    fc.constantFrom('SERVICE_AGENT', 'PROJECT_ADMIN', ['PROJECT_ADMIN']),
  )
  const path = fc.oneof(
    claimName,
    fc
      .array(fc.oneof(claimName, fc.constantFrom('length', '0', 'toString')), { minLength: 1 })
      .map((p) => p.join('.')),
  )

  test('the answer is a caller that obeys the rules, or an UnauthenticatedError', () => {
    let callers = 0
    fc.assert(
      fc.property(fc.dictionary(claimName, claimValue), path, (claims, name) => {
        const changes = { ...JSON.parse(JSON.stringify(claims)) } as Record<string, unknown>
        let caller: Caller
        try {
          caller = read(changes, { AUTH_CLAIM_ROLES: name, AUTH_CLAIM_GROUPS: name })
        } catch (error) {
          expect(error).toBeInstanceOf(UnauthenticatedError)
          return
        }
        callers += 1
        expect(['USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT']).toContain(caller.kind)
        for (const text of [caller.name, caller.projectId, ...caller.groups]) {
          expect(text).toMatch(/^\P{Cc}{1,256}$/u)
          expect(text.isWellFormed()).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
    // Otherwise the rules for callers were never looked at.
    expect(callers).toBeGreaterThan(0)
  })
})
