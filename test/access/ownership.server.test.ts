import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

describe.skipIf(hasNoDatabase())('the owner of a key', () => {
  let story: Story
  let made = 0
  beforeAll(async () => {
    story = await startStory()
  })
  afterAll(() => endStory(story))

  async function createKey(by: Person, accessControl: object | null = null): Promise<string> {
    made += 1
    const input = { name: `key-${made}`, accessControl }
    return (await story.as(by).mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  }

  async function transfer(by: Person, keyId: string, to: string, more: object = {}): Promise<string> {
    const { data, errors } = await story
      .as(by)
      .send(
        'mutation($input: TransferOwnershipInput!) { result: transferOwnership(input: $input) { __typename } }',
        { input: { key: keyId, to, ...more } },
      )
    return errors[0]?.extensions.code ?? data.result.__typename
  }

  async function ownerOf(keyId: string, by: Person = mia): Promise<string | undefined> {
    const { userKey } = await story
      .as(by)
      .ask<{ userKey: { owner: { id: string } | null } }>(
        'query($id: KeyRef!) { userKey(key: $id) { owner { id } } }',
        { id: keyId },
      )
    return userKey.owner?.id
  }

  it('gives its key away, and keeps what its roles give', async () => {
    const keyId = await createKey(olga)
    expect(await transfer(olga, keyId, 'user:bob')).toBe('TransferOwnershipPayload')
    expect(await ownerOf(keyId)).toBe('user:bob')
    expect(await transfer(olga, keyId, 'user:olga')).toBe('ForbiddenError')
  })

  it('gives its key away whatever its role, though it cannot manage it', async () => {
    const keyId = await createKey(mia)
    await transfer(mia, keyId, 'user:una')
    const una: Person = { name: 'una', roles: ['KMS_VIEWER'] }
    const result = await story.as(una).mutate('updateUserKey', { key: keyId, description: '' })
    expect(result).toMatchObject({ __typename: 'ForbiddenError', code: 'FORBIDDEN' })
    expect(await transfer({ ...una, roles: [] }, keyId, 'user:bob')).toBe('ForbiddenError')
    expect(await transfer(una, keyId, 'user:bob')).toBe('TransferOwnershipPayload')
  })

  it('must say so if it locks itself out', async () => {
    const keyId = await createKey(olga, { enabled: true })
    expect(await transfer(olga, keyId, 'user:bob')).toBe('LockoutError')
    expect(await ownerOf(keyId, olga)).toBe('user:olga')
    expect(await transfer(olga, keyId, 'user:bob', { allowLockout: true })).toBe('TransferOwnershipPayload')
    expect(await ownerOf(keyId, olga)).toBeUndefined()
    expect(await ownerOf(keyId, { name: 'bob', roles: ['KMS_VIEWER'] })).toBe('user:bob')
  })

  it('can be changed by managers that see the key, and by nobody else', async () => {
    const closed = await createKey(olga, { enabled: true, allowedSubjects: ['user:bob', 'user:max'] })
    const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
    expect(await transfer(admin, closed, 'user:ada')).toBe('ForbiddenError')
    expect(await transfer({ name: 'bob', roles: ['KMS_USER'] }, closed, 'user:bob')).toBe('ForbiddenError')
    expect(await transfer({ ...admin, project: 'elsewhere' }, closed, 'user:ada')).toBe('KeyNotFoundError')
    expect(await transfer({ name: 'max', roles: ['KMS_MANAGER'] }, closed, 'user:max')).toBe(
      'TransferOwnershipPayload',
    )
    const listed = await createKey(olga, {
      enabled: true,
      entries: [{ subject: 'user:max', permissions: ['ENCRYPT'] }],
    })
    expect(await transfer({ name: 'max', roles: ['KMS_MANAGER'] }, listed, 'user:max')).toBe('ForbiddenError')
  })

  it('in another project is somebody else of the same name, who gains nothing', async () => {
    const keyId = await createKey(olga, { enabled: true })
    const elsewhere: Person = { name: 'zoe', roles: ['PROJECT_ADMIN'], project: 'elsewhere' }
    await transfer(olga, keyId, 'user:zoe', { allowLockout: true })
    expect(
      await story.as(elsewhere).ask('query($id: KeyRef!) { userKey(key: $id) { id } }', { id: keyId }),
    ).toEqual({ userKey: null })
  })

  it('may be a group: all of its members own the key then, as far as their roles go', async () => {
    const keyId = await createKey(olga, { enabled: true })
    await transfer(olga, keyId, 'group:ops', { allowLockout: true })
    const member: Person = { name: 'gil', groups: ['ops'], roles: ['PROJECT_MEMBER'] }
    expect(await ownerOf(keyId, member)).toBe('group:ops')
    const result = await story.as(member).mutate('updateUserKey', { key: keyId, description: 'ours' })
    expect(result.__typename).toBe('UpdateUserKeyPayload')
    expect(await ownerOf(keyId, { ...member, groups: ['Ops'] })).toBeUndefined()
    const { userKeys } = await story
      .as(member)
      .ask<{ userKeys: { nodes: { id: string }[] } }>(
        '{ userKeys(first: 200, filter: { status: [ACTIVE], accessControlEnabled: true }) { nodes { id } } }',
      )
    expect(userKeys.nodes).toContainEqual({ id: keyId })
  })

  it('may be a service agent, for which the key exists then', async () => {
    const keyId = await createKey(olga)
    await transfer(olga, keyId, 'service-agent:backup')
    const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_USER'] }
    expect(await ownerOf(keyId, agent)).toBe('service-agent:Backup')
  })

  it('that is taken off everything else stays the owner', async () => {
    const keyId = await createKey(olga, { enabled: true, allowedSubjects: ['user:olga', 'user:mia'] })
    await story.as(mia).mutate('removeAllowedSubjects', { key: keyId, subjects: ['user:olga'] })
    expect(await ownerOf(keyId, olga)).toBe('user:olga')
    const narrow = { key: keyId, entries: [{ subject: 'user:olga', permissions: ['VIEW'] }] }
    await story.as(mia).mutate('addAllowedSubjects', narrow)
    const encrypted = await story.as(olga).mutate('encrypt', { key: keyId, plaintext: '' })
    expect(encrypted.__typename).toBe('EncryptPayload')
  })

  it.each(['group:', 'system:rotation', 'bob', 'service-agent:bad_name', 'user: bob'])(
    'cannot be %s',
    async (to) => {
      expect(await transfer(olga, await createKey(olga), to)).toBe('InputValidationError')
    },
  )

  it('is named with its predecessor in the trail, and a transfer to itself changes nothing', async () => {
    const keyId = await createKey(olga)
    expect(await transfer(olga, keyId, 'user:olga')).toBe('TransferOwnershipPayload')
    await transfer(olga, keyId, 'user:bob', { expectedRevision: 1 })
    expect(await transfer(mia, keyId, 'user:carl', { expectedRevision: 1 })).toBe('ConflictError')
    const { auditEvents } = await story.as(mia).ask<{ auditEvents: { nodes: object[] } }>(
      `query($filter: AuditEventFilter!) { auditEvents(filter: $filter) {
        nodes { outcome keyRevision details actor { id } } } }`,
      { filter: { key: keyId, action: ['TRANSFER_OWNERSHIP'] } },
    )
    expect(auditEvents.nodes).toEqual([
      { outcome: 'FAILED', keyRevision: null, actor: { id: 'user:mia' }, details: {} },
      {
        outcome: 'SUCCEEDED',
        keyRevision: 2,
        actor: { id: 'user:olga' },
        details: { from: 'user:olga', to: 'user:bob' },
      },
    ])
  })

  describe('reads the trail of its keys', () => {
    const events = `query($filter: AuditEventFilter) { auditEvents(filter: $filter) { totalCount nodes { id } } }`
    const owner: Person = { name: 'olga', roles: ['KMS_VIEWER'] }

    async function codeOf(by: Person, filter: object | null): Promise<string | null> {
      return (await story.as(by).send(events, { filter })).errors[0]?.extensions.code ?? null
    }

    it('whatever its role, on the key, by its filter and by the ID of an event', async () => {
      const keyId = await createKey(olga)
      const client: Client = story.as(owner)
      const { auditEvents } = await client.ask<{ auditEvents: { nodes: { id: string }[] } }>(events, {
        filter: { key: keyId },
      })
      expect(auditEvents).toMatchObject({ totalCount: 1 })
      const { userKey } = await client.ask<{ userKey: object }>(
        'query($id: KeyRef!) { userKey(key: $id) { viewerPermissions auditEvents { nodes { id } } } }',
        { id: keyId },
      )
      expect(userKey).toEqual({
        viewerPermissions: ['VIEW', 'READ_AUDIT'],
        auditEvents: { nodes: auditEvents.nodes },
      })
      const [event] = auditEvents.nodes
      const byId = 'query($id: ID!) { node(id: $id) { id } }'
      expect(await client.ask(byId, event)).toEqual({ node: event })
      expect(await story.as({ ...owner, name: 'other' }).ask(byId, event)).toEqual({ node: null })
    })

    it('but neither that of other keys nor what is about no key', async () => {
      await createKey(olga)
      const other = await createKey(mia)
      for (const filter of [null, {}, { key: other }, { key: 'ukey_01h455vb4pex5vsknk084sn02q' }]) {
        expect(await codeOf(owner, filter)).toBe('FORBIDDEN')
      }
      await story.as({ ...mia, roles: ['KMS_USER'] }).mutate('generateRandom', { lengthBytes: 1 })
      const { auditEvents } = await story.as(mia).ask<{ auditEvents: { nodes: { id: string }[] } }>(events, {
        filter: { action: ['GENERATE_RANDOM'] },
      })
      const [event] = auditEvents.nodes
      expect(event).toBeDefined()
      expect(await story.as(owner).ask('query($id: ID!) { node(id: $id) { id } }', event)).toEqual({
        node: null,
      })
    })

    it('and an event of another key takes it as many statements as one that never was', async () => {
      const other = await createKey(mia)
      const { auditEvents } = await story
        .as(mia)
        .ask<{ auditEvents: { nodes: { id: string }[] } }>(events, { filter: { key: other } })
      const [event] = auditEvents.nodes
      const client = story.as(owner)
      const look = async (id: string | undefined) => {
        story.takeStatements()
        const { text } = await client.send('query($id: ID!) { node(id: $id) { id } }', { id })
        return { text, statements: story.takeStatements() }
      }
      await look(event?.id)
      expect(await look(event?.id)).toEqual(await look('audt_01h455vb4pex5vsknk084sn02q'))
    })

    it('no longer, once somebody else owns them, and the new owner at once', async () => {
      const keyId = await createKey(olga)
      expect(await codeOf(owner, { key: keyId })).toBeNull()
      await transfer(olga, keyId, 'group:ops')
      expect(await codeOf(owner, { key: keyId })).toBe('FORBIDDEN')
      expect(await codeOf({ name: 'gil', groups: ['ops'], roles: ['KMS_VIEWER'] }, { key: keyId })).toBeNull()
    })

    it('also of a key that is deleted', async () => {
      made += 1
      const created = await story
        .as(olga)
        .mutate('createUserKey', { name: `key-${made}`, preActivation: true }, 'userKey { id }')
      const keyId = created['userKey'].id
      await story.as(olga).mutate('deleteUserKey', { key: keyId, confirmName: `key-${made}` })
      expect(await codeOf(owner, { key: keyId })).toBeNull()
      expect(await codeOf({ ...owner, name: 'other' }, { key: keyId })).toBe('FORBIDDEN')
    })
  })
})
