import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { fieldsOf, redactedValueOf, wholeSelectionOf } from './whole-selection.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const subjects = ['user:bob', 'group:payments', 'service-account:ci', 'service-agent:Secrets Manager']

const whole = wholeSelectionOf('UserKey')
const visible = [
  'id',
  'partialId',
  'name',
  'description',
  'accessControlEnabled',
  'createdAt',
  'createdBy',
  'viewerCanAccess',
]
const hidden = fieldsOf('UserKey').filter((field) => !visible.includes(field))

/** Has a role, but is neither the owner nor on the list. */
const outsiders: readonly Person[] = [
  { name: 'ada', roles: ['PROJECT_ADMIN'] },
  { name: 'mia', roles: ['KMS_MANAGER'], groups: ['sales'] },
  { name: 'vic', roles: ['KMS_VIEWER'] },
  { name: 'ci', roles: ['PROJECT_ADMIN'] },
  { name: 'payments', roles: ['PROJECT_ADMIN'], groups: ['bob', 'user:bob', 'group:payments', 'Payments'] },
  { name: 'olga', kind: 'SERVICE_ACCOUNT', roles: ['PROJECT_ADMIN'] },
  { name: 'Secrets Manager', kind: 'SERVICE_ACCOUNT', roles: ['KMS_USER'] },
]

const insiders: readonly Person[] = [
  { name: 'olga', roles: ['KMS_VIEWER'] },
  { name: 'bob', roles: ['KMS_VIEWER'] },
  { name: 'bob', roles: ['KMS_MANAGER'] },
  { name: 'gil', roles: ['PROJECT_READER'], groups: ['sales', 'payments'] },
  { name: 'robot', kind: 'SERVICE_ACCOUNT', roles: ['KMS_USER'], groups: ['payments'] },
  { name: 'ci', kind: 'SERVICE_ACCOUNT', roles: ['KMS_USER'] },
  { name: 'Secrets Manager', kind: 'SERVICE_AGENT', roles: ['KMS_VIEWER'] },
]

const describePerson = ({ kind = 'USER', name, roles = [] }: Person) => `${kind} ${name} (${roles.join()})`

