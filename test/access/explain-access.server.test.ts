import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatSubject, roles } from '../../src/keys/rules/caller.ts'
import { base64, type Person, type Story, startStory } from '../support/story.ts'

const story: Story = await startStory()
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }

const selection = `allowed visibility rolesThatSuffice
  grantedBy { kind subject { id } roles message } missing { kind subject { id } roles message }`
const question = `query($keyId: KeyRef!, $subject: SubjectRef!, $groups: [String!], $roles: [Role!], $operation: KeyOperation!, $context: [EncryptionContextPairInput!]) {
  explainAccess(key: $keyId, subject: $subject, groups: $groups, roles: $roles, operation: $operation, context: $context) { ${selection} } }`

async function explain(variables: object, by: Person = ada) {
  const asked = { subject: 'user:bob', operation: 'ENCRYPT', ...variables }
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  return (await story.as(by).ask<any>(question, asked)).explainAccess
}

let made = 0
async function createKey(
  by: Person,
  allowedSubjects: string[] | null,
  entries: readonly object[] = [],
): Promise<string> {
  made += 1
  const accessControl = allowedSubjects === null ? null : { enabled: true, allowedSubjects, entries }
  const input = { name: `key-${made}`, type: 'SYMMETRIC', accessControl }
  const result = await story.as(by).mutate('createUserKey', input, 'userKey { id }')
  return result['userKey'].id
}

const encrypting = ['PROJECT_ADMIN', 'PROJECT_MEMBER', 'KMS_MANAGER', 'KMS_USER', 'KMS_ENCRYPTER']

describe('an explanation of access', () => {
  it('says which roles are needed where the key lets everybody in', async () => {
    expect(await explain({ keyId: await createKey(ada, null) })).toMatchObject({
      allowed: null,
      visibility: 'FULL',
      grantedBy: [{ kind: 'NO_ACCESS_CONTROL', subject: null }],
      missing: [{ kind: 'ROLE', roles: encrypting }],
      rolesThatSuffice: encrypting,
    })
  })

  it('says that somebody is not on the list, whatever the roles', async () => {
    const answer = await explain({ keyId: await createKey(ada, ['user:carl']), roles: ['PROJECT_ADMIN'] })
    expect(answer).toMatchObject({
      allowed: false,
      visibility: 'REDACTED',
      grantedBy: [],
      rolesThatSuffice: [],
    })
    expect(answer.missing).toMatchObject([{ kind: 'LIST_ENTRY', subject: { id: 'user:bob' }, roles: [] }])
  })

  it('names the group that would let somebody in, while groups are unknown, and that does, once given', async () => {
    const keyId = await createKey(ada, ['group:payments'])
    const unknown = await explain({ keyId, roles: ['KMS_USER'] })
    expect(unknown).toMatchObject({ allowed: null, missing: [{ subject: { id: 'group:payments' } }] })
    expect(await explain({ keyId, roles: ['KMS_USER'], groups: ['payments'] })).toMatchObject({
      allowed: true,
      grantedBy: [
        { kind: 'LIST_ENTRY', subject: { id: 'group:payments' } },
        { kind: 'ROLE', roles: ['KMS_USER'] },
      ],
      missing: [],
    })
    expect(await explain({ keyId, roles: ['KMS_USER'], groups: [] })).toMatchObject({ allowed: false })
  })

  it('tells a project member that owns the key from one that does not', async () => {
    const keyId = await createKey({ name: 'max', roles: ['PROJECT_MEMBER'] }, null)
    const asked = { keyId, roles: ['PROJECT_MEMBER'], operation: 'MANAGE' }
    expect(await explain({ ...asked, subject: 'user:max' })).toMatchObject({ allowed: true, missing: [] })
    expect(await explain(asked)).toMatchObject({
      allowed: false,
      missing: [{ kind: 'ROLE', roles: ['PROJECT_ADMIN', 'KMS_MANAGER'] }],
    })
  })

  it('calls a key absent for a service agent that is on no list', async () => {
    const keyId = await createKey(ada, null)
    const answer = await explain({ keyId, subject: 'service-agent:Backup', roles: ['KMS_USER'] })
    expect(answer).toMatchObject({ allowed: false, visibility: 'ABSENT', missing: [{ kind: 'LIST_ENTRY' }] })
  })

  it('is refused about a group, the system, or what is no subject', async () => {
    const keyId = await createKey(ada, null)
    for (const subject of ['group:payments', 'system:rotation', 'bob', '']) {
      const { data, errors } = await story.as(ada).send(question, { keyId, subject, operation: 'ENCRYPT' })
      expect(data?.explainAccess ?? null).toBeNull()
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INPUT_VALIDATION'])
    }
  })
})

