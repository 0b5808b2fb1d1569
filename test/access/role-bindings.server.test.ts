import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Role, roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  endStory,
  type Person,
  type Story,
  startStory,
  startStoryForTest,
} from '../support/story.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const alice: Person = { name: 'alice' }
const minute = 60_000

const viewer = '{ viewer { roles boundRoles permissions } }'
const list = '{ roleBindings { nodes { subject { id } role expiresAt note createdBy { id } } totalCount } }'

/** Runs a mutation; gives the code of its error, or null. */
async function codeOf(
  client: Client,
  name: 'bindRole' | 'unbindRole',
  input: object,
): Promise<string | null> {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const data = await client.ask<Record<string, { code?: string }>>(
    `mutation($input: ${pascal}Input!) { ${name}(input: $input) { __typename ... on UserError { code } } }`,
    { input },
  )
  return data[name]?.code ?? null
}

async function rolesOf(story: Story, person: Person): Promise<string[]> {
  const { viewer: seen } = await story.as(person).ask<{ viewer: { roles: string[] } }>(viewer)
  return seen.roles.toSorted()
}

async function createKeyOutcome(client: Client, name: string): Promise<string> {
  return (await client.mutate('createUserKey', { name })).__typename
}

describe.skipIf(hasNoDatabase())('a role binding', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  it('gives what the role gives from the next request on, and unbinding takes it', async () => {
    const client = story.as(alice)
    expect(await createKeyOutcome(client, 'first')).toBe('ForbiddenError')
    const bound = await story
      .as(ada)
      .mutate(
        'bindRole',
        { subject: 'user:alice', role: 'KMS_MANAGER', note: 'on call' },
        'roleBinding { id subject { id } role expiresAt note createdBy { id } createdAt }',
      )
    expect(bound['roleBinding']).toEqual({
      id: expect.stringMatching(/^rolb_/),
      subject: { id: 'user:alice' },
      role: 'KMS_MANAGER',
      expiresAt: null,
      note: 'on call',
      createdBy: { id: 'user:ada' },
      createdAt: story.clock.now().toISOString(),
    })
    expect(await createKeyOutcome(client, 'first')).toBe('CreateUserKeyPayload')
    expect(
      await codeOf(story.as(ada), 'unbindRole', { subject: 'user:alice', role: 'KMS_MANAGER' }),
    ).toBeNull()
    expect(await createKeyOutcome(client, 'second')).toBe('ForbiddenError')
  })

  it('adds to the roles of the token, and says which those are', async () => {
    const reader: Person = { name: 'rita', roles: ['KMS_VIEWER'] }
    await story.as(ada).mutate('bindRole', { subject: 'user:rita', role: 'KMS_USER' })
    await story.as(ada).mutate('bindRole', { subject: 'user:rita', role: 'KMS_VIEWER' })
    const { viewer: seen } = await story.as(reader).ask<{ viewer: object }>(viewer)
    expect(seen).toEqual({
      roles: expect.arrayContaining(['KMS_VIEWER', 'KMS_USER']),
      boundRoles: ['KMS_USER'],
      permissions: [
        'VIEW',
        ...['ENCRYPT', 'DECRYPT', 'SIGN', 'VERIFY', 'GENERATE_MAC', 'VERIFY_MAC'],
        ...['ENCAPSULATE', 'DECAPSULATE', 'DERIVE'],
      ],
    })
  })

  it('counts for all members of a group, and for nobody of another kind or project with that name', async () => {
    await story.as(ada).mutate('bindRole', { subject: 'group:payments', role: 'KMS_USER' })
    await story.as(ada).mutate('bindRole', { subject: 'service-account:ci', role: 'KMS_USER' })
    const given = async (person: Person) => await rolesOf(story, person)
    expect(await given({ name: 'mia', groups: ['payments'] })).toEqual(['KMS_USER'])
    expect(await given({ name: 'ci', kind: 'SERVICE_ACCOUNT' })).toEqual(['KMS_USER'])
    for (const other of [
      { name: 'ci' },
      { name: 'payments' },
      { name: 'mia', groups: ['Payments'] },
      { name: 'mia', groups: ['payments'], project: 'other' },
      { name: 'ci', kind: 'SERVICE_ACCOUNT', project: 'other' },
    ] as const) {
      expect([other, await given(other)]).toEqual([other, []])
    }
  })

  it('of a group counts for a service agent in it, which cannot be bound itself', async () => {
    await story.as(ada).mutate('bindRole', { subject: 'group:platform', role: 'KMS_USER' })
    const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', groups: ['platform'] }
    expect(await rolesOf(story, agent)).toEqual(['KMS_USER'])
  })

  it('explains access to those who may know of it, and leaves it open for others', async () => {
    const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
    const { userKey } = await story.as(owner).mutate('createUserKey', { name: 'explained' }, 'userKey { id }')
    await story.as(ada).mutate('bindRole', { subject: 'user:uma', role: 'KMS_USER' })
    await story.as(ada).mutate('bindRole', { subject: 'group:users', role: 'KMS_USER' })
    const explain = async (asker: Person, groups: string) =>
      (
        await story.as(asker).ask<{ explainAccess: { allowed: boolean | null } }>(
          `{ explainAccess(key: "${userKey.id}", subject: "user:uma", groups: ${groups}, roles: [], operation: ENCRYPT, context: []) {
               allowed grantedBy { kind roles } } }`,
        )
      ).explainAccess
    expect(await explain(ada, '[]')).toMatchObject({
      allowed: true,
      grantedBy: [{ kind: 'NO_ACCESS_CONTROL' }, { kind: 'ROLE_BINDING', roles: ['KMS_USER'] }],
    })
    const unknown = { allowed: null, grantedBy: [{ kind: 'NO_ACCESS_CONTROL', roles: [] }] }
    expect(await explain(owner, '[]')).toEqual(unknown)
    expect(await explain(owner, '["users", "none"]')).toEqual(unknown)
  })

  it('ends by itself', async () => {
    const expiresAt = new Date(story.clock.now().getTime() + 5 * minute).toISOString()
    await story.as(ada).mutate('bindRole', { subject: 'user:temp', role: 'KMS_USER', expiresAt })
    expect(await rolesOf(story, { name: 'temp' })).toEqual(['KMS_USER'])
    story.clock.advance({ ms: 5 * minute - 1 })
    expect(await rolesOf(story, { name: 'temp' })).toEqual(['KMS_USER'])
    story.clock.advance({ ms: 1 })
    expect(await rolesOf(story, { name: 'temp' })).toEqual([])
    expect((await story.as(ada).send(list)).text).not.toContain('user:temp')
  })

  it('lets its subject do nothing with a key on whose list it is not', async () => {
    const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
    const { userKey } = await story
      .as(owner)
      .mutate('createUserKey', { name: 'closed', accessControl: { enabled: true } }, 'userKey { id }')
    await story.as(ada).mutate('bindRole', { subject: 'user:bob', role: 'PROJECT_ADMIN' })
    const input = { key: userKey.id, plaintext: base64('hi') }
    const result = await story.as({ name: 'bob' }).mutate('encrypt', input)
    expect(result.__typename).toBe('ForbiddenError')
    const { userKey: seen } = await story
      .as({ name: 'bob' })
      .ask<{ userKey: object }>('{ userKey(key: "closed") { viewerCanAccess owner { id } } }')
    expect(seen).toEqual({ viewerCanAccess: false, owner: null })
  })

  it('is on record with what it gives; the trail shows it as about no key', async () => {
    await story.as(ada).mutate('bindRole', { subject: 'user:carl', role: 'KMS_USER', note: 'audited' })
    await story.as(ada).mutate('bindRole', { subject: 'user:carl', role: 'KMS_USER', note: 'audited' })
    await story.as(ada).mutate('unbindRole', { subject: 'user:carl', role: 'KMS_USER' })
    await story.as(ada).mutate('unbindRole', { subject: 'user:carl', role: 'KMS_USER' })
    await story
      .as(alice)
      .send('mutation { bindRole(input: { subject: "user:alice", role: PROJECT_ADMIN }) { __typename } }')
    const { auditEvents } = await story.as(ada).ask<{ auditEvents: { nodes: object[] } }>(
      `{ auditEvents(first: 3, filter: { action: [BIND_ROLE, UNBIND_ROLE] }) {
           nodes { action outcome actor { id } keyId liveKey { id } keyRevision details } } }`,
    )
    const about = { keyId: null, liveKey: null, keyRevision: null }
    expect(auditEvents.nodes).toEqual([
      { action: 'BIND_ROLE', outcome: 'DENIED', actor: { id: 'user:alice' }, ...about, details: {} },
      {
        action: 'UNBIND_ROLE',
        outcome: 'SUCCEEDED',
        actor: { id: 'user:ada' },
        ...about,
        details: { subject: 'user:carl', role: 'KMS_USER' },
      },
      {
        action: 'BIND_ROLE',
        outcome: 'SUCCEEDED',
        actor: { id: 'user:ada' },
        ...about,
        details: { subject: 'user:carl', role: 'KMS_USER', note: 'audited' },
      },
    ])
  })

  it('is replaced under the same ID, which finds it as a node for administrators alone', async () => {
    const bind = async (input: object) =>
      (
        await story
          .as(ada)
          .mutate('bindRole', { subject: 'user:dora', role: 'KMS_USER', ...input }, 'roleBinding { id note }')
      )['roleBinding']
    const first = await bind({ note: 'first' })
    expect(await bind({ note: 'second' })).toEqual({ id: first.id, note: 'second' })
    const asked = `{ node(id: "${first.id}") { id ... on RoleBinding { note } } }`
    expect(await story.as(ada).ask(asked)).toEqual({ node: { id: first.id, note: 'second' } })
    for (const person of [
      { name: 'kim', roles: ['KMS_MANAGER'] },
      { name: 'ada', roles: ['PROJECT_ADMIN'], project: 'other' },
    ] as const) {
      expect(await story.as(person).ask(asked)).toEqual({ node: null })
    }
  })

  it.each(roles.filter((role) => role !== 'PROJECT_ADMIN'))(
    'can neither be made, removed nor read with the role %s',
    async (role) => {
      const client = story.as({ name: 'eve', roles: [role] })
      for (const name of ['bindRole', 'unbindRole'] as const) {
        expect(await codeOf(client, name, { subject: 'user:eve', role: 'PROJECT_ADMIN' })).toBe('FORBIDDEN')
      }
      expect((await client.send(list)).errors[0]?.extensions.code).toBe('FORBIDDEN')
      expect(await rolesOf(story, { name: 'eve', roles: [role] })).toEqual([role])
    },
  )

  it.each([
    ['an agent', { subject: 'service-agent:Backup' }, 'subject'],
    ['the system', { subject: 'system:rotation' }, 'subject'],
    ['no subject', { subject: 'alice' }, 'subject'],
    ['a name that no token can have', { subject: 'user:a\u200bb' }, 'subject'],
    ['an end in the past', { expiresAt: '2026-01-01T00:00:00Z' }, 'expiresAt'],
    ['a long note', { note: 'x'.repeat(257) }, 'note'],
    ['a note with a hidden character', { note: 'a\u202eb' }, 'note'],
  ])('with %s is refused', async (_case, input, path) => {
    const result = await story
      .as(ada)
      .mutate(
        'bindRole',
        { subject: 'user:zoe', role: 'KMS_USER', ...input },
        '',
        '... on InputValidationError { issues { path } }',
      )
    expect(result).toMatchObject({ __typename: 'InputValidationError', issues: [{ path: [path] }] })
  })

  it('to an unknown role is refused', async () => {
    const answer = await story
      .as(ada)
      .send('mutation { bindRole(input: { subject: "user:zoe", role: ROOT }) { __typename } }')
    expect([answer.status, answer.errors[0]?.extensions.code]).toEqual([400, 'BAD_REQUEST'])
  })
})