describe.skipIf(hasNoDatabase())('a key with access control', () => {
  let story: Story
  let keyId: string
  let maskedId: string
  let versionId: string
  let redacted: Record<string, unknown>

  beforeAll(async () => {
    story = await startStory()
    const olga = story.as(owner)
    const created = await olga.mutate(
      'createUserKey',
      {
        name: 'vault',
        description: 'of all things',
        algorithm: 'EC_P256',
        usage: 'SIGN_VERIFY',
        automaticRotation: { enabled: true, cycleDays: 90 },
        accessControl: { enabled: true, allowedSubjects: subjects },
      },
      'userKey { id partialId createdAt }',
    )
    const { id, partialId, createdAt } = created['userKey']
    keyId = id
    const rotated = await olga.mutate('rotateUserKey', { key: keyId }, 'version { id }')
    versionId = rotated['version'].id
    await olga.mutate('publishJwks', { key: keyId, tokenLifetimeMinutes: 60, jwsAlgorithm: 'ES256' })
    const seen = await story
      .as({ name: 'vic', roles: ['KMS_VIEWER'] })
      .ask<{ userKey: { id: string } }>('{ userKey(key: "vault") { id } }')
    maskedId = seen.userKey.id
    redacted = {
      __typename: 'UserKey',
      id: maskedId,
      partialId,
      name: 'vault',
      description: 'of all things',
      accessControlEnabled: true,
      createdAt,
      createdBy: {
        __typename: 'Subject',
        id: 'user:olga',
        kind: 'USER',
        name: 'olga',
        user: { __typename: 'User', id: 'olga' },
      },
      viewerCanAccess: false,
      ...Object.fromEntries(hidden.map((field) => [field, redactedValueOf(field)])),
    }
  })
  afterAll(() => endStory(story))

  /** Every way to read a user key, with what it answers. */
  async function readEveryWay(client: Client): Promise<unknown[]> {
    const variables = { id: keyId, masked: maskedId }
    const ways = [
      `query { userKeys(filter: { namePrefix: "vault" }) { nodes ${whole} edges { node ${whole} } } }`,
      `query($id: KeyRef!) { userKey(key: $id) ${whole} }`,
      `query($masked: KeyRef!) { userKey(key: $masked) ${whole} }`,
      `query { userKey(key: "vault") ${whole} }`,
      'query($id: ID!) { node(id: $id) { __typename ...Whole } }',
      `query($masked: ID!) { node(id: $masked) { id ... on UserKey ${whole} } }`,
      'query($id: ID!, $masked: ID!) { nodes(ids: [$id, $masked, $id]) { ...Whole } }',
    ].map((way) =>
      way.includes('...Whole')
        ? `${way} fragment Whole on Node { ... on Key { status ...All } } fragment All on UserKey ${whole}`
        : way,
    )
    // biome-ignore lint/suspicious/noExplicitAny: the answers are compared as they are
    const [list, ...others] = await Promise.all(ways.map((way) => client.ask<any>(way, variables)))
    const { nodes, edges } = list.userKeys
    expect(nodes).toHaveLength(1)
    return [nodes[0], edges[0].node, ...others.flatMap((data) => data.userKey ?? data.node ?? data.nodes)]
  }

  it.each(outsiders.map((person) => [describePerson(person), person] as const))(
    'shows %s only what is always visible, however it is read',
    async (_name, person) => {
      const keys = await readEveryWay(story.as(person))
      expect(keys).toHaveLength(10)
      for (const key of keys) expect(key).toEqual(redacted)
      expect(JSON.stringify(keys)).not.toContain(keyId)
    },
  )

  it('hides under aliases and through its interface', async () => {
    const vic = story.as({ name: 'vic', roles: ['KMS_VIEWER'] })
    const answer = await vic.ask(
      `query($id: ID!) { node(id: $id) { ... on Key {
        name: algorithm id: status partialId: version(number: 2) { id number versionStatus }
        description: versions(last: 1) { totalCount nodes { id } } createdAt: nextRotationAt
      } } }`,
      { id: keyId },
    )
    expect(answer).toEqual({
      node: { name: null, id: null, partialId: null, description: null, createdAt: null },
    })
  })

  it.each(insiders.map((person) => [describePerson(person), person] as const))(
    'is whole for %s, however it is read',
    async (_name, person) => {
      const [first, ...others] = await readEveryWay(story.as(person))
      const shown = Object.fromEntries(visible.map((field) => [field, redacted[field]]))
      expect(first).toMatchObject({ ...shown, viewerCanAccess: true, id: keyId })
      // What is null for others is hidden from them, not empty.
      const readsAudit = person.name === 'olga' || (person.roles?.includes('KMS_MANAGER') ?? false)
      for (const field of hidden) {
        const value = (first as Record<string, unknown>)[field]
        // The history has a permission of its own, which the owner has. This key can protect.
        const isNull = field === 'cannotProtectReason' || (field === 'auditEvents' && !readsAudit)
        expect(value === null, field).toBe(isNull)
      }
      for (const key of others) expect(key).toEqual(first)
    },
  )

  it.each([...insiders, ...outsiders].map((person) => [describePerson(person), person] as const))(
    'gives %s nothing without a role',
    async (_name, { roles: _roles, ...person }) => {
      const client = story.as(person)
      for (const query of [
        'userKeys { nodes { id } }',
        'userKey(key: "vault") { id }',
        `userKey(key: "${keyId}") { id }`,
        `node(id: "${keyId}") { id }`,
        `node(id: "${maskedId}") { id }`,
        `nodes(ids: ["${versionId}"]) { id }`,
      ]) {
        const { data, errors } = await client.send(`{ ${query} }`)
        expect(Object.values(data ?? { all: null })).toEqual([null])
        expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
      }
    },
  )

  it('has versions that do not exist for who gets it redacted', async () => {
    const ada = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    const unknown = formatId('keyVersion', newUuid())
    for (const query of ['node(id: ID) { id }', 'nodes(ids: [ID]) { id ... on KeyVersion { key { id } } }']) {
      const answers = await Promise.all(
        [versionId, unknown].map((id) => ada.send(`{ ${query.replace('ID', JSON.stringify(id))} }`)),
      )
      expect(answers[0]?.text).toBe(answers[1]?.text)
      expect(answers[0]?.text).toMatch(/^\{"data":\{"nodes?":(null|\[null\])\}\}$/)
    }
    const own = await story.as(owner).ask(`{ node(id: "${versionId}") { id } }`)
    expect(own).toEqual({ node: { id: versionId } })
  })

  it('shows the same stand-in ID to all, for good, and another one for each key', async () => {
    const olga = story.as(owner)
    await olga.mutate('createUserKey', { name: 'other', accessControl: { enabled: true } })
    const list = '{ userKeys(orderBy: { field: NAME, direction: ASC }) { nodes { id name } } }'
    const seenBy = (person: Person) => story.as(person).ask<{ userKeys: { nodes: { id: string }[] } }>(list)
    const seen = await seenBy({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    await story.restart()
    expect(await seenBy({ name: 'vic', roles: ['KMS_VIEWER'] })).toEqual(seen)
    const ids = seen.userKeys.nodes.map(({ id }) => id)
    expect(ids).toHaveLength(2)
    expect(ids[1]).toBe(maskedId)
    expect(ids[0]).not.toBe(maskedId)
    for (const id of ids) expect(id).toMatch(/^rkey_[0-9a-z]{26}$/)
  })

  it('is redacted in the payload of the change by which a manager locks itself out', async () => {
    const ada = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    const mia = story.as({ name: 'mia', roles: ['KMS_MANAGER'] })
    const { userKey } = await mia.mutate('createUserKey', { name: 'mias' }, 'userKey { id }')
    const locked = await ada.mutate(
      'enableAccessControl',
      { key: userKey.id, subjects: ['user:bob'], allowLockout: true },
      `userKey ${whole}`,
    )
    expect(locked['userKey']).toMatchObject({
      name: 'mias',
      viewerCanAccess: false,
      accessControlEnabled: true,
    })
    expect(locked['userKey'].id).toMatch(/^rkey_/)
    for (const field of hidden) expect(locked['userKey'][field], field).toBe(redactedValueOf(field))
  })
})
