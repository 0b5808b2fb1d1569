import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { evaluateRules, type Verdict } from '../../src/auth/evaluate-rules.ts'
import { parseWith, ruleList } from '../../src/auth/rules-schema.ts'
import { matchTemplate, parseTemplate } from '../../src/auth/template.ts'
import { nameFault } from '../../src/keys/rules/caller.ts'
import { foreignClaims, plainRule } from './rule-entries.ts'
import { startSeconds } from './tokens.ts'

function verdictOf(
  rules: readonly object[],
  changes: Record<string, unknown> = {},
  prefixes: string[] = [],
): Verdict {
  const claims = JSON.parse(JSON.stringify(foreignClaims(changes))) as { exp: number }
  const set = { entry: 'corp', audiences: ['keystead', 'kms'], projects: null, kinds: null }
  return evaluateRules({ ...set, rules: parseWith(ruleList, rules, 'rules') }, { claims, prefixes })
}

/** One member of the caller that a rule with these members makes, or the reason of its refusal. */
function made(members: object, changes: Record<string, unknown> = {}): unknown {
  const verdict = verdictOf([{ ...plainRule, ...members }], changes)
  if (!('caller' in verdict)) return verdict.reason
  const { caller } = verdict
  const [name = ''] = Object.keys(members)
  return {
    project: caller.projectId,
    subject: caller.name,
    kind: caller.kind,
    groups: caller.groups,
    roles: [...caller.roles],
  }[name]
}

describe('a rule', () => {
  test('makes a caller of claims that were not written for Keystead', () => {
    const rule = {
      project: { claim: ['kubernetes.io', 'namespace'] },
      subject: { claim: 'sub' },
      kind: 'SERVICE_ACCOUNT',
      groups: { claim: 'groups' },
      roles: { claim: ['resource_access', 'kms.example.com', 'roles'] },
    }
    const verdict = verdictOf([rule], {
      sub: 'api',
      jti: 'token-1',
      groups: ['payments'],
      'kubernetes.io': { namespace: 'shop' },
      resource_access: { 'kms.example.com': { roles: ['KMS_USER', 'other'] } },
    })
    expect(verdict).toEqual({
      rule: 0,
      caller: {
        subject: 'service-account:api',
        kind: 'SERVICE_ACCOUNT',
        name: 'api',
        groups: ['payments'],
        projectId: 'shop',
        roles: new Set(['KMS_USER']),
        tokenId: 'token-1',
        tokenExpiresAt: new Date((startSeconds + 600) * 1000),
      },
    })
  })

  test('counts if it is the first whose conditions hold', () => {
    const rules = [
      { ...plainRule, when: [{ claim: 'a', equals: 1 }], project: 'one' },
      { ...plainRule, when: [{ claim: 'a', present: true }], project: 'two' },
      { ...plainRule, project: 'three' },
    ]
    const projectWith = (a: unknown) => {
      const verdict = verdictOf(rules, { a })
      return 'caller' in verdict ? [verdict.rule, verdict.caller.projectId] : verdict
    }
    expect(projectWith(1)).toEqual([0, 'one'])
    expect(projectWith('1')).toEqual([1, 'two'])
    expect(projectWith(undefined)).toEqual([2, 'three'])
  })

  test('that matches and fails does not hand over to the next one', () => {
    const rules = [
      { ...plainRule, when: [{ claim: 'sub', present: true }], project: { claim: 'none' } },
      plainRule,
    ]
    expect(verdictOf(rules)).toEqual({ reason: 'the project has no value', rule: 0, isForeign: false })
  })

  test('that does not match leaves the token without a caller', () => {
    const rules = [{ ...plainRule, when: [{ claim: 'x', present: true }] }]
    expect(verdictOf(rules)).toEqual({ reason: 'no rule matches the token', rule: null, isForeign: false })
  })
})

