import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatId, newUuid } from '../../src/ids.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { wholeSelectionOf } from './whole-selection.ts'

const owner: Person = { name: 'olga', roles: ['PROJECT_MEMBER'] }
const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const stranger: Person = { ...admin, project: 'elsewhere' }

type TypeName = 'UserKey' | 'ServiceKey' | 'KeyVersion'
type Representation = { readonly __typename: TypeName; readonly id: string }

describe.skipIf(hasNoDatabase())('an entity that the caller may not see', () => {
  let story: Story
  /** Each with one of the same kind that never was. */
  const pairs: Record<'key' | 'masked' | 'version' | 'service', [Representation, Representation]> = {
    key: entitiesOf('UserKey', 'userKey'),
    masked: entitiesOf('UserKey', 'redactedKey'),
    version: entitiesOf('KeyVersion', 'keyVersion'),
    service: entitiesOf('ServiceKey', 'serviceKey'),
  }

  beforeAll(async () => {
    story = await startStory()
    const created = await story
      .as(owner)
      .mutate(
        'createUserKey',
        { name: 'orders', accessControl: { enabled: true } },
        'userKey { id defaultVersion { id } }',
      )
    const service = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    const { keyId } = await service.mutate('encryptWithServiceKey', { plaintext: 'aGk=' }, 'keyId')
    const seen = await story.as(admin).ask<{ userKey: { id: string } }>('{ userKey(key: "orders") { id } }')
    pairs.key[0] = { __typename: 'UserKey', id: created['userKey'].id }
    pairs.masked[0] = { __typename: 'UserKey', id: seen.userKey.id }
    pairs.version[0] = { __typename: 'KeyVersion', id: created['userKey'].defaultVersion.id }
    pairs.service[0] = { __typename: 'ServiceKey', id: keyId }
  })
  afterAll(() => endStory(story))

  /** What a caller can observe of an answer, and what the database was asked. */
  async function observe(client: Client, representations: readonly Representation[]) {
    const selection = representations[0]?.__typename ?? 'UserKey'
    story.takeStatements()
    const { status, text } = await client.send(
      `query($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on ${selection} ${wholeSelectionOf(selection)} }
      }`,
      { representations },
    )
    return { status, text, statements: story.takeStatements() }
  }

  it.each(['key', 'masked', 'version', 'service'] as const)(
    'in another project is answered like one that never was: %s',
    async (kind) => {
      const client = story.as(stranger)
      const [theirs, none] = pairs[kind]
      const observed = await observe(client, [theirs])
      expect(observed).toEqual(await observe(client, [none]))
      expect(observed.text).toBe('{"data":{"_entities":[null]}}')
      expect(observed.statements.length).toBeGreaterThan(0)
    },
  )

  it('as a version of a redacted key is answered like one that never was', async () => {
    const client = story.as(admin)
    const [hidden, none] = pairs.version
    const observed = await observe(client, [hidden, hidden])
    expect(observed).toEqual(await observe(client, [none, none]))
    expect(observed.text).toBe('{"data":{"_entities":[null,null]}}')
  })

  it('does not show under the name of another type', async () => {
    const client = story.as(admin)
    for (const [{ id }, { id: unknown }] of [pairs.version, pairs.service, pairs.key]) {
      const __typename = id.startsWith('kver') ? 'UserKey' : 'KeyVersion'
      const { status, text } = await observe(client, [{ __typename, id }])
      const { status: otherStatus, text: otherText } = await observe(client, [{ __typename, id: unknown }])
      expect({ status, text }).toEqual({ status: otherStatus, text: otherText })
    }
  })

  it('costs the database as much among many as alone', async () => {
    const client = story.as(admin)
    const visible = Array.from({ length: 3 }, () => pairs.masked[0])
    const few = await observe(client, [...visible, pairs.key[1]])
    const many = await observe(
      client,
      Array.from({ length: 20 }, (_, n) => pairs[n % 2 ? 'masked' : 'key'][0]),
    )
    expect([few.status, many.status]).toEqual([200, 200])
    expect(many.statements.length).toBe(few.statements.length)
  })
})

function entitiesOf(
  __typename: TypeName,
  kind: Parameters<typeof formatId>[0],
): [Representation, Representation] {
  const unknown = { __typename, id: formatId(kind, newUuid()) }
  return [unknown, unknown]
}
