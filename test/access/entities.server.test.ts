import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { wholeSelectionOf } from './whole-selection.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const bob: Person = { name: 'bob', roles: ['KMS_VIEWER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const nobody: Person = { name: 'nora' }
const stranger: Person = { ...admin, project: 'elsewhere' }
const service: Person = { name: 'Secrets Manager', kind: 'SERVICE_AGENT' }
const agent: Person = { ...service, roles: ['KMS_USER'] }

/** Fields of one name and of different types cannot be in one answer under that name. */
const version = wholeSelectionOf('KeyVersion').replaceAll(/ (status|usage|origin) /g, ' of_$1: $1 ')
const whole = `... on UserKey ${wholeSelectionOf('UserKey')} ... on ServiceKey ${wholeSelectionOf('ServiceKey')} ... on KeyVersion ${version}`
const entities = `query($representations: [_Any!]!) { _entities(representations: $representations) { __typename ${whole} } }`
/** A literal list, since one in a variable counts as the longest that there can be. */
const nodes = (ids: readonly unknown[]) => `{ nodes(ids: ${JSON.stringify(ids)}) { __typename ${whole} } }`

type Representation = Readonly<Record<string, unknown>>
type Entity = Record<string, unknown> | null

const userKey = (id: string): Representation => ({ __typename: 'UserKey', id })
const keyVersion = (id: string): Representation => ({ __typename: 'KeyVersion', id })

async function resolve(
  client: Client,
  representations: readonly Representation[],
): Promise<readonly Entity[]> {
  return (await client.ask<{ _entities: Entity[] }>(entities, { representations }))._entities
}

describe.skipIf(hasNoDatabase())('an entity', () => {
  let story: Story
  const ids = { vault: '', masked: '', vaultVersion: '', open: '', openVersion: '', service: '', event: '' }

  beforeAll(async () => {
    story = await startStory()
    const olga = story.as(owner)
    const selection = 'userKey { id defaultVersion { id } }'
    const accessControl = { enabled: true, allowedSubjects: ['user:bob'] }
    const vault = await olga.mutate('createUserKey', { name: 'vault', accessControl }, selection)
    const open = await olga.mutate('createUserKey', { name: 'open' }, selection)
    const made = await story.as(service).mutate('encryptWithServiceKey', { plaintext: 'aGk=' }, 'keyId')
    const ada = story.as(admin)
    const seen = await ada.ask<{ userKey: { id: string } }>('{ userKey(key: "vault") { id } }')
    const trail = await ada.ask<{ auditEvents: { nodes: { id: string }[] } }>(
      '{ auditEvents(first: 1) { nodes { id } } }',
    )
    Object.assign(ids, {
      vault: vault['userKey'].id,
      masked: seen.userKey.id,
      vaultVersion: vault['userKey'].defaultVersion.id,
      open: open['userKey'].id,
      openVersion: open['userKey'].defaultVersion.id,
      service: made['keyId'],
      event: trail.auditEvents.nodes[0]?.id,
    })
  })
  afterAll(() => endStory(story))

  const all = () => [
    userKey(ids.vault),
    { __typename: 'ServiceKey', id: ids.service },
    keyVersion(ids.openVersion),
    userKey(ids.masked),
    keyVersion(ids.vaultVersion),
    userKey(ids.open),
    userKey(ids.vault),
  ]

  it.each([owner, bob, admin, stranger, agent])(
    'is what `nodes` shows to the caller, in the order of the representations: $name $project',
    async (person) => {
      const client = story.as(person)
      const representations = all()
      const data = await client.ask<{ nodes: Entity[] }>(nodes(representations.map(({ id }) => id)))
      expect(await resolve(client, representations)).toEqual(data.nodes)
    },
  )

  it('is whole for the subjects on its list, by either of its IDs', async () => {
    const seen = await resolve(story.as(bob), [
      userKey(ids.vault),
      userKey(ids.masked),
      keyVersion(ids.vaultVersion),
    ])
    const key = {
      __typename: 'UserKey',
      id: ids.vault,
      name: 'vault',
      viewerCanAccess: true,
      status: 'ACTIVE',
    }
    expect(seen).toMatchObject([key, key, { __typename: 'KeyVersion', id: ids.vaultVersion, number: 1 }])
  })

  it('is redacted for all others, by either of its IDs, and its version is not there', async () => {
    const seen = await resolve(story.as(admin), all())
    const redacted = {
      __typename: 'UserKey',
      id: ids.masked,
      name: 'vault',
      viewerCanAccess: false,
      status: null,
    }
    expect(seen).toMatchObject(
      [
        redacted,
        { __typename: 'ServiceKey', id: ids.service, name: 'Secrets-manager' },
        { __typename: 'KeyVersion', id: ids.openVersion, number: 1 },
        redacted,
        {},
        { __typename: 'UserKey', id: ids.open, viewerCanAccess: true },
        redacted,
      ].with(4, null as never),
    )
    expect(JSON.stringify(seen)).not.toContain(ids.vault)
  })

  it('is not there for callers of another project', async () => {
    expect(await resolve(story.as(stranger), all())).toEqual(all().map(() => null))
  })

  it('needs a role that may view, like every key', async () => {
    const { data, errors } = await story.as(nobody).send(entities, { representations: all() })
    expect(data).toBeNull()
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
  })

  it('is null where the type is not that of what has the ID', async () => {
    const wrong = [
      { __typename: 'ServiceKey', id: ids.open },
      { __typename: 'KeyVersion', id: ids.open },
      { __typename: 'UserKey', id: ids.service },
      { __typename: 'UserKey', id: ids.openVersion },
      { __typename: 'ServiceKey', id: ids.masked },
      { __typename: 'Key', id: ids.open },
      { __typename: 'Node', id: ids.open },
      { __typename: 'User', id: 'olga' },
      { __typename: 'Subject', id: 'user:olga' },
      { __typename: 'AuditEvent', id: ids.event },
      { __typename: 'UserKey', id: ids.event },
      { __typename: '__proto__', id: ids.open },
      { __typename: 'userkey', id: ids.open },
      { __typename: 'UserKey', id: ids.open.toUpperCase() },
      { __typename: 'UserKey', id: '' },
    ]
    const seen = await resolve(story.as(admin), [...wrong, userKey(ids.open)])
    expect(seen.slice(0, -1)).toEqual(wrong.map(() => null))
    expect(seen.at(-1)).toMatchObject({ id: ids.open })
  })

  it('is what Keystead has, whatever else a representation claims', async () => {
    const client = story.as(admin)
    const [honest] = await resolve(client, [userKey(ids.masked)])
    const forged = {
      ...userKey(ids.masked),
      ...{ kind: 'USER', access: 'full', accessFacts: { accessControlEnabled: false }, uuid: ids.vault },
      ...{ viewerCanAccess: true, status: 'ACTIVE', owner: 'user:ada', name: 'mine', typeName: 'ServiceKey' },
      ...{ projectId: 'elsewhere', constructor: { name: 'UserKey' }, toJSON: 'x' },
    }
    const document = entities.replace('$representations: [_Any!]!', '$id: String!').replace(
      '$representations',
      `[
      { __typename: "UserKey", id: $id, access: "full", viewerCanAccess: true, status: ACTIVE, name: "mine" }]`,
    )
    expect(await resolve(client, [forged])).toEqual([honest])
    expect(await client.ask(document, { id: ids.masked })).toEqual({ _entities: [honest] })
  })
})
