import { type ExecutionResult, graphql, parse, subscribe } from 'graphql'
import { describe, expect, it, vi } from 'vitest'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import type {
  AuditEventView,
  FullUserKeyView,
  KeyVersionView,
  NodeView,
  RoleBindingView,
  ServiceKeyView,
} from '../../src/keys/reading/views.ts'
import type { AccessFacts } from '../../src/keys/rules/access.ts'
import { type Caller, formatSubject, type Role } from '../../src/keys/rules/caller.ts'
import { createContextFactory } from '../../src/schema/context.ts'
import { schema } from '../../src/schema/index.ts'
import type { Person } from '../support/story.ts'
import { fieldsOf, redactedValueOf, wholeSelectionOf } from './whole-selection.ts'

const date = new Date('2026-03-01T12:00:00Z')
const facts: AccessFacts = {
  kind: 'USER',
  projectId: 'shop',
  owner: 'user:olga',
  accessControlEnabled: true,
  allowedSubjects: ['user:bob'],
  accessEntries: [],
}

const anything = { permissions: null, context: null, expiresAt: null, note: '' }

function versionOf(accessFacts: AccessFacts): KeyVersionView {
  return {
    kind: 'VERSION',
    keyRestoredAt: null,
    id: 'kver_1',
    number: 1,
    status: 'ACTIVE',
    isDefault: true,
    createdAt: date,
    activatedAt: date,
    deactivatedAt: null,
    destroyScheduledFor: null,
    destroyedAt: null,
    publicKey: Buffer.from('public'),
    algorithm: 'ED25519',
    usage: 'SIGN_VERIFY',
    origin: 'KEYSTEAD',
    keyId: 'ukey_1',
    accessFacts,
  }
}

/** What a first lock that fails would hand out: the whole key, for whoever asks. */
function wholeKey(accessFacts: AccessFacts) {
  return {
    access: 'full',
    id: 'ukey_1',
    partialId: 'ukey_…1',
    name: 'orders',
    createdAt: date,
    uuid: 'uuid',
    accessFacts,
    status: 'ACTIVE',
    type: 'ASYMMETRIC',
    usage: 'SIGN_VERIFY',
    algorithm: 'ED25519',
    origin: 'KEYSTEAD',
    defaultVersion: versionOf(accessFacts),
    // Neither it nor `canProtect` is then what a redacted key answers.
    cannotProtectReason: null,
    automaticRotation: { enabled: true, cycleDays: 30 },
    lastRotatedAt: date,
    nextRotationAt: date,
    updatedAt: date,
    restoredAt: null,
    revision: 7,
  } as const
}

function wholeUserKey(accessFacts: AccessFacts = facts): FullUserKeyView {
  return {
    ...wholeKey(accessFacts),
    kind: 'USER',
    description: '',
    accessControlEnabled: accessFacts.accessControlEnabled,
    createdBy: 'user:olga',
    owner: 'user:olga',
    aliases: ['current'],
    labels: [{ name: 'team', value: 'payments' }],
    decryptableInGraph: true,
    keySet: {
      id: 'nSxyvkvmZkJLjHYSZ3zCbKfnPWSPzUYGcB1Jb4Hq_aQ',
      jwsAlgorithm: null,
      publishAheadHours: 24,
      tokenLifetimeMinutes: 60,
      next: null,
    },
    allowedSubjects: accessFacts.allowedSubjects,
    accessList: accessFacts.allowedSubjects.map((subject) => ({
      ...{ subject, permissions: null, context: null, expiresAt: null, note: '' },
      expired: false,
    })),
    permissions: ['VIEW', 'SIGN', 'VERIFY', 'MANAGE'],
  }
}

function wholeServiceKey(accessFacts: AccessFacts): ServiceKeyView {
  return { ...wholeKey(accessFacts), kind: 'SERVICE', service: 'Backup' }
}

function eventOf(accessFacts: AccessFacts | null, projectId = 'shop'): AuditEventView {
  return {
    kind: 'AUDIT_EVENT',
    id: 'audt_1',
    projectId,
    accessFacts,
    occurredAt: date,
    action: 'DECRYPT',
    outcome: 'SUCCEEDED',
    errorCode: null,
    actor: 'user:bob',
    actorDisplayName: 'Bob Example',
    tokenId: null,
    clientAddress: null,
    requestId: 'request',
    keyId: 'ukey_1',
    keyName: 'orders',
    keyDeleted: false,
    keyRevision: null,
    versionNumber: 1,
    versionNumbers: [1],
    context: [{ name: 'tenant', value: 'secret tenant' }],
    sourceContext: [],
    details: {},
  }
}