describe.skipIf(hasNoDatabase())('the last administrator of a project', () => {
  /** A project whose tokens give no roles. */
  async function startBound(): Promise<{ story: Story; bob: Client }> {
    const story = await startStoryForTest()
    await story.as(ada).mutate('bindRole', { subject: 'user:bob', role: 'PROJECT_ADMIN' })
    return { story, bob: story.as({ name: 'bob' }) }
  }
  const bobIsAdmin = { subject: 'user:bob', role: 'PROJECT_ADMIN' }
  const soon = (story: Story, minutes: number) =>
    new Date(story.clock.now().getTime() + minutes * minute).toISOString()

  it('cannot unbind itself, nor put an end to its binding, without saying so', async () => {
    const { story, bob } = await startBound()
    expect(await codeOf(bob, 'unbindRole', bobIsAdmin)).toBe('LOCKOUT')
    expect(await codeOf(bob, 'bindRole', { ...bobIsAdmin, expiresAt: soon(story, 5) })).toBe('LOCKOUT')
    // Another one for a shorter time does not do.
    const other = { subject: 'user:eve', role: 'PROJECT_ADMIN', expiresAt: soon(story, 60) }
    expect(await codeOf(bob, 'bindRole', other)).toBeNull()
    expect(await codeOf(bob, 'unbindRole', bobIsAdmin)).toBe('LOCKOUT')
    expect(await rolesOf(story, { name: 'bob' })).toEqual(['PROJECT_ADMIN'])
    expect(await codeOf(bob, 'unbindRole', { ...bobIsAdmin, allowLockout: true })).toBeNull()
    expect(await rolesOf(story, { name: 'bob' })).toEqual([])
  })

  it('can go once there is another one, or where tokens make administrators', async () => {
    const { story, bob } = await startBound()
    expect(await codeOf(bob, 'bindRole', { subject: 'group:admins', role: 'PROJECT_ADMIN' })).toBeNull()
    expect(await codeOf(bob, 'unbindRole', bobIsAdmin)).toBeNull()
    expect(await codeOf(bob, 'unbindRole', bobIsAdmin)).toBe('FORBIDDEN')
    expect(
      await codeOf(story.as(ada), 'unbindRole', { subject: 'group:admins', role: 'PROJECT_ADMIN' }),
    ).toBeNull()
  })

  it('of two that unbind each other at once, one stays', async () => {
    const { story, bob } = await startBound()
    await bob.mutate('bindRole', { subject: 'user:carl', role: 'PROJECT_ADMIN' })
    const carl = story.as({ name: 'carl' })
    const codes = await Promise.all([
      codeOf(bob, 'unbindRole', { subject: 'user:carl', role: 'PROJECT_ADMIN' }),
      codeOf(carl, 'unbindRole', bobIsAdmin),
    ])
    expect(codes.filter((code) => code === null)).toHaveLength(1)
    const left = [await rolesOf(story, { name: 'bob' }), await rolesOf(story, { name: 'carl' })]
    expect(left.filter((given) => given.includes('PROJECT_ADMIN'))).toHaveLength(1)
  })
})

