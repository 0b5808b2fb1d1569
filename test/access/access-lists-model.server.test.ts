import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Role } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }

/** Those who ask, with the subjects that they are and the operations that their tokens allow. */
const people: readonly { readonly person: Person; readonly is: readonly string[] }[] = [
  { person: olga, is: ['user:olga'] },
  { person: { name: 'alice', roles: ['KMS_USER'] }, is: ['user:alice'] },
  { person: { name: 'bob', groups: ['ops'], roles: ['KMS_DECRYPTER'] }, is: ['user:bob', 'group:ops'] },
  {
    person: { name: 'ci', kind: 'SERVICE_ACCOUNT', groups: ['ops'] },
    is: ['service-account:ci', 'group:ops'],
  },
  {
    person: { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_ENCRYPTER'] },
    is: ['service-agent:Backup'],
  },
  { person: { name: 'olga', project: 'elsewhere', roles: ['PROJECT_ADMIN'] }, is: [] },
]
const subjects = [
  'user:alice',
  'user:bob',
  'group:ops',
  'service-account:ci',
  'service-agent:Backup',
] as const

/** What the roles of this test allow, as docs/access.md has it. */
const operationsOfRole: Partial<Record<Role, readonly string[]>> = {
  PROJECT_ADMIN: ['ENCRYPT', 'DECRYPT', 'MANAGE'],
  KMS_USER: ['ENCRYPT', 'DECRYPT'],
  KMS_DECRYPTER: ['DECRYPT'],
  KMS_ENCRYPTER: ['ENCRYPT'],
  KMS_VIEWER: [],
}

const contexts = [null, { tenant: '42' }, { tenant: '43' }, { tenant: '42', table: 'cards' }] as const
type Context = (typeof contexts)[number]

interface Entry {
  readonly subject: string
  readonly permissions: readonly string[] | null
  readonly context: Context
  readonly minutes: number | null
}

type Step =
  | { readonly type: 'add'; readonly entries: readonly Entry[] }
  | { readonly type: 'remove'; readonly subject: string }
  | { readonly type: 'switch' }
  | { readonly type: 'transfer'; readonly to: string }
  | { readonly type: 'bind'; readonly subject: string; readonly role: Role; readonly minutes: number | null }
  | { readonly type: 'wait'; readonly minutes: number }
  | { readonly type: 'restart' }

const subject = fc.constantFrom(...subjects)
const minutes = fc.option(fc.integer({ min: 1, max: 60 }))
const entry: fc.Arbitrary<Entry> = fc
  .record({
    subject,
    permissions: fc.option(fc.subarray(['VIEW', 'ENCRYPT', 'DECRYPT', 'MANAGE'], { minLength: 1 })),
    context: fc.constantFrom(...contexts),
    minutes,
  })
  .filter(({ permissions }) => permissions === null || permissions.some((each) => each !== 'MANAGE'))
  .map((each) => {
    const isConditional =
      each.permissions === null ||
      each.permissions.includes('ENCRYPT') ||
      each.permissions.includes('DECRYPT')
    return isConditional ? each : { ...each, context: null }
  })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('add' as const),
      entries: fc.array(entry, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), subject }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('switch' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('transfer' as const),
      to: fc.constantFrom('user:olga', 'user:olga', 'group:ops', 'service-agent:Backup'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('bind' as const),
      subject: fc.constantFrom('user:alice', 'user:bob', 'group:ops', 'service-account:ci'),
      role: fc.constantFrom<Role>('KMS_USER', 'KMS_VIEWER', 'KMS_ENCRYPTER'),
      minutes,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
)

interface Listed extends Omit<Entry, 'minutes'> {
  readonly endsMs: number
}

/** What was done, and what follows from it at a moment. */
class Model {
  isOn = true
  owner = 'user:olga'
  list: Listed[] = []
  bindings: { subject: string; role: Role; endsMs: number }[] = []

  allows(who: (typeof people)[number], operation: string, context: Context, nowMs: number): boolean {
    const { person, is } = who
    if (is.length === 0) return false
    const bound = this.bindings.filter((each) => is.includes(each.subject) && each.endsMs > nowMs)
    const given = [...(person.roles ?? []), ...bound.map(({ role }) => role)]
    if (given.length === 0) return false
    const byRole = operation === 'VIEW' || given.some((role) => operationsOfRole[role]?.includes(operation))
    if (operation !== 'AUDIT' && !byRole) return false
    if (is.includes(this.owner)) return true
    const own = this.list.filter((each) => is.includes(each.subject) && each.endsMs > nowMs)
    if (operation === 'AUDIT') {
      return given.includes('PROJECT_ADMIN') && (this.isOn ? own.length > 0 : true)
    }
    if (!this.isOn) return person.kind !== 'SERVICE_AGENT'
    return own.some((each) => {
      if (operation === 'VIEW') return true
      if (each.permissions !== null && !each.permissions.includes(operation)) return false
      if (operation === 'MANAGE' || each.context === null) return true
      return Object.entries(each.context).every(
        ([name, value]) => new Map(Object.entries(context ?? {})).get(name) === value,
      )
    })
  }
}

const pairs = (context: Context) =>
  context && Object.entries(context).map(([name, value]) => ({ name, value }))

const endsAt = (nowMs: number, after: number | null) =>
  after === null ? Number.POSITIVE_INFINITY : nowMs + after * 60_000

const timeOf = (endsMs: number) => (Number.isFinite(endsMs) ? new Date(endsMs).toISOString() : null)

/** Whether a client can do each thing, by what it gets for trying. */
async function whatWorks(client: Client, keyId: string, opened: ReadonlyMap<Context, string>) {
  const works = new Map<string, boolean>()
  const text = `query($id: KeyRef!) { userKey(key: $id) { viewerCanAccess auditEvents(first: 1) { nodes { id } } } }`
  const { data } = await client.send(text, { id: keyId })
  works.set('VIEW', data?.userKey?.viewerCanAccess === true)
  works.set('AUDIT', (data?.userKey?.auditEvents ?? null) !== null)
  works.set('MANAGE', await succeeds(client, 'updateUserKey', { key: keyId, description: 'new' }))
  for (const context of contexts) {
    const at = JSON.stringify(context)
    const given = { context: pairs(context) }
    works.set(`ENCRYPT ${at}`, await succeeds(client, 'encrypt', { key: keyId, plaintext: '', ...given }))
    const ciphertext = opened.get(context) ?? ''
    works.set(`DECRYPT ${at}`, await succeeds(client, 'decrypt', { ciphertext, ...given }))
  }
  return works
}

async function succeeds(client: Client, name: string, input: object): Promise<boolean> {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const { data } = await client.send(
    `mutation($input: ${pascal}Input!) { result: ${name}(input: $input) { __typename } }`,
    { input },
  )
  return data?.result?.__typename === `${pascal}Payload`
}

async function asOwner(story: Story, model: Model): Promise<Client> {
  const owners: Readonly<Record<string, Person>> = {
    'user:olga': olga,
    'group:ops': { name: 'boss', groups: ['ops'], roles: ['PROJECT_ADMIN'] },
    'service-agent:Backup': { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['PROJECT_ADMIN'] },
  }
  return story.as(owners[model.owner] ?? olga)
}

describe.skipIf(hasNoDatabase())('access lists', () => {
  it('allow what roles, entries, contexts and the time allow together, whatever was done before', async () => {
    const story = await startStoryForTest({ RATE_LIMIT_UNITS_PER_MINUTE: '100000000' })
    const creator = story.as(olga)
    const created = await creator.mutate(
      'createUserKey',
      { name: 'cards', accessControl: { enabled: true } },
      'userKey { id }',
    )
    const keyId = created['userKey'].id
    const opened = new Map<Context, string>()
    for (const context of contexts) {
      const input = { key: keyId, plaintext: base64('x'), context: pairs(context) }
      opened.set(context, (await creator.mutate('encrypt', input, 'ciphertext'))['ciphertext'])
    }
    const steps = fc.sample(step, { numRuns: 40, seed: Number(process.env['SEED'] ?? 20_261_129) })
    const model = new Model()
    for (const [index, each] of steps.entries()) {
      const nowMs = story.clock.now().getTime()
      const owner = await asOwner(story, model)
      const done = async (name: string, input: object) => {
        const result = await owner.mutate(name, { key: keyId, allowLockout: true, ...input })
        expect([index, result.__typename]).toEqual([index, expect.stringMatching(/Payload$/)])
      }
      if (each.type === 'wait') story.clock.advance({ minutes: each.minutes })
      if (each.type === 'restart') await story.restart()
      if (each.type === 'bind') {
        const { role, subject: to } = each
        const endsMs = endsAt(nowMs, each.minutes)
        await creator.mutate('bindRole', { subject: to, role, expiresAt: timeOf(endsMs) })
        const others = model.bindings.filter((known) => known.subject !== to || known.role !== role)
        model.bindings = [...others, { subject: to, role, endsMs }]
      }
      if (each.type === 'transfer') {
        await done('transferOwnership', { to: each.to })
        model.owner = each.to
      }
      if (each.type === 'switch') {
        if (model.isOn) {
          const result = await owner.mutate('disableAccessControl', { key: keyId })
          expect(result.__typename).toBe('DisableAccessControlPayload')
        } else await done('enableAccessControl', {})
        model.isOn = !model.isOn
        model.list = []
      }
      if (each.type === 'add' && model.isOn) {
        const given = each.entries.map((one) => ({ ...one, endsMs: endsAt(nowMs, one.minutes) }))
        await done('addAllowedSubjects', {
          entries: given.map(({ subject: to, permissions, context, endsMs }) => ({
            subject: to,
            permissions,
            context: pairs(context),
            expiresAt: timeOf(endsMs),
          })),
        })
        const named = new Set(given.map(({ subject: to }) => to))
        model.list = [...model.list.filter((known) => !named.has(known.subject)), ...given]
      }
      if (each.type === 'remove' && model.isOn) {
        await done('removeAllowedSubjects', { subjects: [each.subject] })
        model.list = model.list.filter((known) => known.subject !== each.subject)
      }
      const laterMs = story.clock.now().getTime()
      for (const who of people) {
        const works = await whatWorks(story.as(who.person), keyId, opened)
        const expected = new Map(
          [...works.keys()].map((what) => {
            const [operation = '', context = 'null'] = what.split(' ')
            return [what, model.allows(who, operation, JSON.parse(context), laterMs)]
          }),
        )
        expect([index, each, who.person, works]).toEqual([index, each, who.person, expected])
      }
    }
  })
})
