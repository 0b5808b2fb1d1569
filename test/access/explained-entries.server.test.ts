import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const alice: Person = { name: 'alice', roles: ['KMS_USER'], groups: ['ops'] }
const minute = 60_000

const tenant42 = [{ name: 'tenant', value: '42' }]
const tenant43 = [{ name: 'tenant', value: '43' }]

interface Explanation {
  readonly allowed: boolean | null
  readonly visibility: string
  readonly rolesThatSuffice: string[]
  readonly grantedBy: { kind: string; subject: { id: string } | null; roles: string[]; message: string }[]
  readonly missing: Explanation['grantedBy']
}

const selection = `allowed visibility rolesThatSuffice
  grantedBy { kind subject { id } roles message } missing { kind subject { id } roles message }`
const aboutMe = `query($keyId: KeyRef!, $operation: KeyOperation!, $context: [EncryptionContextPairInput!]) {
  answer: explainMyAccess(key: $keyId, operation: $operation, context: $context) { ${selection} } }`
const aboutOthers = `query($keyId: KeyRef!, $operation: KeyOperation!, $context: [EncryptionContextPairInput!],
  $subject: SubjectRef!, $groups: [String!], $roles: [Role!]) {
  answer: explainAccess(key: $keyId, operation: $operation, context: $context,
    subject: $subject, groups: $groups, roles: $roles) { ${selection} } }`