/** Twice the same event, as a stream would give of a view that it kept. */
async function* streamOf(event: object) {
  yield { event }
  yield { event }
}

/** Stands for the domain in a context: the views that it gives to everybody. */
interface CarelessParts {
  readonly views: readonly NodeView[]
}

function pageOf<T>(items: readonly T[]) {
  return {
    edges: items.map((node) => ({ cursor: 'cursor', node })),
    hasNextPage: false,
    hasPreviousPage: false,
    totalCount: async () => items.length,
  }
}

async function firstView({ views: [first] }: CarelessParts) {
  return first
}

vi.mock('../../src/keys/reading/nodes.ts', () => ({
  userKey: firstView,
  serviceKey: firstView,
  nodes: async ({ views: [first] }: CarelessParts, _call: unknown, ids: readonly string[]) =>
    ids.map(() => first),
  publicKey: async () => ({ pem: 'pem', jwk: {}, fingerprint: 'print', algorithm: 'ED25519' }),
}))
vi.mock('../../src/keys/reading/key-lists.ts', async (original) => ({
  ...(await original<object>()),
  userKeys: async ({ views }: CarelessParts) => pageOf(views),
}))
vi.mock('../../src/keys/reading/version-pages.ts', () => ({
  versionsByNumber: async (_parts: unknown, _call: unknown, wanted: readonly { key: FullUserKeyView }[]) =>
    wanted.map(({ key }) => versionOf(key.accessFacts)),
  versionPages: async (_parts: unknown, _call: unknown, keys: readonly FullUserKeyView[]) =>
    keys.map((key) => pageOf([versionOf(key.accessFacts)])),
  deletable: async (_parts: unknown, _call: unknown, keys: readonly unknown[]) => keys.map(() => true),
  usageOf: async (_parts: unknown, _call: unknown, versions: readonly unknown[]) =>
    versions.map(() => ({
      lastUsedAt: new Date(),
      encryptions: 1,
      remainingEncryptions: 2,
      nearLimit: false,
    })),
}))
vi.mock('../../src/keys/reading/audit-events.ts', async (original) => ({
  ...(await original<object>()),
  auditEvents: async ({ views }: CarelessParts) => pageOf(views),
  keyAuditEvents: async (_parts: unknown, _call: unknown, keys: readonly FullUserKeyView[]) =>
    keys.map(({ accessFacts }) => pageOf([eventOf(accessFacts)])),
}))
vi.mock('../../src/keys/reading/destroy-impact.ts', async (original) => ({
  ...(await original<object>()),
  usageByCaller: async (_parts: unknown, _call: unknown, versions: readonly unknown[]) =>
    versions.map(() => []),
  destroyImpact: async ({ views: [first] }: CarelessParts) => ({
    version: first,
    verdict: 'IN_USE',
    summary: 'user:bob signed with it once.',
    since: date,
    recordsSince: date,
    operations: 1,
    failedOperations: 0,
    callers: [],
  }),
}))
vi.mock('../../src/keys/reading/usage-series.ts', async (original) => ({
  ...(await original<object>()),
  versionUsageSeries: async (_parts: unknown, _call: unknown, versions: readonly unknown[]) =>
    versions.map(() => ({ interval: 'DAY', from: date, to: date, points: [] })),
}))
vi.mock('../../src/keys/changing/access-lists.ts', async (original) => ({
  ...(await original<object>()),
  enableAccessControl: firstView,
}))
vi.mock('../../src/keys/changing/user-keys.ts', async (original) => ({
  ...(await original<object>()),
  updateUserKey: firstView,
}))
vi.mock('../../src/keys/changing/versions.ts', async (original) => ({
  ...(await original<object>()),
  rotateUserKey: async ({ views: [first] }: CarelessParts) => ({ key: first, version: versionOf(facts) }),
}))
vi.mock('../../src/keys/watching/one-key.ts', () => ({
  keyEvents: async ({ views: [first] }: CarelessParts) => streamOf({ changes: [], key: first, at: date }),
}))
vi.mock('../../src/keys/watching/key-list.ts', async (original) => ({
  ...(await original<object>()),
  userKeysChanged: async ({ views }: CarelessParts) =>
    streamOf({ changedKeys: views, goneKeyIds: [], listAgain: false, at: date }),
}))

