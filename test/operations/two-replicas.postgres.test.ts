import { describe, expect, it, onTestFinished } from 'vitest'
import { type App, createApp } from '../../src/app.ts'
import { createLog } from '../../src/log.ts'
import { hasNoDatabase } from '../support/databases.ts'
import {
  base64,
  type Client,
  clientFor,
  type Person,
  type Story,
  startStoryForTest,
} from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** Another replica of a story's server, on the same database and with the same root key. */
async function startReplica(story: Story): Promise<{ app: App; as: (person: Person) => Client }> {
  const { clock } = story
  const app = await createApp(story.config, { clock, log: createLog('silent', { write: () => {} }) })
  onTestFinished(() => app.close())
  return { app, as: (person) => clientFor(person, { getUrl: () => app.url, clock }) }
}

async function createKey(client: Client, name: string): Promise<string> {
  const input = { name, automaticRotation: { enabled: true, cycleDays: 1 } }
  return (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id
}

describe.skipIf(hasNoDatabase())('two replicas of the server', () => {
  it('rotate a key that is due exactly once, and destroy a version exactly once', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    const mia = story.as(manager)
    const keys = await Promise.all(Array.from({ length: 20 }, (_, n) => createKey(mia, `key-${n}`)))
    const doomed = await createKey(mia, 'doomed')
    await mia.mutate('rotateUserKey', { key: doomed })
    await mia.mutate('deactivateKeyVersion', { version: { key: doomed, number: 1 } })
    await mia.mutate('destroyKeyVersion', { version: { key: doomed, number: 1 }, waitingPeriodDays: 1 })
    for (let day = 1; day <= 5; day++) {
      story.clock.advance({ days: 1 })
      const reports = await Promise.all(
        [story.app, replica.app, story.app, replica.app].map((app) => app.housekeeping.runOnce()),
      )
      const sum = (count: (report: (typeof reports)[number]) => number) =>
        reports.reduce((total, report) => total + count(report), 0)
      expect(sum((report) => report.rotatedKeys)).toBe(21)
      // Its rotation settles the destruction where it comes before the sweep.
      expect(sum((report) => report.sweptKeys)).toBeLessThanOrEqual(day === 1 ? 1 : 0)
      expect(sum((report) => report.failedKeys)).toBe(0)
      for (const id of keys) {
        const { userKey } = await mia.ask<{ userKey: object }>(
          'query($id: KeyRef!) { userKey(key: $id) { revision defaultVersion { number } versions { totalCount } } }',
          { id },
        )
        expect(userKey).toEqual({
          revision: day + 1,
          defaultVersion: { number: day + 1 },
          versions: { totalCount: day + 1 },
        })
      }
    }
    const events = await story.sql(
      `SELECT action, outcome, count(*)::int AS n FROM audit_events WHERE actor LIKE 'system:%' GROUP BY 1, 2 ORDER BY 1`,
    )
    expect(events).toEqual([
      { action: 'DESTROY_KEY_VERSION', outcome: 'SUCCEEDED', n: 1 },
      { action: 'ROTATE_KEY', outcome: 'SUCCEEDED', n: 105 },
    ])
  })

  it('make one service key of first calls that race', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    for (let round = 0; round < 10; round++) {
      const person: Person = { name: `Racer ${round}`, kind: 'SERVICE_AGENT' }
      const agents = [story, replica, story, replica].map((server) => server.as(person))
      const results = await Promise.all(
        agents.map((agent) =>
          agent.mutate('encryptWithServiceKey', { plaintext: base64('hello') }, 'ciphertext keyId'),
        ),
      )
      expect(new Set(results.map(({ keyId }) => keyId)).size).toBe(1)
      for (const [index, agent] of agents.entries()) {
        // What one replica encrypted, the other opens.
        const ciphertext = results[(index + 1) % 4]?.['ciphertext']
        expect(await agent.mutate('decryptWithServiceKey', { ciphertext }, 'plaintext')).toMatchObject({
          plaintext: base64('hello'),
        })
      }
    }
    const created = await story.sql(
      `SELECT count(*)::int AS events, (SELECT count(*)::int FROM keys) AS keys,
         (SELECT count(*)::int FROM key_material) AS materials FROM audit_events WHERE action = 'CREATE_SERVICE_KEY'`,
    )
    expect(created).toEqual([{ events: 10, keys: 10, materials: 10 }])
  })

  it('give rotations of one key on both sides consecutive numbers', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    const keyId = await createKey(story.as(manager), 'orders')
    const results = await Promise.all(
      [story, replica, story, replica, story, replica].map((server) =>
        server.as(manager).mutate('rotateUserKey', { key: keyId }, 'version { number }'),
      ),
    )
    expect(results.map((result) => result['version'].number).sort()).toEqual([2, 3, 4, 5, 6, 7])
  })

  it('decide batches of the same keys item by item, each key for one of them', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    const [left, right] = [story, replica].map((server) => server.as(manager)) as [Client, Client]
    const keys = await Promise.all(Array.from({ length: 10 }, (_, n) => createKey(left, `key-${n}`)))
    const outcomesOf = async (client: Client, name: string, items: readonly object[]) => {
      const selection = 'results { result { __typename } }'
      const { results } = await client.mutate(name, { items }, selection)
      return (results as { result: { __typename: string } }[]).map(({ result }) => result.__typename)
    }
    const items = keys.map((key) => ({ version: { key, number: 1 }, expectedRevision: 1 }))
    // In opposite orders, so that each waits for keys that the other has locked.
    const [forwards, backwards] = await Promise.all([
      outcomesOf(left, 'deactivateKeyVersionBatch', items),
      outcomesOf(right, 'deactivateKeyVersionBatch', items.toReversed()),
    ])
    for (const [index, outcome] of forwards.entries()) {
      expect([outcome, backwards.toReversed()[index]].sort()).toEqual([
        'ConflictError',
        'DeactivateKeyVersionPayload',
      ])
    }
    // Keys that are deleted meanwhile, by single changes on the other replica.
    const pending = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const name = `pending-${n}`
        const created = await left.mutate('createUserKey', { name, preActivation: true }, 'userKey { id }')
        return { name, key: created['userKey'].id as string }
      }),
    )
    const set = [{ name: 'team', value: 'ops' }]
    const [labelled, ...deleted] = await Promise.all([
      outcomesOf(
        left,
        'labelUserKeyBatch',
        pending.map(({ key }) => ({ key, set })),
      ),
      ...pending.map(({ name, key }) => right.mutate('deleteUserKey', { key, confirmName: name })),
    ])
    expect(new Set(deleted.map(({ __typename }) => __typename))).toEqual(new Set(['DeleteUserKeyPayload']))
    for (const outcome of labelled) expect(outcome).toMatch(/^(LabelUserKeyPayload|KeyNotFoundError)$/)
    const events = await story.sql(
      `SELECT action, outcome, error_code, count(*)::int AS n FROM audit_events
       WHERE action IN ('DEACTIVATE_KEY_VERSION', 'LABEL_USER_KEY') GROUP BY 1, 2, 3`,
    )
    const done = labelled.filter((outcome) => outcome === 'LabelUserKeyPayload').length
    const label = { action: 'LABEL_USER_KEY' }
    // In any order: the database sorts by its own rules.
    expect(new Set(events)).toEqual(
      new Set(
        [
          { action: 'DEACTIVATE_KEY_VERSION', outcome: 'FAILED', error_code: 'CONFLICT', n: 10 },
          { action: 'DEACTIVATE_KEY_VERSION', outcome: 'SUCCEEDED', error_code: null, n: 10 },
          { ...label, outcome: 'FAILED', error_code: 'KEY_NOT_FOUND', n: 10 - done },
          { ...label, outcome: 'SUCCEEDED', error_code: null, n: done },
        ].filter(({ n }) => n > 0),
      ),
    )
  })
})