it('nobody who may not manage a key gets an explanation: bytes and statements are those of an unknown key', async () => {
  const redactedFor = { name: 'rita', roles: ['PROJECT_ADMIN'] } as const
  const keyId = await createKey(ada, ['user:reader'])
  const { userKeys } = await story
    .as(redactedFor)
    .ask<{ userKeys: { nodes: { id: string }[] } }>(
      '{ userKeys(first: 200, filter: { accessControlEnabled: true }) { nodes { id } } }',
    )
  const standIn = userKeys.nodes[0]?.id
  expect(standIn).toMatch(/^rkey_/)
  const look = async (by: Person, id: string | undefined, subject = 'user:bob') => {
    story.takeStatements()
    const { status, text } = await story.as(by).send(question, { keyId: id, subject, operation: 'ENCRYPT' })
    return { status, text, statements: story.takeStatements() }
  }
  const unknown = await look(redactedFor, 'ukey_01h455vb4pex5vsknk084sn02q')
  expect(JSON.parse(unknown.text)).toEqual({ data: { explainAccess: null } })
  expect(unknown.statements).toHaveLength(1)
  expect(await look(redactedFor, keyId)).toEqual(unknown)
  expect(await look(redactedFor, keyId, 'group:x')).toEqual(unknown)
  expect(await look({ ...redactedFor, project: 'other' }, keyId)).toEqual(unknown)
  expect(await look({ name: 'reader', roles: ['KMS_USER'] }, keyId)).toEqual(unknown)
  expect((await look(redactedFor, standIn)).text).toBe(unknown.text)
  const { errors } = await story
    .as({ name: 'nobody' })
    .send(question, { keyId, subject: 'user:x', operation: 'ENCRYPT' })
  expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
})

const acme = [{ name: 'tenant', value: 'acme' }]
const contexts = [[], acme, [{ name: 'tenant', value: 'other' }], [...acme, { name: 'app', value: 'web' }]]

const asking = fc.record({
  name: fc.constantFrom('olga', 'bob', 'Backup'),
  kind: fc.constantFrom('USER', 'SERVICE_ACCOUNT', 'SERVICE_AGENT'),
  roles: fc.uniqueArray(fc.constantFrom(...roles), { maxLength: 2 }),
  groups: fc.uniqueArray(fc.constantFrom('bob', 'payments'), { maxLength: 2 }),
} as const)
type Asking = typeof asking extends fc.Arbitrary<infer Value> ? Value : never

/** An entry that says more than who. */
const entry = fc
  .record({
    subject: fc.constantFrom('user:bob', 'group:payments', 'service-agent:Backup'),
    permissions: fc.option(fc.subarray(['VIEW', 'ENCRYPT', 'DECRYPT', 'MANAGE'], { minLength: 1 })),
    isConditioned: fc.boolean(),
  })
  .filter(({ permissions }) => permissions?.join() !== 'MANAGE')
  .map(({ subject, permissions, isConditioned }) => {
    const hasContext = isConditioned && (permissions === null || /CRYPT/.test(permissions.join()))
    return { subject, permissions, context: hasContext ? acme : null, note: 'limited' }
  })