describe('a rule for clients', () => {
  const agentWith = (subject: object, client: string): string => {
    const rule = { ...plainRule, subject: { claim: 'client_id', ...subject }, kind: 'SERVICE_AGENT' }
    const verdict = verdictOf([rule], { client_id: client })
    return 'caller' in verdict ? verdict.caller.subject : verdict.reason
  }

  test.each<[object, string, string]>([
    [{ only: ['svc-agent'] }, 'svc-agent', 'service-agent:Svc-Agent'],
    [{ map: { 'svc-agent': 'Secrets Manager' } }, 'svc-agent', 'service-agent:Secrets Manager'],
    [{ template: 'svc-{name}' }, 'svc-agent', 'service-agent:Agent'],
    [{ template: 'svc-{name}' }, 'svc-object-store', 'service-agent:Object-Store'],
    [{ cutPrefix: 'service-account-' }, 'service-account-svc-agent', 'service-agent:Svc-Agent'],
  ])('with %j makes a service agent of the client %j', (subject, client, expected) => {
    expect(agentWith(subject, client)).toBe(expected)
  })

  test.each<[object, string]>([
    [{ only: ['svc-agent'] }, 'svc agent'],
    [{ only: ['svc-agent'] }, 'SVC-AGENT'],
    [{ map: { 'svc-agent': 'Secrets Manager' } }, 'secrets-manager'],
    [{ map: { 'svc-agent': 'Secrets Manager' } }, 'constructor'],
    [{ template: 'svc-{name}' }, 'xsvc-agent'],
  ])('with %j refuses the client %j', (subject, client) => {
    expect(agentWith(subject, client)).toBe('the subject has no value')
  })

  test.each(['svc_agent', '-svc', 'svc-', 'sv\u2010c', 'corp/svc'])('refuses %j as a service', (client) => {
    expect(agentWith({}, client)).toContain('must be the name of a service')
  })
})

describe('a display name', () => {
  const callerWith = (displayName: unknown, changes: Record<string, unknown> = {}) => {
    const verdict = verdictOf([{ ...plainRule, displayName }], changes)
    if (!('caller' in verdict)) throw new Error(verdict.reason)
    return verdict.caller
  }

  test.each<[unknown, Record<string, unknown>, string | undefined]>([
    [{ claim: 'name' }, { name: 'Zoë Example' }, 'Zoë Example'],
    [[{ claim: 'name' }, { claim: 'email' }], { email: 'z@shop.example' }, 'z@shop.example'],
    [[{ claim: 'name' }, { claim: 'email' }], { name: 'Zoë', email: 'z@shop.example' }, 'Zoë'],
    ['constant', {}, 'constant'],
    [[], { name: 'Zoë' }, undefined],
    [undefined, { name: 'Zoë' }, undefined],
    [{ claim: 'name' }, {}, undefined],
    [{ claim: 'name' }, { name: null }, undefined],
  ])('from %j of %j is %j', (source, changes, expected) => {
    expect(callerWith(source, changes).displayName).toBe(expected)
  })

  test.each<unknown>([
    'x'.repeat(257),
    'a\u202eb',
    'a\u200bb',
    'a\nb',
    ' Zoë',
    'a\ud800',
    true,
    { first: 'Zoë' },
    [{ first: 'Zoë' }],
  ])('leaves out what cannot be a name, and the next source counts: %j', (name) => {
    expect(callerWith({ claim: 'name' }, { name })).not.toHaveProperty('displayName')
    expect(callerWith([{ claim: 'name' }, { claim: 'sub' }], { name }).displayName).toBe('alice')
  })

  test('changes nothing else of the caller, and may look like a name of another entry', () => {
    const plain = callerWith(undefined)
    for (const name of ['bob', 'corp/bob', 'user:bob', 'PROJECT_ADMIN']) {
      const verdict = verdictOf([{ ...plainRule, displayName: { claim: 'name' } }], { name }, ['corp'])
      expect(verdict).toEqual({ rule: 0, caller: { ...plain, displayName: name } })
    }
  })
})

