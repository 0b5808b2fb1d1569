import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCaller } from '../../src/auth/claims.ts'
import type { VerifiedPayload } from '../../src/auth/verify-token.ts'
import { shownChange } from '../../src/keys/changing/write-change.ts'
import { type AccessFacts, permissionsOn, subjectsOf, visibilityOf } from '../../src/keys/rules/access.ts'
import { explainAccess } from '../../src/keys/rules/access-reasons.ts'
import {
  type Caller,
  canonicalSubject,
  isServiceName,
  readSubject,
  subjectSet,
} from '../../src/keys/rules/caller.ts'
import { isServiceKeyName, serviceKeyName, textFault } from '../../src/keys/rules/names.ts'
import { claimsWith, configWith } from '../auth/tokens.ts'
import { sampleKey } from '../support/sample-rows.ts'

const letter = fc.constantFrom(...'abzABZ')
const inner = fc.constantFrom(...'abzABZ019 -')
/** Names that services can have. */
const serviceName = fc
  .tuple(letter, fc.array(inner, { maxLength: 12 }), fc.constantFrom(...'abZ9'))
  .map(([first, middle, last]) => `${first}${middle.join('')}${last}`)
/** Two spellings of one service. */
const spellings = fc.tuple(serviceName, fc.infiniteStream(fc.boolean())).map(([name, flips]) => {
  const flip = (character: string) =>
    flips.next().value === true ? character.toUpperCase() : character.toLowerCase()
  return [name, [...name].map(flip).join('')] as const
})
/** The name of another service, or one that differs from a name in hyphens and spaces at most. */
const otherService = fc.oneof(
  serviceName.map((name) => () => name),
  fc.infiniteStream(fc.constantFrom('-', ' ')).map((separators) => (name: string) => {
    return name.replaceAll(/[ -]/g, () => separators.next().value)
  }),
)

function agentOf(sub: string): Caller {
  const claims = claimsWith({ kind: 'SERVICE_AGENT', sub, roles: ['PROJECT_ADMIN'] })
  return readCaller(claims as unknown as VerifiedPayload, configWith())
}

const locked: AccessFacts = {
  kind: 'USER',
  projectId: 'shop',
  owner: 'user:olga',
  accessControlEnabled: true,
  allowedSubjects: [],
  accessEntries: [],
}

describe('two spellings of one service', () => {
  it('are one service in every decision, and two services are two', () => {
    fc.assert(
      fc.property(spellings, otherService, ([name, other], make) => {
        const another = make(name)
        const [a, b, c] = [name, other, another].map((each) => `service-agent:${each}`) as [
          string,
          string,
          string,
        ]
        const isOne = name.toLowerCase() === another.toLowerCase()
        expect(serviceKeyName(name)).toBe(serviceKeyName(other))
        expect(serviceKeyName(name) === serviceKeyName(another)).toBe(isOne)
        expect(isServiceKeyName(serviceKeyName(name))).toBe(true)
        expect(canonicalSubject(a)).toBe(canonicalSubject(b))
        expect(canonicalSubject(a) === canonicalSubject(c)).toBe(isOne)
        expect(canonicalSubject(canonicalSubject(a))).toBe(canonicalSubject(a))
        expect(readSubject(a)).toMatchObject({ subject: canonicalSubject(a) })
        expect(subjectSet([a, b, 'user:x', c])).toHaveLength(isOne ? 2 : 3)

        const agent = agentOf(other)
        expect(agent.subject).toBe(canonicalSubject(a))
        expect([...subjectsOf(agent)]).toEqual([canonicalSubject(a)])
        // Also of what was stored before there was one spelling.
        for (const facts of [
          { ...locked, allowedSubjects: [a] },
          { ...locked, owner: a },
          { ...locked, owner: a, accessControlEnabled: false },
        ]) {
          expect(visibilityOf(agent, facts)).toBe('full')
          expect(permissionsOn(agent, facts)).toEqual(permissionsOn(agentOf(name), facts))
          const explained = [a, b].map((subject) =>
            explainAccess(
              { facts, expired: [], usage: null, operation: 'MANAGE', context: null, bound: [] },
              { subject, groups: [], roles: ['PROJECT_ADMIN'] },
            ),
          )
          expect(explained[0]).toEqual(explained[1])
          expect(explained[0]?.allowed).toBe(true)
        }
        expect(visibilityOf(agent, { ...locked, allowedSubjects: [c] })).toBe(isOne ? 'full' : 'absent')

        // Another spelling is no change of a list; off it, the service is told so by its one spelling.
        const before = { ...sampleKey(), allowedSubjects: [a] }
        const now = new Date('2026-03-01T12:00:00Z')
        expect(shownChange(before, { ...before, allowedSubjects: [b] }, now).lostBy).toEqual([])
        expect(shownChange(before, { ...before, allowedSubjects: [] }, now).lostBy).toEqual([
          canonicalSubject(b),
        ])
      }),
      { numRuns: 300 },
    )
  })

  it('do not exist for anybody but services: all other names differ by a single character', () => {
    for (const kind of ['user', 'group', 'service-account', 'system']) {
      expect(canonicalSubject(`${kind}:ALICE`)).toBe(`${kind}:ALICE`)
    }
    const caller = (sub: string) =>
      readCaller(claimsWith({ sub }) as unknown as VerifiedPayload, configWith())
    expect(visibilityOf(caller('ALICE'), { ...locked, owner: 'user:alice' })).toBe('redacted')
  })
})

