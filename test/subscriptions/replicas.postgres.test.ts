import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { createLog } from '../../src/log.ts'
import { type CuttableProxy, startProxy } from '../support/cuttable-proxy.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { isListening, type Subscription, subscribe } from './event-source.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const rob: Person = { name: 'rob', roles: ['KMS_USER'] }

const keyEvents = `subscription($keyId: KeyRef!) {
  keyEvents(key: $keyId) { changes key { id status ... on UserKey { viewerCanAccess description } } }
}`
const userKeysChanged = 'subscription { userKeysChanged { listAgain changedKeys { name status } } }'

interface Replica {
  readonly proxy: CuttableProxy
  readonly logged: readonly string[]
  subscribeAs(person: Person, query: string, variables?: object): Promise<Subscription>
}

/** A second server on a story's database, which it reaches through a proxy. */
async function startReplica(story: Story): Promise<Replica> {
  const { clock, database } = story
  const proxy = await startProxy(database.databaseUrl ?? '')
  const logged: string[] = []
  const app = await createApp(
    { ...story.config, DATABASE_URL: proxy.databaseUrl },
    { clock, log: createLog('info', { write: (line) => void logged.push(line) }) },
  )
  onTestFinished(() => app.close())
  await isListening({ database, logged })
  return {
    proxy,
    logged,
    subscribeAs: async (person, query, variables) =>
      subscribe({ url: app.url, token: await story.tokenFor(person) }, query, variables),
  }
}

async function createKey(story: Story): Promise<string> {
  return (await story.as(olga).mutate('createUserKey', { name: 'orders' }, 'userKey { id }'))['userKey'].id
}

/** A key of which the replica has heard, as its list has told. */
async function createFollowed(
  story: Story,
  replica: Replica,
): Promise<{ list: Subscription; keyId: string }> {
  const list = await replica.subscribeAs(rob, userKeysChanged)
  await list.next()
  const keyId = await createKey(story)
  expect((await list.next()).data.userKeysChanged.changedKeys).toEqual([{ name: 'orders', status: 'ACTIVE' }])
  return { list, keyId }
}

describe.skipIf(hasNoDatabase())('a stream of one replica', () => {
  it('tells of changes that another makes, with the access that the other has just changed', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    const admin = story.as(olga)
    const { list, keyId } = await createFollowed(story, replica)
    const events = await replica.subscribeAs(rob, keyEvents, { keyId })
    const told = async () => (await events.next()).data.keyEvents
    /** Reads on until the key is listed so; two changes in a row can make one event or two. */
    const listed = async (status: string | null) => {
      for (;;) {
        const [key, ...others] = (await list.next()).data.userKeysChanged.changedKeys
        expect(others).toEqual([])
        if (key.status === status) return
      }
    }
    expect(await told()).toMatchObject({ changes: [], key: { id: keyId, status: 'ACTIVE' } })
    for (let round = 0; round < 3; round++) {
      await admin.mutate('enableAccessControl', { key: keyId, subjects: [] })
      expect(await told()).toMatchObject({
        changes: ['ACCESS'],
        key: { viewerCanAccess: false, status: null },
      })
      await listed(null)
      await admin.mutate('rotateUserKey', { key: keyId })
      await admin.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:rob'] })
      expect(await told()).toMatchObject({ changes: ['ACCESS'], key: { id: keyId, status: 'ACTIVE' } })
      await listed('ACTIVE')
      await admin.mutate('disableAccessControl', { key: keyId })
      expect(await told()).toMatchObject({ changes: ['ACCESS'], key: { id: keyId, viewerCanAccess: true } })
      await listed('ACTIVE')
    }
  })

  it('loses nothing where the connection that tells it of changes breaks: it looks again', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    const { list, keyId } = await createFollowed(story, replica)
    const events = await replica.subscribeAs(rob, keyEvents, { keyId })
    await events.next()
    replica.proxy.cutListener()
    // Told by the break itself, since changes may have been missed; the key has not changed.
    expect((await list.next()).data.userKeysChanged).toEqual({ listAgain: true, changedKeys: [] })
    await story.as(olga).mutate('updateUserKey', { key: keyId, description: 'changed meanwhile' })
    replica.proxy.mend()
    await isListening({ ...story, logged: replica.logged }, 2)
    expect((await events.next()).data.keyEvents).toMatchObject({
      changes: ['DETAILS'],
      key: { description: 'changed meanwhile' },
    })
    expect((await list.next()).data.userKeysChanged).toEqual({ listAgain: true, changedKeys: [] })
  })

  it('ends with an error that can be acted on where the database cannot be reached', async () => {
    const story = await startStoryForTest()
    const replica = await startReplica(story)
    const keyId = await createKey(story)
    const events = await replica.subscribeAs(rob, keyEvents, { keyId })
    await events.next()
    replica.proxy.silence('pool')
    await story.as(olga).mutate('updateUserKey', { key: keyId, description: 'changed' })
    const rest = await events.rest()
    replica.proxy.mend()
    expect(rest.map(({ event, errors }) => [event, errors[0]?.extensions.code])).toEqual([
      ['next', 'UNAVAILABLE'],
      ['complete', undefined],
    ])
  })
})