describe('a condition', () => {
  const matches = (condition: object, changes: Record<string, unknown>) =>
    'caller' in verdictOf([{ ...plainRule, when: [condition] }], changes)

  test.each<[object, unknown[], unknown[]]>([
    [{ equals: 'x' }, ['x'], ['X', 'xx', ['x'], null, undefined, { x: 1 }]],
    [{ equals: true }, [true], ['true', 1, false]],
    [{ startsWith: 'ab' }, ['ab', 'abc'], ['xab', ['abc'], 'Ab', null]],
    [{ endsWith: 'bc' }, ['bc', 'abc'], ['bcd', ['abc'], null]],
    [{ contains: 'kms' }, [['a', 'kms'], 'a kms b', 'kms'], ['kmsx', 'a-kms', ['akms'], { kms: 1 }, null]],
    [{ present: true }, ['x', 0, false, ['a'], {}], [null, '', [], undefined]],
    [{ absent: true }, [null, '', [], undefined], ['x', 0, false]],
    [{ equalsClaim: 'sub' }, ['alice', ['alice']], ['bob', ['alice', 'bob'], [], null]],
  ])('%j holds for some values of a claim and not for others', (condition, fit, unfit) => {
    for (const a of fit) expect(matches({ claim: 'a', ...condition }, { a }), JSON.stringify(a)).toBe(true)
    for (const a of unfit) expect(matches({ claim: 'a', ...condition }, { a }), JSON.stringify(a)).toBe(false)
  })

  test('on absent claims never holds because both are absent', () => {
    expect(matches({ claim: 'a', equalsClaim: 'b' }, {})).toBe(false)
  })
})

describe('a project', () => {
  test.each<[object | string, Record<string, unknown>, unknown]>([
    ['constant', {}, 'constant'],
    [{ claim: 'p' }, { p: 'shop' }, 'shop'],
    [{ claim: 'p' }, { p: ['shop'] }, 'shop'],
    [{ claim: 'p' }, { p: ['shop', 'shop'] }, 'shop'],
    [{ claim: 'p' }, { p: 72 }, '72'],
    [{ claim: 'p', keys: true }, { p: { acme: { id: 'x' } } }, 'acme'],
    [{ claim: 'p', map: { 'acme/web': 'shop' } }, { p: 'acme/web' }, 'shop'],
    [{ claim: 'p', only: ['a', 'b'] }, { p: 'b' }, 'b'],
    [{ join: [{ claim: 'p' }, { claim: 'q' }], separator: '/' }, { p: 'a', q: 'b/c' }, 'a/b/c'],
    [
      { claim: 'p', template: 'spiffe://x/ns/{project}/sa/{name}', part: 'project' },
      { p: 'spiffe://x/ns/pay/sa/api' },
      'pay',
    ],
  ])('from %j of %j is %j', (project, changes, expected) => {
    expect(made({ project }, changes)).toBe(expected)
  })

  test.each<[object, unknown, string]>([
    [{ claim: 'p' }, undefined, 'the project has no value'],
    [{ claim: 'p' }, null, 'the project has no value'],
    [{ claim: 'p' }, '', 'the project has no value'],
    [{ claim: 'p' }, [], 'the project has no value'],
    [{ claim: 'p' }, ['a', 'b'], 'the project has 2 values and must have one'],
    [{ claim: 'p', keys: true }, { a: 1, b: 2 }, 'the project has 2 values and must have one'],
    [{ claim: 'p', map: { x: ['a', 'b'] } }, 'x', 'the project has 2 values and must have one'],
    [{ claim: 'p', map: { x: 'a' } }, 'constructor', 'the project has no value'],
    [
      { claim: 'p' },
      { a: 1 },
      'the project cannot be read: the claim "p" must be a string or a list of strings',
    ],
    [
      { claim: 'p' },
      [['a']],
      'the project cannot be read: the claim "p" must be a string or a list of strings',
    ],
    [{ claim: 'p' }, true, 'the project cannot be read: the claim "p" must be a string or a list of strings'],
    [{ claim: 'p', keys: true }, 'a', 'the project cannot be read: the claim "p" must be an object'],
    [{ claim: 'p', template: 'a/{x}' }, 'a/b/c', 'the project has no value'],
    [{ claim: 'p' }, ' shop', 'the project must not begin or end with white space'],
    [{ claim: 'p' }, 'x'.repeat(257), 'the project must have 1 to 256 characters'],
  ])('from %j of %j is refused', (project, p, reason) => {
    expect(made({ project }, { p })).toBe(reason)
  })

  test('of a path reads own properties only', () => {
    for (const path of [
      ['constructor', 'name'],
      ['p', '__proto__'],
      ['p', 'length'],
    ]) {
      expect(made({ project: { claim: path } }, { p: 'x' })).toBe('the project has no value')
    }
  })
})