describe.skipIf(hasNoDatabase())('the list of role bindings', () => {
  it('goes through all of them in pages, forwards and backwards, in one order', async () => {
    const story = await startStoryForTest()
    const client = story.as(ada)
    const names = ['user:b', 'group:z', 'user:a', 'service-account:m']
    for (const subject of names) await client.mutate('bindRole', { subject, role: 'KMS_USER' })
    await client.mutate('bindRole', { subject: 'user:a', role: 'KMS_MANAGER' })
    const expected = [
      'group:z KMS_USER',
      'service-account:m KMS_USER',
      'user:a KMS_MANAGER',
      'user:a KMS_USER',
      'user:b KMS_USER',
    ]
    const read = async (size: string, next: string, cursor: 'endCursor' | 'startCursor') => {
      const seen: string[] = []
      for (let position: string | null = null; ; ) {
        const { roleBindings }: Record<'roleBindings', BindingPage> = await client.ask(
          `query($cursor: String) { roleBindings(${size}: 2, ${next}: $cursor) {
             nodes { subject { id } role } totalCount pageInfo { startCursor endCursor } } }`,
          { cursor: position },
        )
        expect(roleBindings.totalCount).toBe(5)
        const texts = roleBindings.nodes.map(({ subject, role }) => `${subject.id} ${role}`)
        if (texts.length === 0) return seen
        if (size === 'first') seen.push(...texts)
        else seen.unshift(...texts)
        position = roleBindings.pageInfo[cursor]
      }
    }
    expect(await read('first', 'after', 'endCursor')).toEqual(expected)
    expect(await read('last', 'before', 'startCursor')).toEqual(expected)
    const { roleBindings } = await client.ask<Record<'roleBindings', BindingPage>>(
      '{ roleBindings(filter: { subject: "user:a", role: [KMS_USER] }) { nodes { subject { id } role } totalCount } }',
    )
    expect(roleBindings).toEqual({ nodes: [{ subject: { id: 'user:a' }, role: 'KMS_USER' }], totalCount: 1 })
  })
})

interface BindingPage {
  readonly nodes: readonly { readonly subject: { readonly id: string }; readonly role: Role }[]
  readonly totalCount: number
  readonly pageInfo: Record<'startCursor' | 'endCursor', string | null>
}
