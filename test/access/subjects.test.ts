import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCaller } from '../../src/auth/claims.ts'
import type { VerifiedPayload } from '../../src/auth/verify-token.ts'
import { shownChange } from '../../src/keys/changing/write-change.ts'
import { type AccessFacts, permissionsOn, subjectsOf, visibilityOf } from '../../src/keys/rules/access.ts'
import { explainAccess } from '../../src/keys/rules/access-reasons.ts'
import { type Caller, canonicalSubject, readSubject, subjectSet } from '../../src/keys/rules/caller.ts'
import { serviceKeyName, textFault } from '../../src/keys/rules/names.ts'
import { claimsWith, configWith } from '../auth/tokens.ts'
import { sampleKey } from '../support/sample-rows.ts'

const letter = fc.constantFrom(...'abzABZ')
const inner = fc.constantFrom(...'abzABZ019 ')
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
}

describe('two spellings of one service', () => {
  it('are one service in every decision, and two services are two', () => {
    fc.assert(
      fc.property(spellings, serviceName, ([name, other], another) => {
        const [a, b, c] = [name, other, another].map((each) => `service-agent:${each}`) as [
          string,
          string,
          string,
        ]
        // What tells services apart is the name of the service's key.
        const isOne = serviceKeyName(name) === serviceKeyName(another)
        expect(serviceKeyName(name)).toBe(serviceKeyName(other))
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
            explainAccess(facts, { subject, groups: [], roles: ['PROJECT_ADMIN'] }, 'MANAGE'),
          )
          expect(explained[0]).toEqual(explained[1])
          expect(explained[0]?.allowed).toBe(true)
        }
        expect(visibilityOf(agent, { ...locked, allowedSubjects: [c] })).toBe(isOne ? 'full' : 'absent')

        // Another spelling is no change of a list; off it, the service is told so by its one spelling.
        const before = { ...sampleKey(), allowedSubjects: [a] }
        expect(shownChange(before, { ...before, allowedSubjects: [b] }).lostBy).toEqual([])
        expect(shownChange(before, { ...before, allowedSubjects: [] }).lostBy).toEqual([canonicalSubject(b)])
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

/** Subjects that no token can have, with a word of why. */
const impossible: readonly (readonly [string, string])[] = [
  ['service-agent:bad_name', 'name of a service'],
  ['service-agent:secrets-manager', 'name of a service'],
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