describe('a join', () => {
  const project = { join: ['corp', { claim: 'p' }, { claim: 'q' }], separator: '/' }

  test('refuses a separator inside a part before the last, so that no two pairs make one name', () => {
    expect(made({ project }, { p: 'a/b', q: 'c' })).toBe(
      'the project cannot be read: part 1 of the join contains the separator "/"',
    )
    const name = fc.string({ unit: fc.constantFrom('a', '/', ':'), maxLength: 4 })
    fc.assert(
      fc.property(
        fc.constantFrom('/', ':', '::', ':::', ':/:'),
        fc.array(name, { minLength: 4, maxLength: 4 }),
        (separator, [p, q, otherP, otherQ]) => {
          const join = { join: [{ claim: 'p' }, { claim: 'q' }], separator }
          const [one, other] = [
            made({ project: join }, { p, q }),
            made({ project: join }, { p: otherP, q: otherQ }),
          ]
          const isName = !String(one).startsWith('the project ')
          if (isName && one === other) expect([p, q]).toEqual([otherP, otherQ])
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('refuses a separator that begins in a part and ends in the separator after it', () => {
    const join = { join: [{ claim: 'p' }, { claim: 'q' }], separator: '::' }
    expect(made({ project: join }, { p: 'shop:', q: 'x' })).toContain('contains the separator "::"')
    expect(made({ project: join }, { p: 'shop', q: ':x' })).toBe('shop:::x')
  })

  test('with a part that is absent or has several values gives none', () => {
    expect(made({ project }, { p: 'a' })).toBe('the project has no value')
    expect(made({ project }, { p: ['a', 'b'], q: 'c' })).toContain('part 1 of the join has 2 values')
  })
})

describe('groups', () => {
  test.each<[object, unknown, readonly string[]]>([
    [{ claim: 'g' }, null, []],
    [{ claim: 'g' }, ['a', null, '', 'b'], ['a', 'b']],
    [
      { claim: 'g', cutPrefix: '/' },
      ['/payments', 'payments', '/payments/leads'],
      ['payments', 'payments/leads'],
    ],
    [{ claim: 'g', startsWith: 'kms-', cutPrefix: 'kms-' }, ['kms-ops', 'other', 'kms-'], ['ops']],
    [{ claim: 'g', only: ['b'] }, ['a', 'b'], ['b']],
    [{ claim: 'g', each: 'name' }, [{ name: 'a' }, { name: 'b', more: 1 }, {}], ['a', 'b']],
    [{ claim: 'g', separator: ',' }, 'a,b,,c', ['a', 'b', 'c']],
    [{ claim: 'g', keys: true }, { a: {}, b: [] }, ['a', 'b']],
    [{ claim: 'g', map: { x: ['a', 'b'], y: 'b' } }, ['x', 'y', 'z'], ['a', 'b']],
  ])('from %j of %j are %j', (groups, g, expected) => {
    expect(made({ groups: [groups].flat() }, { g })).toEqual(expected)
  })

  test('are the union of several sources', () => {
    expect(
      made(
        { groups: ['staff', { claim: 'g' }, { claim: ['ext', 'g'] }] },
        { g: ['a'], ext: { g: ['b', 'a'] } },
      ),
    ).toEqual(['staff', 'a', 'b'])
  })

  test.each([[[{ name: 1.5 }]], [['a', {}]], [[['a']]], ['x'.repeat(257)], [['a\u200bb']]])(
    'of the form %j are refused',
    (g) => {
      expect(made({ groups: { claim: 'g' } }, { g })).toMatch(/^the groups /)
    },
  )

  test('may be 1,000 and not more', () => {
    const many = Array.from({ length: 1001 }, (_, index) => `group-${index}`)
    expect(made({ groups: { claim: 'g' } }, { g: many.slice(1) })).toHaveLength(1000)
    expect(made({ groups: { claim: 'g' } }, { g: many })).toBe('the groups are more than 1000')
  })
})

describe('roles', () => {
  test.each<[object | string, unknown, readonly string[]]>([
    [{ claim: 'r' }, ['KMS_USER', 'superuser', 'kms_user'], ['KMS_USER']],
    [{ claim: 'r', separator: ' ' }, 'openid KMS_VIEWER KMS_USER', ['KMS_USER', 'KMS_VIEWER']],
    [{ claim: 'r', keys: true }, { KMS_USER: { org: 'x' } }, ['KMS_USER']],
    [{ claim: 'r', each: 'name' }, [{ name: 'KMS_USER' }], ['KMS_USER']],
    [
      { claim: 'r', map: { 'kms-user': 'KMS_USER', boss: ['PROJECT_ADMIN', 'KMS_USER'] } },
      ['boss', 'PROJECT_READER'],
      ['PROJECT_ADMIN', 'KMS_USER'],
    ],
    ['KMS_VIEWER', undefined, ['KMS_VIEWER']],
    [{ claim: 'r' }, undefined, []],
  ])('from %j of %j are %j', (roles, r, expected) => {
    expect(made({ roles }, { r })).toEqual(expected)
  })
})

describe('a template', () => {
  test('matches in one way, from the beginning to the end', () => {
    const match = (template: string, text: string) => {
      const values = matchTemplate(parseTemplate(template), text)
      return values === null ? null : Object.fromEntries(values)
    }
    expect(match('a/{x}/b/{y}', 'a/1/b/2')).toEqual({ x: '1', y: '2' })
    expect(match('{x}@{y}.example', 'api@shop.example')).toEqual({ x: 'api', y: 'shop' })
    expect(match('system:serviceaccount:{ns}:{name}', 'system:serviceaccount:pay:api')).toEqual({
      ns: 'pay',
      name: 'api',
    })
    for (const text of ['a//b/2', 'a/1/b/', 'xa/1/b/2', 'a/1/b/2/', 'a/1/b/2/3', 'a/1/c/b/2', '']) {
      expect(match('a/{x}/b/{y}', text), text).toBeNull()
    }
    expect(match('{x}@{y}.example', 'api@shop.evil.example')).toBeNull()
  })

  test.each(['', 'plain', '{x}{y}', '{x}-{x}', '{x', 'x}', '{}', '{X}', '{a b}', '{x+1}'])(
    '%j is refused',
    (text) => {
      expect(() => parseTemplate(text)).toThrow(/^must /)
    },
  )

  test('gives back what was put in', () => {
    const part = fc.stringMatching(/^[a-z0-9-]{1,20}$/)
    fc.assert(
      fc.property(part, part, (x, y) => {
        const values = matchTemplate(parseTemplate('spiffe://d/ns/{x}/sa/{y}'), `spiffe://d/ns/${x}/sa/${y}`)
        expect(values).toEqual(
          new Map([
            ['x', x],
            ['y', y],
          ]),
        )
      }),
    )
  })
})

describe('the audience', () => {
  const reasonOf = (rule: object, changes: Record<string, unknown>) => {
    const verdict = verdictOf([{ ...plainRule, ...rule }], changes)
    return 'caller' in verdict ? null : verdict.reason
  }

  test('is any of those of the entry', () => {
    for (const aud of ['keystead', 'kms', ['other', 'kms']]) expect(reasonOf({}, { aud })).toBeNull()
    for (const aud of ['other', [], '', null, undefined, ['Keystead'], { keystead: 1 }]) {
      expect(reasonOf({}, { aud })).toBe(`the audience ("aud") is none of the entry's`)
    }
  })

  test('may be named by another claim, for a type of token without "aud"', () => {
    const rule = {
      when: [{ claim: 'token_use', equals: 'access' }],
      audience: { claim: 'client_id', values: ['console'] },
    }
    const good = { aud: undefined, token_use: 'access', client_id: 'console' }
    expect(reasonOf(rule, good)).toBeNull()
    expect(reasonOf(rule, { ...good, client_id: 'other' })).toContain('none of the rule')
    expect(reasonOf(rule, { ...good, client_id: ['console'] })).toContain('none of the rule')
    expect(reasonOf(rule, { ...good, token_use: 'id' })).toBe('no rule matches the token')
    expect(reasonOf(rule, { ...good, aud: 'keystead' })).toContain('for tokens without one')
    expect(
      reasonOf({ ...rule, audience: { ...rule.audience, ignoreAud: true } }, { ...good, aud: 'x' }),
    ).toBeNull()
  })
})

test('reasons never hold a value of the token', () => {
  const canary = 'c4n4ry'
  const rules = [
    {
      when: [{ claim: 'a', equals: 'b' }],
      project: { claim: 'p', cutPrefix: '-' },
      subject: { join: [{ claim: 's' }, { claim: 'sub' }], separator: '-' },
      kind: { claim: 'k' },
      groups: { claim: 'g', each: 'n' },
      roles: { claim: 'r', keys: true },
    },
  ]
  const value = fc.oneof(
    fc.constantFrom(canary, `${canary}-${canary}`, ` ${canary}`, `corp/${canary}`, 'USER', null, [], ''),
    fc.constantFrom<unknown[]>([canary], [canary, `${canary}2`], [{ n: canary }], [{ n: `corp/${canary}` }]),
    fc.constant({ [canary]: canary }),
  )
  fc.assert(
    fc.property(
      fc.record({ p: value, s: value, sub: value, k: value, g: value, r: value, jti: value }),
      (claims) => {
        const verdict = verdictOf(rules, { a: 'b', ...claims }, ['corp'])
        if (!('caller' in verdict)) expect(verdict.reason).not.toContain(canary)
      },
    ),
    { numRuns: 500 },
  )
  expect(v.is(ruleList, rules)).toBe(true)
})

test('whatever the claims hold, the rules come to a verdict', () => {
  const path = fc.array(fc.constantFrom('a', 'b', '__proto__', 'constructor'), { minLength: 1, maxLength: 3 })
  const claims = fc.dictionary(fc.constantFrom('a', 'b', 'sub', 'aud', 'jti', '__proto__'), fc.jsonValue())
  const source = fc.oneof(
    path.map((claim) => ({ claim })),
    path.map((claim) => ({ claim, keys: true })),
    path.map((claim) => ({ claim, each: 'a', map: { x: 'y' } })),
    path.map((claim) => ({ claim, template: '{x}-{y}', part: 'y' })),
    fc.constant('USER'),
  )
  const operator = fc.constantFrom(
    { present: true },
    { absent: true },
    { contains: 'a' },
    { equalsClaim: 'b' },
  )
  const rule = fc.record({
    when: fc.array(
      fc.tuple(path, operator).map(([claim, each]) => ({ claim, ...each })),
      { minLength: 1, maxLength: 3 },
    ),
    project: source,
    subject: source,
    kind: fc.constant('USER'),
    groups: source,
  })
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 3 }), claims, (rules, changes) => {
      const verdict = verdictOf(rules, changes)
      if ('caller' in verdict) {
        expect(nameFault(verdict.caller.projectId)).toBeNull()
        expect(verdict.caller.subject).toBe(`user:${verdict.caller.name}`)
      } else expect(verdict.reason.length).toBeGreaterThan(0)
    }),
    { numRuns: 1000 },
  )
})