function contextOf(person: Person, views: readonly NodeView[]) {
  const { name, kind = 'USER', project = 'shop', groups = [] } = person
  const given: readonly Role[] = person.roles ?? ['PROJECT_ADMIN']
  const caller: Caller = {
    subject: formatSubject(kind, name),
    kind,
    name,
    groups,
    projectId: project,
    roles: new Set(given),
    tokenId: null,
    tokenExpiresAt: date,
  }
  const { signal } = new AbortController()
  const call = {
    caller,
    refreshCaller: async () => {},
    requestId: 'request',
    clientAddress: null,
    signal,
    charge: async () => {},
    loopTurn: async () => {},
  }
  const parts: CarelessParts = { views }
  return createContextFactory(parts as unknown as Dependencies)(call)
}

async function openStream(person: Person, views: readonly NodeView[], source: string) {
  const contextValue = contextOf(person, views)
  const events = await subscribe({ schema, document: parse(source), contextValue })
  if (!(Symbol.asyncIterator in events)) throw new Error('a stream is opened')
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  return events as AsyncGenerator<ExecutionResult<any>, void>
}

async function ask(person: Person, views: readonly NodeView[], source: string) {
  if (source.startsWith('subscription')) {
    const { value } = await (await openStream(person, views, source)).next()
    if (!value) throw new Error('a stream has an event')
    return value
  }
  const contextValue = contextOf(person, views)
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  return (await graphql({ schema, source, contextValue })) as ExecutionResult<any>
}

const visible = ['id', 'partialId', 'name', 'description', 'accessControlEnabled', 'createdAt', 'createdBy']
const hidden = fieldsOf('UserKey').filter((field) => ![...visible, 'viewerCanAccess'].includes(field))
const whole = wholeSelectionOf('UserKey')

const denied: readonly [string, Person, AccessFacts][] = [
  ['an administrator that is not on the list', { name: 'ada' }, facts],
  ['a user with the name of a group on the list', { name: 'x' }, { ...facts, allowedSubjects: ['group:x'] }],
  ['a service account with the name of the owner', { name: 'olga', kind: 'SERVICE_ACCOUNT' }, facts],
  ['the owner in another project', { name: 'olga', project: 'elsewhere' }, facts],
  [
    'a user with the name of a group that owns the key',
    { name: 'x', groups: ['y'] },
    { ...facts, owner: 'group:x' },
  ],
  [
    'a user with the name of a group of an entry',
    { name: 'x' },
    { ...facts, accessEntries: [{ ...anything, subject: 'group:x' }] },
  ],
  [
    'an agent, of a key without a list',
    { name: 'Backup', kind: 'SERVICE_AGENT' },
    { ...facts, accessControlEnabled: false },
  ],
  [
    'a user who was on the list, of a key without access control, in another project',
    { name: 'bob', project: 'x' },
    { ...facts, accessControlEnabled: false },
  ],
]

const queries = [
  ['userKey', `{ key: userKey(key: "orders") ${whole} }`],
  ['node', `{ key: node(id: "ukey_1") { ... on Key { ... on UserKey ${whole} } } }`],
  ['a list', `{ list: userKeys { nodes ${whole} } }`],
  [
    'an entity',
    `{ entities: _entities(representations: [{ __typename: "UserKey", id: "ukey_1" }]) { ... on UserKey ${whole} } }`,
  ],
  [
    'an event of a key',
    `subscription { event: keyEvents(key: "ukey_1") { key { ... on UserKey ${whole} } } }`,
  ],
  ['an event of a list', `subscription { event: userKeysChanged { changedKeys ${whole} } }`],
  [
    'the payload of a change',
    `mutation { result: updateUserKey(input: { key: "ukey_1" }) { ... on UpdateUserKeyPayload { key: userKey ${whole} } } }`,
  ],
  [
    'the payload of a change of access',
    `mutation { result: enableAccessControl(input: { key: "ukey_1", subjects: [] }) { ... on EnableAccessControlPayload { key: userKey ${whole} } } }`,
  ],
] as const

