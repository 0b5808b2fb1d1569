import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Role, roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, startStoryForTest } from '../support/story.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const subjects = ['user:alice', 'user:bob', 'group:ops', 'service-account:alice'] as const
/** Those who ask, with the subjects that they are. */
const people: readonly { readonly person: Person; readonly is: readonly string[] }[] = [
  { person: { name: 'alice' }, is: ['user:alice'] },
  { person: { name: 'alice', groups: ['ops'], roles: ['KMS_VIEWER'] }, is: ['user:alice', 'group:ops'] },
  { person: { name: 'bob', groups: ['ops', 'dev'] }, is: ['user:bob', 'group:ops'] },
  { person: { name: 'alice', kind: 'SERVICE_ACCOUNT' }, is: ['service-account:alice'] },
  { person: { name: 'alice', groups: ['ops'], project: 'other' }, is: [] },
]

type Step =
  | { readonly type: 'bind'; readonly subject: string; readonly role: Role; readonly minutes: number | null }
  | { readonly type: 'unbind'; readonly subject: string; readonly role: Role }
  | { readonly type: 'wait'; readonly minutes: number }
  | { readonly type: 'restart' }

const subject = fc.constantFrom(...subjects)
const role = fc.constantFrom(...roles)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('bind' as const),
      subject,
      role,
      minutes: fc.option(fc.integer({ min: 1, max: 60 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('unbind' as const), subject, role }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
)

describe.skipIf(hasNoDatabase())('role bindings', () => {
  it('give each caller the union of its token and its bindings in force, whatever was done before', async () => {
    const story = await startStoryForTest()
    const steps = fc.sample(step, { numRuns: 60, seed: Number(process.env['SEED'] ?? 20_261_129) })
    /** When each binding ends, in milliseconds. */
    const model = new Map<string, number>()
    for (const [index, each] of steps.entries()) {
      const now = story.clock.now().getTime()
      if (each.type === 'wait') story.clock.advance({ minutes: each.minutes })
      if (each.type === 'restart') await story.restart()
      if (each.type === 'bind') {
        const ends = each.minutes === null ? null : now + each.minutes * 60_000
        const result = await story.as(ada).mutate('bindRole', {
          subject: each.subject,
          role: each.role,
          expiresAt: ends === null ? null : new Date(ends).toISOString(),
        })
        expect(result.__typename).toBe('BindRolePayload')
        model.set(`${each.subject} ${each.role}`, ends ?? Number.POSITIVE_INFINITY)
      }
      if (each.type === 'unbind') {
        const name = `${each.subject} ${each.role}`
        const wasThere = (model.get(name) ?? 0) > now
        const { roleBinding } = await story
          .as(ada)
          .mutate('unbindRole', { subject: each.subject, role: each.role }, 'roleBinding { role }')
        expect([index, roleBinding !== null]).toEqual([index, wasThere])
        model.delete(name)
      }
      const later = story.clock.now().getTime()
      for (const { person, is } of people) {
        const bound = roles.filter((given) => is.some((name) => (model.get(`${name} ${given}`) ?? 0) > later))
        const { viewer } = await story.as(person).ask<{ viewer: { roles: Role[] } }>('{ viewer { roles } }')
        const expected = new Set([...(person.roles ?? []), ...bound])
        expect([index, person, new Set(viewer.roles)]).toEqual([index, person, expected])
      }
    }
  })
})