describe.skipIf(hasNoDatabase())('an explanation of access', () => {
  let story: Story
  let manager: Client
  let made = 0
  beforeAll(async () => {
    story = await startStory()
    manager = story.as(olga)
  })
  afterAll(() => endStory(story))

  async function createKey(entries: readonly object[] | null, more: object = {}): Promise<string> {
    made += 1
    const accessControl = entries && { enabled: true, entries }
    const input = { name: `key-${made}`, accessControl, ...more }
    return (await manager.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
  }

  /** What alice is told when she asks, after checking that a manager who supposes what is true is told the same. */
  async function explained(keyId: string, operation: string, context: object[] | null = null) {
    const asked = { keyId, operation, context }
    const mine = (await story.as(alice).ask<{ answer: Explanation }>(aboutMe, asked)).answer
    const supposed = { subject: 'user:alice', groups: alice.groups, roles: alice.roles }
    const theirs = (await manager.ask<{ answer: Explanation }>(aboutOthers, { ...asked, ...supposed })).answer
    if (mine.visibility === 'FULL') expect(theirs).toEqual(mine)
    return mine
  }

  const later = (minutes: number) => new Date(story.clock.now().getTime() + minutes * minute).toISOString()

  it('names a permission that the entry lacks', async () => {
    const keyId = await createKey([{ subject: 'group:ops', permissions: ['DECRYPT'] }])
    expect(await explained(keyId, 'ENCRYPT')).toEqual({
      allowed: false,
      visibility: 'FULL',
      rolesThatSuffice: [],
      grantedBy: [],
      missing: [
        {
          kind: 'PERMISSION',
          subject: { id: 'group:ops' },
          roles: [],
          message: 'The entry of group:ops does not allow ENCRYPT, only VIEW, DECRYPT.',
        },
      ],
    })
    expect(await explained(keyId, 'DECRYPT')).toMatchObject({
      allowed: true,
      grantedBy: [
        { kind: 'LIST_ENTRY', subject: { id: 'group:ops' } },
        { kind: 'ROLE', roles: ['KMS_USER'] },
      ],
      missing: [],
    })
  })

  it('names a condition that does not hold, or that it depends on', async () => {
    const keyId = await createKey([{ subject: 'user:alice', context: tenant42 }])
    expect(await explained(keyId, 'DECRYPT', tenant43)).toMatchObject({
      allowed: false,
      missing: [
        {
          kind: 'CONTEXT',
          message: 'The encryption context lacks what the entry of user:alice asks for: tenant="42".',
        },
      ],
    })
    expect(await explained(keyId, 'DECRYPT', [])).toMatchObject({ allowed: false })
    expect(await explained(keyId, 'DECRYPT')).toMatchObject({ allowed: null, missing: [{ kind: 'CONTEXT' }] })
    expect(await explained(keyId, 'DECRYPT', tenant42)).toMatchObject({ allowed: true, missing: [] })
    expect(await explained(keyId, 'VIEW')).toMatchObject({ allowed: true, missing: [] })
  })

  it('names an entry that has expired to those who still see the key', async () => {
    const keyId = await createKey([
      { subject: 'user:alice', expiresAt: later(5) },
      { subject: 'group:ops', permissions: ['VIEW'] },
    ])
    expect(await explained(keyId, 'ENCRYPT')).toMatchObject({ allowed: true })
    story.clock.advance({ minutes: 5 })
    const { allowed, missing } = await explained(keyId, 'ENCRYPT')
    expect(allowed).toBe(false)
    expect(missing.map(({ kind, subject }) => [kind, subject?.id])).toEqual([
      ['PERMISSION', 'group:ops'],
      ['EXPIRED', 'user:alice'],
    ])
  })

  it('tells roles of the token from roles that are bound', async () => {
    const keyId = await createKey(null)
    await manager.mutate('bindRole', { subject: 'group:ops', role: 'KMS_MANAGER' })
    expect((await explained(keyId, 'ENCRYPT')).grantedBy).toMatchObject([
      { kind: 'NO_ACCESS_CONTROL' },
      { kind: 'ROLE', roles: ['KMS_USER'] },
      { kind: 'ROLE_BINDING', roles: ['KMS_MANAGER'] },
    ])
    expect((await explained(keyId, 'MANAGE')).grantedBy).toMatchObject([
      { kind: 'NO_ACCESS_CONTROL' },
      { kind: 'ROLE_BINDING', roles: ['KMS_MANAGER'] },
    ])
    await manager.mutate('unbindRole', { subject: 'group:ops', role: 'KMS_MANAGER' })
    const { missing } = await explained(keyId, 'MANAGE')
    expect(missing).toMatchObject([{ kind: 'ROLE', roles: ['PROJECT_ADMIN', 'KMS_MANAGER'] }])
  })

  it('says that the key does not have the operation', async () => {
    const keyId = await createKey(null, { algorithm: 'ED25519' })
    expect(await explained(keyId, 'DECRYPT')).toMatchObject({
      allowed: false,
      missing: [{ kind: 'USAGE', message: 'Keys with usage SIGN_VERIFY have no operation DECRYPT.' }],
      rolesThatSuffice: [],
    })
  })

  it('names entries of groups that do not suffice, while the groups are unknown', async () => {
    const keyId = await createKey([
      { subject: 'group:ops', permissions: ['ENCRYPT'] },
      { subject: 'group:dev', context: tenant42 },
    ])
    const ask = async (operation: string) => {
      const asked = { keyId, operation, context: null, subject: 'user:bob', groups: null, roles: null }
      return (await manager.ask<{ answer: Explanation }>(aboutOthers, asked)).answer
    }
    const { allowed, missing } = await ask('DECRYPT')
    expect(allowed).toBeNull()
    expect(missing.map(({ kind, subject }) => [kind, subject?.id])).toEqual([
      ['CONTEXT', 'group:dev'],
      ['PERMISSION', 'group:ops'],
      ['ROLE', undefined],
    ])
    expect((await ask('ENCRYPT')).missing.map(({ kind, subject }) => [kind, subject?.id])).toEqual([
      ['LIST_ENTRY', 'group:ops'],
      ['CONTEXT', 'group:dev'],
      ['ROLE', undefined],
    ])
  })

  it('says that a group of the caller owns the key', async () => {
    const keyId = await createKey([])
    await manager.mutate('transferOwnership', { key: keyId, to: 'group:ops', allowLockout: true })
    const asked = { keyId, operation: 'ENCRYPT' }
    const { answer } = await story.as(alice).ask<{ answer: Explanation }>(aboutMe, asked)
    expect(answer).toMatchObject({
      allowed: true,
      grantedBy: [{ kind: 'OWNER', subject: { id: 'group:ops' } }, { kind: 'ROLE' }],
    })
  })

  it('says nothing of a redacted key but that it is redacted, whatever is hidden', async () => {
    const answers = new Set<string>()
    const worlds: object[][] = [
      [],
      [{ subject: 'user:bob', permissions: ['VIEW'], context: null }],
      [{ subject: 'user:alice', expiresAt: later(1) }],
      [{ subject: 'group:ops', expiresAt: later(1), permissions: ['DECRYPT'], context: tenant42 }],
    ]
    const keys = await Promise.all(worlds.map((entries) => createKey(entries)))
    keys.push(await createKey([], { algorithm: 'HMAC_SHA256' }))
    story.clock.advance({ minutes: 1 })
    for (const keyId of keys) {
      for (const context of [null, [], tenant42]) {
        const { answer } = await story
          .as(alice)
          .ask<{ answer: Explanation }>(aboutMe, { keyId, operation: 'DECRYPT', context })
        answers.add(JSON.stringify(answer))
      }
      const { userKey } = await story
        .as(alice)
        .ask<{ userKey: { id: string } }>('query($id: KeyRef!) { userKey(key: $id) { id } }', {
          id: keyId,
        })
      expect(userKey.id).toMatch(/^rkey_/)
      const asked = { keyId: userKey.id, operation: 'DECRYPT' }
      const { answer } = await story.as(alice).ask<{ answer: Explanation }>(aboutMe, asked)
      answers.add(JSON.stringify(answer))
    }
    expect([...answers].map((text) => JSON.parse(text))).toEqual([
      {
        allowed: false,
        visibility: 'REDACTED',
        rolesThatSuffice: [],
        grantedBy: [],
        missing: [
          {
            kind: 'LIST_ENTRY',
            subject: { id: 'user:alice' },
            roles: [],
            message: expect.stringMatching(/neither the owner nor on the access list/),
          },
        ],
      },
    ])
  })

  it('answers for a key that does not exist for the caller as for an unknown one, in the same statements', async () => {
    const open = await createKey(null)
    const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_USER'] }
    const elsewhere: Person = { ...alice, project: 'elsewhere' }
    const look = async (person: Person, keyId: string) => {
      story.takeStatements()
      const { status, text } = await story.as(person).send(aboutMe, { keyId, operation: 'VIEW' })
      return { status, text, statements: story.takeStatements() }
    }
    for (const person of [agent, elsewhere]) {
      await look(person, 'ukey_01h455vb4pex5vsknk084sn02q')
      const unknown = await look(person, 'ukey_01h455vb4pex5vsknk084sn02q')
      expect(JSON.parse(unknown.text)).toEqual({ data: { answer: null } })
      expect(await look(person, open)).toEqual(unknown)
    }
    const { errors } = await story.as({ name: 'nobody' }).send(aboutMe, { keyId: open, operation: 'VIEW' })
    expect(errors[0]?.extensions.code).toBe('FORBIDDEN')
  })
})