it('an explanation with groups, roles and context says what the server then does, for any caller and key', async () => {
  const subjects = ['group:bob', 'service-account:bob', 'user:bob', 'group:payments']
  const list = fc.option(
    fc.oneof(
      fc.record({
        plain: fc.uniqueArray(fc.constantFrom(...subjects), { maxLength: 2 }),
        entries: fc.constant([]),
      }),
      fc.record({
        plain: fc.uniqueArray(fc.constantFrom(...subjects.slice(0, 2)), { maxLength: 1 }),
        entries: fc.array(entry, { minLength: 1, maxLength: 3 }),
      }),
    ),
    { nil: null },
  )
  const manager: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
  const limitedWho: Asking = { name: 'bob', kind: 'USER', roles: ['KMS_USER'], groups: [] }
  const limitedEntry = {
    subject: 'user:bob' as const,
    permissions: ['VIEW', 'DECRYPT'],
    context: acme,
    note: '',
  }
  const limitedList = { plain: [], entries: [limitedEntry] }
  const verdicts = new Set<string>()
  await fc.assert(
    fc.asyncProperty(asking, list, fc.constantFrom(...contexts), async (who, listed, context) => {
      const keyId = await createKey(manager, listed?.plain ?? null, listed?.entries)
      const subject = formatSubject(who.kind, who.name)
      const { groups, roles: given } = who
      const ask = (operation: string, known: object = { groups, roles: given, context }) =>
        explain({ keyId, subject, operation, ...known }, manager)
      const bound = context.length === 0 ? {} : { context }
      const sealed = { key: keyId, plaintext: base64('x'), ...bound }
      const { ciphertext } = await story.as(manager).mutate('encrypt', sealed, 'ciphertext')
      const { data } = await story
        .as(who)
        .send('query($id: ID!) { node(id: $id) { ... on UserKey { viewerPermissions } } }', { id: keyId })
      const does = async (name: string, input: object) => {
        const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
        const answer = await story
          .as(who)
          .send(`mutation($input: ${type}Input!) { ${name}(input: $input) { __typename } }`, { input })
        return answer.data?.[name]?.__typename === `${type}Payload`
      }
      const done: Record<string, boolean> = {
        VIEW: (data?.node?.viewerPermissions ?? []).includes('VIEW'),
        READ_AUDIT: (data?.node?.viewerPermissions ?? []).includes('READ_AUDIT'),
        ENCRYPT: await does('encrypt', sealed),
        DECRYPT: await does('decrypt', { ciphertext, ...bound }),
        MANAGE: await does('updateUserKey', { key: keyId, description: 'new' }),
        // Keys of this usage have no such operation.
        SIGN: false,
      }
      for (const [operation, did] of Object.entries(done)) {
        const { allowed, missing, grantedBy, rolesThatSuffice } = await ask(operation)
        expect(allowed, operation).toBe(did)
        expect(missing.length === 0, operation).toBe(did)
        if (did) expect(grantedBy.map(({ kind }: { kind: string }) => kind)).toContain('ROLE')
        expect(given.some((role) => rolesThatSuffice.includes(role))).toBe(did)
        // What is known of less is either open or the same.
        for (const less of [{}, { groups, roles: given }, { groups, context }, { roles: given, context }]) {
          expect([null, did], operation).toContain((await ask(operation, less)).allowed)
        }
        verdicts.add(`${operation} ${did}`)
      }
    }),
    {
      numRuns: 40,
      seed: 20_260_301,
      // So that each verdict occurs at least once, whatever the others are.
      examples: [
        [
          { name: 'bob', kind: 'USER', roles: ['KMS_MANAGER'], groups: ['payments'] },
          { plain: ['group:payments'], entries: [] },
          [],
        ],
        [
          { name: 'bob', kind: 'USER', roles: ['KMS_MANAGER'], groups: [] },
          { plain: ['group:payments'], entries: [] },
          [],
        ],
        ...contexts.map((context): [typeof limitedWho, typeof limitedList, typeof context] => [
          limitedWho,
          limitedList,
          context,
        ]),
      ],
    },
  )
  expect(verdicts.size).toBe(11)
})