/** The key in the answer to one of these, wherever it is. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
function keyIn({ key, list, entities, result, event }: any): any {
  return key ?? list?.nodes[0] ?? entities?.[0] ?? result?.key ?? event?.key ?? event?.changedKeys[0]
}

describe('the schema, handed whole keys for callers that may not see them', () => {
  describe.each(denied)('to %s', (_who, person, accessFacts) => {
    it.each(queries)('hides every hidden field in %s', async (_what, source) => {
      const { data, errors } = await ask(person, [wholeUserKey(accessFacts)], source)
      expect(errors).toBeUndefined()
      const key = keyIn(data)
      expect(key.name).toBe('orders')
      expect(Object.fromEntries(hidden.map((field) => [field, key[field]]))).toEqual(
        Object.fromEntries(hidden.map((field) => [field, redactedValueOf(field)])),
      )
    })

    it('hides a version as a whole', async () => {
      const source = `{ node(id: "kver_1") ${'{ id ... on KeyVersion { number versionStatus key { id } } }'} }`
      const { data, errors } = await ask(person, [versionOf(accessFacts)], source)
      expect(data).toEqual({ node: null })
      expect(errors?.map(({ message }) => message)).toEqual([expect.stringContaining('You may not do this')])
      const single = `{ node(id: "kver_1") { ... on KeyVersion { deactivatedAt } } }`
      expect((await ask(person, [versionOf(accessFacts)], single)).data).toEqual({
        node: { deactivatedAt: null },
      })
    })
  })

  it.each([
    ['the owner', { name: 'olga' }],
    ['a subject on the list', { name: 'bob', roles: ['KMS_MANAGER'] }],
  ] satisfies [string, Person][])(
    'shows everything to %s, so that what is null above is hidden',
    async (_who, person) => {
      for (const [what, source] of queries) {
        const { data, errors } = await ask(person, [wholeUserKey()], source)
        expect(errors, what).toBeUndefined()
        const key = keyIn(data)
        for (const field of hidden) expect(key[field], `${what} ${field}`).not.toBe(redactedValueOf(field))
      }
    },
  )

  it('decides for each key of a list by itself', async () => {
    const mine = { ...facts, allowedSubjects: ['user:ada'] }
    const views = [wholeUserKey(), wholeUserKey(mine), wholeUserKey(), wholeUserKey({ ...mine })]
    const { data } = await ask(
      { name: 'ada' },
      views,
      '{ userKeys { nodes { status versions { totalCount } } } }',
    )
    const shown = { status: 'ACTIVE', versions: { totalCount: 1 } }
    const nothing = { status: null, versions: null }
    expect(data.userKeys.nodes).toEqual([nothing, shown, nothing, shown])
  })

  it('decides for each event of a stream by itself', async () => {
    // The view itself stays the same, as a scope's result that is remembered for it would.
    const changing = { ...facts, allowedSubjects: ['user:ada'] }
    const source = 'subscription { keyEvents(key: "ukey_1") { key { status } } }'
    const stream = await openStream({ name: 'ada' }, [wholeUserKey(changing)], source)
    expect((await stream.next()).value?.data).toEqual({ keyEvents: { key: { status: 'ACTIVE' } } })
    changing.allowedSubjects = []
    expect((await stream.next()).value?.data).toEqual({ keyEvents: { key: { status: null } } })
  })

  it('hides a service key of another project', async () => {
    const source = `{ serviceKey(by: { service: "Backup" }) ${wholeSelectionOf('ServiceKey')} }`
    const service: AccessFacts = { ...facts, kind: 'SERVICE', owner: null, accessControlEnabled: false }
    const seen = await ask({ name: 'ada' }, [wholeServiceKey(service)], source)
    expect(seen.data.serviceKey).toMatchObject({ status: 'ACTIVE', usage: 'SIGN_VERIFY' })
    const { data } = await ask({ name: 'ada', project: 'elsewhere' }, [wholeServiceKey(service)], source)
    expect(data.serviceKey).toMatchObject({ status: null, usage: null, versions: null, defaultVersion: null })
  })

  const oneEvent = '{ list: auditEvents { nodes { id action actor { id } context { name value } details } } }'

  it.each([
    ...denied.map(([who, person, accessFacts]) => [who, person, eventOf(accessFacts)] as const),
    [
      'a subject on the list with a role that may not read them',
      { name: 'bob', roles: ['PROJECT_MEMBER'] } as Person,
      eventOf(facts),
    ] as const,
    ['the owner without a role', { name: 'olga', roles: [] } as Person, eventOf(facts)] as const,
    [
      'the owner of a key with a role that may not read them, of no key',
      { name: 'olga', roles: ['PROJECT_MEMBER'] } as Person,
      eventOf(null),
    ] as const,
    ['an administrator, of another project and no key', { name: 'ada' }, eventOf(null, 'elsewhere')] as const,
  ])('hides an audit event as a whole to %s', async (_who, person, event) => {
    const asNode = await ask(person, [event], '{ node(id: "audt_1") { id } }')
    expect(asNode.data).toEqual({ node: null })
    expect(asNode.errors?.map(({ message }) => message)).toEqual([expect.stringContaining('You may not')])
    const inList = await ask(person, [event], oneEvent)
    expect(inList.data).toEqual({ list: null })
    expect(inList.errors?.length).toBeGreaterThan(0)
  })

  const binding: RoleBindingView = {
    kind: 'ROLE_BINDING',
    id: 'rolb_1',
    projectId: 'shop',
    subject: 'user:bob',
    role: 'KMS_USER',
    expiresAt: null,
    note: 'secret note',
    createdBy: 'user:ada',
    createdAt: date,
  }
  const oneBinding = '{ node(id: "rolb_1") { ... on RoleBinding { id note subject { id } } } }'

  it.each([
    ['a manager of all keys', { name: 'kim', roles: ['KMS_MANAGER'] }],
    ['its own subject', { name: 'bob', roles: ['PROJECT_MEMBER'] }],
    ['an administrator of another project', { name: 'ada', project: 'elsewhere' }],
  ] satisfies [string, Person][])('hides a role binding as a whole from %s', async (_who, person) => {
    const { data, errors } = await ask(person, [binding], oneBinding)
    expect(data).toEqual({ node: null })
    expect(errors?.length).toBeGreaterThan(0)
  })

  it('shows a role binding to an administrator, so that what is missing above is hidden', async () => {
    const { data } = await ask({ name: 'ada' }, [binding], oneBinding)
    expect(data).toEqual({ node: { id: 'rolb_1', note: 'secret note', subject: { id: 'user:bob' } } })
  })

  it.each([
    [
      'the owner, whatever its role',
      { name: 'olga', roles: ['KMS_VIEWER'] } as Person,
      eventOf(facts),
    ] as const,
    [
      'a member of the group that owns the key',
      { name: 'gwen', groups: ['owners'], roles: ['KMS_VIEWER'] } as Person,
      eventOf({ ...facts, owner: 'group:owners' }),
    ] as const,
    [
      'a subject on the list that may read them',
      { name: 'bob', roles: ['KMS_AUDITOR'] } as Person,
      eventOf(facts),
    ] as const,
    ['an administrator, of no key', { name: 'ada' } as Person, eventOf(null)] as const,
  ])('shows an audit event to %s, so that what is missing above is hidden', async (_who, person, event) => {
    const { data, errors } = await ask(person, [event], oneEvent)
    expect(errors).toBeUndefined()
    expect(data.list.nodes).toEqual([
      {
        ...{ id: 'audt_1', action: 'DECRYPT', actor: { id: 'user:bob' }, details: {} },
        context: [{ name: 'tenant', value: 'secret tenant' }],
      },
    ])
  })

  const impact = '{ destroyImpact(version: { id: "kver_1" }) { verdict summary callers { operations } } }'

  it.each([
    ...denied,
    ['a viewer on the list', { name: 'bob', roles: ['KMS_VIEWER'] }, facts],
    ['a member on the list that does not own it', { name: 'bob', roles: ['PROJECT_MEMBER'] }, facts],
  ] satisfies [string, Person, AccessFacts][])(
    'hides what the destruction of a version would mean from %s',
    async (_who, person, accessFacts) => {
      const { data, errors } = await ask(person, [versionOf(accessFacts)], impact)
      expect(data).toEqual({ destroyImpact: null })
      expect(errors?.length).toBeGreaterThan(0)
    },
  )

  it('tells who used a version, and when, to readers of the audit trail and the owner only', async () => {
    const usage = `{ node(id: "kver_1") { ... on KeyVersion { number usageByCaller { operations }
      usageSeries(from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", interval: DAY) { points { start } } } } }`
    for (const [name, role, callers] of [
      ['bob', 'KMS_VIEWER', null],
      ['bob', 'KMS_AUDITOR', []],
      ['olga', 'KMS_VIEWER', []],
    ] as const) {
      const { data } = await ask({ name, roles: [role] }, [versionOf(facts)], usage)
      const usageSeries = callers && { points: [] }
      expect(data.node).toEqual({ number: 1, usageByCaller: callers, usageSeries })
    }
    for (const role of ['PROJECT_MEMBER', 'KMS_MANAGER'] as const) {
      const asked = await ask({ name: 'olga', roles: [role] }, [versionOf(facts)], impact)
      expect(asked.data.destroyImpact).toMatchObject({ verdict: 'IN_USE', callers: [] })
    }
  })

  it('asks for a viewing role before the domain is asked', async () => {
    const { data, errors } = await ask({ name: 'olga', roles: [] }, [wholeUserKey()], queries[0][1])
    expect(data).toEqual({ key: null })
    expect(errors?.map(({ message }) => message)).toEqual([expect.stringContaining('You may not do this')])
  })
})
