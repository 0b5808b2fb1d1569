import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inputOn, outcomeOf } from '../access/key-mutations.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Story, startStory } from '../support/story.ts'

/** What is created, what is done with it, and then the reason why it cannot protect; null if it can. */
const lives: Readonly<
  Record<string, { created?: object; deeds: readonly [string, object][]; reason: string | null }>
> = {
  fresh: { deeds: [], reason: null },
  pending: { created: { preActivation: true }, deeds: [], reason: 'NO_VERSION' },
  external: { created: { origin: 'EXTERNAL' }, deeds: [], reason: 'NO_VERSION' },
  stopped: {
    deeds: [['deactivateKeyVersion', { versionNumber: 1 }]],
    reason: 'DEFAULT_VERSION_DEACTIVATED',
  },
  // Its status is ACTIVE: only the default version counts.
  'newest-stopped': {
    deeds: [
      ['rotateUserKey', {}],
      ['deactivateKeyVersion', { versionNumber: 2 }],
    ],
    reason: 'DEFAULT_VERSION_DEACTIVATED',
  },
  'oldest-stopped': {
    deeds: [
      ['rotateUserKey', {}],
      ['deactivateKeyVersion', { versionNumber: 1 }],
    ],
    reason: null,
  },
  scheduled: {
    deeds: [
      ['deactivateKeyVersion', { versionNumber: 1 }],
      ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 30 }],
    ],
    reason: 'DEFAULT_VERSION_DESTROY_SCHEDULED',
  },
  destroyed: {
    deeds: [
      ['deactivateKeyVersion', { versionNumber: 1 }],
      ['destroyKeyVersion', { versionNumber: 1, waitingPeriodDays: 0 }],
    ],
    reason: 'DEFAULT_VERSION_DESTROYED',
  },
  restarted: {
    deeds: [
      ['deactivateKeyVersion', { versionNumber: 1 }],
      ['rotateUserKey', {}],
    ],
    reason: null,
  },
}

interface Listed {
  readonly id: string
  readonly name: string
  readonly canProtect: boolean
  readonly cannotProtectReason: string | null
}

const listOf = (fields: string) =>
  `{ userKeys(first: 50, orderBy: { field: NAME, direction: ASC }) { nodes { ${fields} } } }`

describe.skipIf(hasNoDatabase())('whether a key can protect new data', () => {
  let story: Story
  let olga: Client
  beforeAll(async () => {
    story = await startStory()
    olga = story.as({ name: 'olga', roles: ['PROJECT_MEMBER'] })
    for (const [name, { created, deeds }] of Object.entries(lives)) {
      const accessControl = { enabled: true }
      const { userKey } = await olga.mutate(
        'createUserKey',
        { name, accessControl, ...created },
        'userKey { id }',
      )
      for (const [mutation, input] of deeds) {
        const { __typename } = await olga.mutate(mutation, inputOn(userKey.id, input))
        expect(__typename).toMatch(/Payload$/)
      }
    }
    // A destruction without a waiting period comes once no server can still use the version.
    story.clock.advance({ minutes: 5 })
  })
  afterAll(() => endStory(story))

  const list = async (client: Client): Promise<readonly Listed[]> =>
    (
      await client.ask<{ userKeys: { nodes: readonly Listed[] } }>(
        listOf('id name canProtect cannotProtectReason'),
      )
    ).userKeys.nodes

  it('is said with the reason in the list, and is what encryption says', async () => {
    const nodes = await list(olga)
    expect(nodes.map(({ id: _id, ...node }) => node)).toEqual(
      Object.entries(lives)
        .map(([name, { reason }]) => ({ name, canProtect: reason === null, cannotProtectReason: reason }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
    )
    for (const { id, name, canProtect } of nodes) {
      const outcome = await outcomeOf(olga, 'encrypt', { key: id, plaintext: base64('order 7') })
      expect(outcome, name).toBe(canProtect ? 'EncryptPayload' : 'InvalidKeyStateError')
    }
  })

  it('is answered the same of every redacted key, whatever the reason', async () => {
    const nodes = await list(story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] }))
    expect(nodes).toHaveLength(Object.keys(lives).length)
    for (const { canProtect, cannotProtectReason } of nodes) {
      expect([canProtect, cannotProtectReason]).toEqual([false, 'NO_ACCESS'])
    }
  })

  it('is a filter, which redacted keys pass for neither value, whatever their state', async () => {
    const namesOf = async (client: Client, canProtect: boolean) => {
      const filter = `filter: { canProtect: ${canProtect} }`
      const { userKeys, userKeyCounts } = await client.ask<{
        userKeys: { nodes: readonly Listed[]; totalCount: number }
        userKeyCounts: { total: number; redacted: number }
      }>(
        `{ userKeys(first: 50, ${filter}) { nodes { name } totalCount } userKeyCounts(${filter}) { total redacted } }`,
      )
      expect(userKeys.totalCount).toBe(userKeys.nodes.length)
      expect(userKeyCounts).toEqual({ total: userKeys.totalCount, redacted: 0 })
      return userKeys.nodes.map(({ name }) => name).sort()
    }
    const ada = story.as({ name: 'ada', roles: ['PROJECT_ADMIN'] })
    for (const wanted of [true, false]) {
      const expected = Object.entries(lives).filter(([, { reason }]) => (reason === null) === wanted)
      expect(await namesOf(olga, wanted)).toEqual(expected.map(([name]) => name).sort())
      expect(await namesOf(ada, wanted)).toEqual([])
    }
  })

  it('costs no statement of its own', async () => {
    const statementsOf = async (fields: string) => {
      await olga.ask(listOf(fields))
      story.takeStatements()
      await olga.ask(listOf(fields))
      return story.takeStatements()
    }
    const plain = await statementsOf('name')
    expect(plain.length).toBeGreaterThan(0)
    expect(await statementsOf('name canProtect cannotProtectReason')).toEqual(plain)
  })

  it('is said of service keys too', async () => {
    const agent = story.as({ name: 'Backup', kind: 'SERVICE_AGENT' })
    await agent.mutate('encryptWithServiceKey', { plaintext: base64('order 7') })
    const { serviceKeys } = await olga.ask<{ serviceKeys: object }>(
      '{ serviceKeys { nodes { canProtect cannotProtectReason ... on Key { __typename canProtect } } } }',
    )
    expect(serviceKeys).toEqual({
      nodes: [{ __typename: 'ServiceKey', canProtect: true, cannotProtectReason: null }],
    })
  })
})
