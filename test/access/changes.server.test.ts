import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { outcomeOf } from './key-mutations.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'], groups: ['operations'] }
const bob: Person = { name: 'bob', roles: ['KMS_USER'], groups: ['payments'] }

describe.skipIf(hasNoDatabase())('a change of access', () => {
  let story: Story
  let count = 0
  // Nothing that is cached gets old in these tests: what they see is that caches are told.
  beforeAll(async () => {
    story = await startStory({ CACHE_LIFETIME_MS: '60000' })
  })
  afterAll(() => endStory(story))

  /** A key of olga's, and a ciphertext of it. */
  async function createKey(allowedSubjects: readonly string[] | null = null) {
    const name = `key-${++count}`
    const accessControl = allowedSubjects && { enabled: true, allowedSubjects }
    const created = await story.as(olga).mutate('createUserKey', { name, accessControl }, 'userKey { id }')
    const keyId = created['userKey'].id as string
    const plaintext = base64('hello')
    const { ciphertext } = await story.as(olga).mutate('encrypt', { key: keyId, plaintext }, 'ciphertext')
    return { name, keyId, ciphertext: ciphertext as string }
  }

  /** Whether the person sees the key whole, and can decrypt: both must say the same. */
  async function hasAccess(person: Person, key: { name: string; ciphertext: string }): Promise<boolean> {
    const client = story.as(person)
    const { userKey } = await client.ask<{ userKey: { viewerCanAccess: boolean; status: string | null } }>(
      `{ userKey(key: "${key.name}") { viewerCanAccess status } }`,
    )
    const outcome = await outcomeOf(client, 'decrypt', { ciphertext: key.ciphertext })
    expect(outcome).toBe(userKey.viewerCanAccess ? 'DecryptPayload' : 'ForbiddenError')
    expect(userKey.status).toBe(userKey.viewerCanAccess ? 'ACTIVE' : null)
    return userKey.viewerCanAccess
  }

  async function listOf(keyId: string): Promise<{ accessControlEnabled: boolean; allowed: string[] }> {
    const { userKey } = await story
      .as(olga)
      .ask<{ userKey: { accessControlEnabled: boolean; allowedSubjects: { id: string }[] } }>(
        `{ userKey(key: "${keyId}") { accessControlEnabled allowedSubjects { id } } }`,
      )
    const { accessControlEnabled, allowedSubjects } = userKey
    return { accessControlEnabled, allowed: allowedSubjects.map(({ id }) => id) }
  }

  const change = async (client: Client, name: string, input: object) => {
    expect(await outcomeOf(client, name, input)).toBe(
      `${name.charAt(0).toUpperCase()}${name.slice(1)}Payload`,
    )
  }

  it('holds from the next request on, also for a key that is warm in the cache', async () => {
    const key = await createKey()
    const { keyId } = key
    const owner = story.as(olga)
    expect([await hasAccess(bob, key), await hasAccess(ada, key)]).toEqual([true, true])
    story.takeStatements()
    await change(story.as(bob), 'decrypt', { ciphertext: key.ciphertext })
    // The key is warm: only the audit trail was written, and no key was read.
    expect(story.takeStatements().filter((sql) => !/audit_events/.test(sql))).toEqual([])
    await change(owner, 'enableAccessControl', { key: keyId, subjects: [] })
    expect([await hasAccess(bob, key), await hasAccess(ada, key), await hasAccess(olga, key)]).toEqual([
      false,
      false,
      true,
    ])
    await change(owner, 'addAllowedSubjects', { key: keyId, subjects: ['user:bob'] })
    expect([await hasAccess(bob, key), await hasAccess(ada, key)]).toEqual([true, false])
    await change(owner, 'removeAllowedSubjects', { key: keyId, subjects: ['user:bob'] })
    expect(await hasAccess(bob, key)).toBe(false)
    await change(owner, 'addAllowedSubjects', { key: keyId, subjects: ['group:payments'] })
    expect([await hasAccess(bob, key), await hasAccess({ ...bob, groups: [] }, key)]).toEqual([true, false])
    await change(owner, 'removeAllowedSubjects', { key: keyId, subjects: ['group:payments'] })
    expect(await hasAccess(bob, key)).toBe(false)
    await change(owner, 'disableAccessControl', { key: keyId })
    expect([await hasAccess(bob, key), await hasAccess(ada, key)]).toEqual([true, true])
  })

  it('holds for the next mutation of the same document', async () => {
    const { keyId } = await createKey()
    const { data, errors } = await story.as(ada).send(
      `mutation($lock: EnableAccessControlInput!, $use: EncryptInput!) {
        before: encrypt(input: $use) { __typename }
        enableAccessControl(input: $lock) { ... on EnableAccessControlPayload { userKey { viewerCanAccess status } } }
        after: encrypt(input: $use) { __typename }
      }`,
      {
        lock: { key: keyId, subjects: ['user:bob'], allowLockout: true },
        use: { key: keyId, plaintext: base64('hello') },
      },
    )
    expect(data).toEqual({
      before: { __typename: 'EncryptPayload' },
      enableAccessControl: { userKey: { viewerCanAccess: false, status: null } },
      after: { __typename: 'ForbiddenError' },
    })
    expect(errors).toEqual([])
  })

  it('keeps the list as a set, and passes over subjects that are not on it', async () => {
    const { keyId } = await createKey(['user:bob', 'group:payments', 'user:bob'])
    const owner = story.as(olga)
    expect((await listOf(keyId)).allowed).toEqual(['group:payments', 'user:bob'])
    await change(owner, 'addAllowedSubjects', { key: keyId, subjects: ['user:bob', 'service-account:ci'] })
    expect((await listOf(keyId)).allowed).toEqual(['group:payments', 'service-account:ci', 'user:bob'])
    await change(owner, 'removeAllowedSubjects', { key: keyId, subjects: ['user:nobody', 'group:payments'] })
    expect((await listOf(keyId)).allowed).toEqual(['service-account:ci', 'user:bob'])
  })

  it('that switches access control off clears the list', async () => {
    const { keyId } = await createKey(['user:bob'])
    const owner = story.as(olga)
    await change(owner, 'disableAccessControl', { key: keyId })
    expect(await listOf(keyId)).toEqual({ accessControlEnabled: false, allowed: [] })
    await change(owner, 'enableAccessControl', { key: keyId, subjects: [] })
    expect(await listOf(keyId)).toEqual({ accessControlEnabled: true, allowed: [] })
  })

  it('that does not fit the present setting is refused with what to do instead', async () => {
    const open = await createKey()
    const closed = await createKey([])
    const owner = story.as(olga)
    for (const [name, keyId] of [
      ['enableAccessControl', closed.keyId],
      ['addAllowedSubjects', open.keyId],
      ['removeAllowedSubjects', open.keyId],
      ['disableAccessControl', open.keyId],
    ] as const) {
      const input = name === 'disableAccessControl' ? { key: keyId } : { key: keyId, subjects: ['user:bob'] }
      const result = await owner.mutate(name, input)
      expect(result, name).toMatchObject({ __typename: 'InputValidationError', code: 'INPUT_VALIDATION' })
      expect(result['message'], name).toMatch(/key must name a key with access control (on|off)/)
    }
    expect(await listOf(open.keyId)).toEqual({ accessControlEnabled: false, allowed: [] })
    expect(await listOf(closed.keyId)).toEqual({ accessControlEnabled: true, allowed: [] })
  })

  it('by which the caller would lock itself out needs allowLockout, and nothing happens without', async () => {
    const key = await createKey()
    const { keyId } = key
    const admin = story.as(ada)
    const refused = async (name: string, subjects: string[], allowLockout?: boolean | null) => {
      const before = await listOf(keyId)
      expect(await outcomeOf(admin, name, { key: keyId, subjects, allowLockout })).toBe('LockoutError')
      expect(await listOf(keyId)).toEqual(before)
    }
    await refused('enableAccessControl', [])
    await refused('enableAccessControl', ['user:bob', 'group:ada', 'service-account:ada'], false)
    await change(admin, 'enableAccessControl', { key: keyId, subjects: ['group:operations', 'user:bob'] })
    await refused('removeAllowedSubjects', ['group:operations'], null)
    await change(admin, 'addAllowedSubjects', { key: keyId, subjects: ['user:ada'] })
    await change(admin, 'removeAllowedSubjects', { key: keyId, subjects: ['group:operations'] })
    await refused('removeAllowedSubjects', ['user:ada', 'user:bob'])
    expect(await hasAccess(ada, key)).toBe(true)

    const { userKey } = await admin.mutate(
      'removeAllowedSubjects',
      { key: keyId, subjects: ['user:ada'], allowLockout: true },
      'userKey { id viewerCanAccess allowedSubjects { id } revision }',
    )
    expect(userKey).toEqual({
      id: expect.stringMatching(/^rkey_/),
      viewerCanAccess: false,
      allowedSubjects: null,
      revision: null,
    })
    expect(await outcomeOf(admin, 'addAllowedSubjects', { key: keyId, subjects: ['user:ada'] })).toBe(
      'ForbiddenError',
    )
    expect((await listOf(keyId)).allowed).toEqual(['user:bob'])
  })

  it('never locks the owner out, whatever the list', async () => {
    const key = await createKey()
    await change(story.as(olga), 'enableAccessControl', { key: key.keyId, subjects: ['user:bob'] })
    await change(story.as(olga), 'removeAllowedSubjects', { key: key.keyId, subjects: ['user:bob'] })
    expect(await hasAccess(olga, key)).toBe(true)
    // The owner's name in another kind of subject is somebody else.
    expect(await hasAccess({ ...olga, kind: 'SERVICE_ACCOUNT' }, key)).toBe(false)
  })

  it('by a subject on the list who manages is as good as by the owner', async () => {
    const key = await createKey(['user:mia'])
    const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
    await change(story.as(mia), 'addAllowedSubjects', { key: key.keyId, subjects: ['user:bob'] })
    expect(await hasAccess(bob, key)).toBe(true)
    // On the list, but with a role that does not manage keys of others.
    const member: Person = { name: 'mia', roles: ['PROJECT_MEMBER'] }
    const input = { key: key.keyId, subjects: ['user:ada'] }
    expect(await outcomeOf(story.as(member), 'addAllowedSubjects', input)).toBe('ForbiddenError')
  })

  it('for a group counts in the tokens of its project only', async () => {
    const { keyId, ciphertext } = await createKey(['group:payments', 'user:bob'])
    const elsewhere = story.as({ ...bob, roles: ['PROJECT_ADMIN'], project: 'elsewhere' })
    expect(await outcomeOf(elsewhere, 'decrypt', { ciphertext })).toBe('InvalidCiphertextError')
    expect(await outcomeOf(elsewhere, 'rotateUserKey', { key: keyId })).toBe('KeyNotFoundError')
    expect(await elsewhere.ask(`{ node(id: "${keyId}") { id } userKeys { totalCount } }`)).toEqual({
      node: null,
      userKeys: { totalCount: 0 },
    })
    expect(await outcomeOf(story.as(bob), 'decrypt', { ciphertext })).toBe('DecryptPayload')
  })

  it('made from an outdated view of the key is refused', async () => {
    const { keyId } = await createKey([])
    const owner = story.as(olga)
    await change(owner, 'addAllowedSubjects', { key: keyId, subjects: ['user:bob'], expectedRevision: 1 })
    for (const name of ['addAllowedSubjects', 'removeAllowedSubjects', 'disableAccessControl']) {
      const input = {
        key: keyId,
        expectedRevision: 1,
        ...(name !== 'disableAccessControl' && { subjects: ['user:bob'] }),
      }
      expect(await outcomeOf(owner, name, input), name).toBe('ConflictError')
    }
    expect(await listOf(keyId)).toEqual({ accessControlEnabled: true, allowed: ['user:bob'] })
  })

  it('at the same moment by two callers loses neither', async () => {
    const { keyId } = await createKey([])
    const names = ['user:a', 'user:b', 'user:c', 'user:d', 'user:e']
    const outcomes = await Promise.all(
      names.map((subject) =>
        outcomeOf(story.as(olga), 'addAllowedSubjects', { key: keyId, subjects: [subject] }),
      ),
    )
    expect(new Set(outcomes)).toEqual(new Set(['AddAllowedSubjectsPayload']))
    expect((await listOf(keyId)).allowed).toEqual(names)
  })
})