/** All texts of some characters, up to a length. */
function textsOf(characters: string, lengthMax: number): string[] {
  let longest = ['']
  const texts: string[] = []
  for (let length = 1; length <= lengthMax; length++) {
    longest = longest.flatMap((text) => [...characters].map((character) => text + character))
    texts.push(...longest)
  }
  return texts
}

describe('names of services', () => {
  it('have hyphens and spaces inside, and no two of them have one key name unless they differ in case only', () => {
    const names = textsOf('aAz1_ -', 5).filter(isServiceName)
    expect(names).toContain('a--z')
    expect(names.every((name) => /^[a-z].*[a-z0-9]$/i.test(name) || /^[a-z]$/i.test(name))).toBe(true)
    const keyNames = new Map<string, string>()
    for (const name of names) {
      const keyName = serviceKeyName(name)
      const service = name.toLowerCase()
      if ((keyNames.get(keyName) ?? service) !== service || !isServiceKeyName(keyName)) {
        expect.fail(`${name} and ${keyNames.get(keyName)} have the key name ${keyName}`)
      }
      keyNames.set(keyName, service)
    }
    expect(keyNames.size).toBe(new Set(names.map((name) => name.toLowerCase())).size)
  })

  it.each([
    ['Secrets Manager', 'Secrets-manager', 'service-agent:Secrets Manager'],
    ['secrets-MANAGER', 'Secrets_manager', 'service-agent:Secrets-Manager'],
    ['svc-agent', 'Svc_agent', 'service-agent:Svc-Agent'],
    ['svc agent', 'Svc-agent', 'service-agent:Svc Agent'],
    ['a-b c--1d', 'A_b-c__1d', 'service-agent:A-B C--1d'],
    ['A', 'A', 'service-agent:A'],
  ])('%j has the key name %j and the subject %j', (name, keyName, subject) => {
    expect(serviceKeyName(name)).toBe(keyName)
    expect(canonicalSubject(`service-agent:${name}`)).toBe(subject)
    expect(readSubject(subject)).toMatchObject({ subject })
  })
})

/** Subjects that no token can have, with a word of why. */
const impossible: readonly (readonly [string, string])[] = [
  ['service-agent:bad_name', 'name of a service'],
  ['service-agent:-backup', 'name of a service'],
  ['service-agent:backup-', 'name of a service'],
  ['service-agent:-', 'name of a service'],
  ['service-agent:back\u2010up', 'name of a service'],
  ['service-agent:bac\u212aup', 'name of a service'],
  ['service-agent:7up', 'name of a service'],
  [`service-agent:${'a'.repeat(65)}`, 'name of a service'],
  ['service-agent:Backup ', 'white space'],
  ['service-agent: Backup', 'white space'],
  ['user:alice ', 'white space'],
  ['group:\u3000staff', 'white space'],
  ['user:', '1 to 256 characters'],
  [`user:${'x'.repeat(257)}`, '1 to 256 characters'],
  ['user:a\u0000', 'control character U+0000'],
  ['user:a\u0085b', 'control character U+0085'],
  ['user:a\ud800', 'surrogate'],
  ['user:a\u2028b', 'line separator U+2028'],
  ...['\u200b', '\u200d', '\u200e', '\u202a', '\u202e', '\u2066', '\ufeff', '\u00ad', '\u{e0001}'].flatMap(
    (character) =>
      ['user', 'group', 'service-account', 'service-agent'].map(
        (kind) =>
          [
            `${kind}:ali${character}ce`,
            `format character U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`,
          ] as const,
      ),
  ),
  ['system:rotation', 'must be user:NAME'],
  ['alice', 'must be user:NAME'],
  ['User:alice', 'must be user:NAME'],
]

describe('a subject that no token can have', () => {
  it.each(impossible)('%j is refused on a list, and as a token', (subject, why) => {
    expect(readSubject(subject)).toEqual({ fault: expect.stringContaining(why) })
    const [, prefix = '', name = ''] = /^([^:]*):(.*)$/su.exec(subject) ?? []
    const kinds: Record<string, string> = {
      user: 'USER',
      'service-account': 'SERVICE_ACCOUNT',
      'service-agent': 'SERVICE_AGENT',
    }
    const claims =
      prefix === 'group'
        ? claimsWith({ groups: [name] })
        : claimsWith({ kind: kinds[prefix] ?? prefix, sub: name })
    expect(() => readCaller(claims as unknown as VerifiedPayload, configWith())).toThrow()
  })

  it('holds no invisible character of any kind, and other texts hold what people write', () => {
    for (let point = 0; point <= 0x10ffff; point++) {
      const character = String.fromCodePoint(point)
      const isUnseen = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(character)
      if ((textFault(character) !== null) !== isUnseen) expect.fail(`U+${point.toString(16)}`)
    }
    expect(textFault('Schlüssel für Zoë, 注文 🔑❤️')).toBeNull()
  })
})
