import { describe, expect, it } from 'vitest'
import { openTrail } from '../audit/opened-trail.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { type DueKeys, insertDueKeys } from '../support/due-keys.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { isListening, type Subscription, subscribe, subscribeAs } from './event-source.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const rob: Person = { name: 'rob', roles: ['KMS_USER'], groups: ['packers'] }

const userKeysChanged = `subscription {
  userKeysChanged {
    listAgain goneKeyIds
    changedKeys { id name description status viewerCanAccess defaultVersion { number } }
  }
}`

const listAgain = { listAgain: true, goneKeyIds: [], changedKeys: [] }

/** Opens the stream of a person, past its first event. */
async function follow(story: Story, person: Person): Promise<Subscription> {
  await isListening(story)
  const events = await subscribeAs(story, person, userKeysChanged)
  expect((await events.next()).data.userKeysChanged).toEqual(listAgain)
  return events
}

/** Lets tokens of {@link followForDays} pass. */
const longTokens = { AUTH_TOKEN_LIFETIME_MINUTES_MAX: '0' }

/** The same with a token that outlives the days which a test lets pass. */
async function followForDays(story: Story, person: Person): Promise<Subscription> {
  const exp = Math.floor(story.clock.now().getTime() / 1000) + 7 * 24 * 3600
  const token = await story.tokenFor(person, { exp })
  const events = await subscribe({ url: story.app.url, token }, userKeysChanged)
  expect((await events.next()).data.userKeysChanged).toEqual(listAgain)
  return events
}

/** A server with keys of user:mia that are due for rotation in two days. */
async function startStoryWithDueKeys(keys: Pick<DueKeys, 'count' | 'accessControlEnabled'>): Promise<Story> {
  const story = await startStoryForTest(longTokens)
  await story.stop()
  const { parts, close } = await openTrail(story)
  const createdAt = story.clock.now()
  await insertDueKeys(parts, {
    projectId: 'shop',
    algorithms: ['AES_256_GCM'],
    createdAt,
    cycleDays: 2,
    ...keys,
  })
  await close()
  const started = story.logged.filter((line) => line.includes('"listening for changes')).length
  await story.restart()
  await isListening(story, started + (story.database.databaseUrl === null ? 0 : 1))
  return story
}

/** How many times a server lost and found its listener again: each time it tells its streams twice. */
function gapsOf({ logged }: Story): number {
  return 2 * logged.filter((line) => line.includes('not listening')).length
}

/** Takes events until all keys were told of, or are to be listed again; gives how many events that took. */
async function takeRotations(events: Subscription, keys: number): Promise<number> {
  const told = new Set<string>()
  for (let count = 1; ; count++) {
    const { listAgain: isAsked, changedKeys } = (await events.next()).data.userKeysChanged
    for (const key of changedKeys) if (key.defaultVersion.number === 2) told.add(key.name)
    if (isAsked || told.size === keys) return count
  }
}

async function createKey(story: Story, name: string, input: object = {}): Promise<string> {
  const created = await story.as(olga).mutate('createUserKey', { name, ...input }, 'userKey { id }')
  return created['userKey'].id
}

describe.skipIf(hasNoDatabase())('what changes among the user keys', () => {
  it('is told of keys that are created, changed and deleted', async () => {
    const story = await startStoryForTest()
    const events = await follow(story, olga)
    const told = async () => (await events.next()).data.userKeysChanged
    const keyId = await createKey(story, 'orders', { preActivation: true })
    const orders = { id: keyId, name: 'orders', viewerCanAccess: true }
    expect(await told()).toMatchObject({
      listAgain: false,
      changedKeys: [{ ...orders, status: 'PRE_ACTIVATION', defaultVersion: null }],
    })
    await story.as(olga).mutate('updateUserKey', { key: keyId, description: 'of the shop' })
    expect(await told()).toMatchObject({ changedKeys: [{ ...orders, description: 'of the shop' }] })
    await story.as(olga).mutate('deleteUserKey', { key: keyId, confirmName: 'orders' })
    expect(await told()).toEqual({ listAgain: false, changedKeys: [], goneKeyIds: [keyId] })
  })

  it('is told of keys of the own project only, and of no service keys', async () => {
    const story = await startStoryForTest()
    const events = await follow(story, olga)
    const stranger = story.as({ name: 'sue', project: 'bank', roles: ['PROJECT_ADMIN'] })
    expect(await stranger.mutate('createUserKey', { name: 'vault' })).not.toHaveProperty('code')
    const agent = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    expect(await agent.mutate('encryptWithServiceKey', { plaintext: 'aGk=' })).not.toHaveProperty('code')
    const keyId = await createKey(story, 'orders')
    expect((await events.next()).data.userKeysChanged.changedKeys).toMatchObject([{ id: keyId }])
  })

  it('hides from a caller that a key is redacted for what is hidden of the key, and that it changes', async () => {
    const story = await startStoryForTest()
    const admin = story.as(olga)
    const events = await follow(story, rob)
    const told = async () => (await events.next()).data.userKeysChanged
    const keyId = await createKey(story, 'orders', {
      accessControl: { enabled: true, allowedSubjects: ['group:packers'] },
    })
    expect(await told()).toMatchObject({ changedKeys: [{ id: keyId, status: 'ACTIVE' }] })
    await admin.mutate('removeAllowedSubjects', { key: keyId, subjects: ['group:packers'] })
    const lost = await told()
    const [redacted] = lost.changedKeys
    expect(redacted).toMatchObject({ viewerCanAccess: false, status: null, defaultVersion: null })
    expect(redacted.id).toMatch(/^rkey_/)
    // The ID under which a cache has what the caller saw before.
    expect(lost.goneKeyIds).toEqual([keyId])
    await admin.mutate('rotateUserKey', { key: keyId })
    await admin.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:tom'] })
    await admin.mutate('removeAllowedSubjects', { key: keyId, subjects: ['user:tom'] })
    await admin.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    // Nothing of that was told: this is the next event, and it is of another key.
    const otherId = await createKey(story, 'returns')
    expect(await told()).toMatchObject({ changedKeys: [{ id: otherId }], goneKeyIds: [] })
    await admin.mutate('updateUserKey', { key: keyId, name: 'parcels' })
    expect(await told()).toMatchObject({
      changedKeys: [{ id: redacted.id, name: 'parcels', status: null }],
      goneKeyIds: [],
    })
    await admin.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:rob'] })
    expect(await told()).toMatchObject({ changedKeys: [{ id: keyId, defaultVersion: { number: 2 } }] })
  })

  it('names the real ID of a key that becomes redacted for all whom its list leaves out', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story, 'orders')
    const events = await follow(story, rob)
    await story.as(olga).mutate('enableAccessControl', { key: keyId, subjects: ['user:tom'] })
    expect((await events.next()).data.userKeysChanged).toMatchObject({
      changedKeys: [{ id: expect.stringMatching(/^rkey_/), viewerCanAccess: false }],
      goneKeyIds: [keyId],
    })
  })

  it('names a deleted key by the ID that the caller knew', async () => {
    const story = await startStoryForTest()
    const events = await follow(story, rob)
    const keyId = await createKey(story, 'orders', { preActivation: true, accessControl: { enabled: true } })
    const [key] = (await events.next()).data.userKeysChanged.changedKeys
    expect(key.id).toMatch(/^rkey_/)
    await story.as(olga).mutate('deleteUserKey', { key: keyId, confirmName: 'orders' })
    expect((await events.next()).data.userKeysChanged).toEqual({
      listAgain: false,
      changedKeys: [],
      goneKeyIds: [key.id],
    })
  })

  it('tells a service agent of keys that it is put on the list of and taken off, and of no others', async () => {
    const story = await startStoryForTest()
    const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_USER'] }
    const subjects = ['service-agent:Backup']
    const admin = story.as(olga)
    const hidden = await createKey(story, 'hidden', { preActivation: true, accessControl: { enabled: true } })
    const events = await follow(story, agent)
    const told = async () => (await events.next()).data.userKeysChanged
    await createKey(story, 'orders')
    await admin.mutate('updateUserKey', { key: hidden, name: 'renamed' })
    await admin.mutate('deleteUserKey', { key: hidden, confirmName: 'renamed' })
    const keyId = await createKey(story, 'returns', {
      accessControl: { enabled: true, allowedSubjects: subjects },
    })
    expect(await told()).toMatchObject({
      changedKeys: [{ id: keyId, viewerCanAccess: true }],
      goneKeyIds: [],
    })
    await admin.mutate('disableAccessControl', { key: keyId })
    expect(await told()).toEqual({ listAgain: false, changedKeys: [], goneKeyIds: [keyId] })
  })

  it('makes few events of many changes: all keys are told of, or are to be listed again', async () => {
    const keys = 110
    const story = await startStoryWithDueKeys({ count: keys })
    const events = await followForDays(story, olga)
    story.clock.advance({ days: 3 })
    expect((await story.app.housekeeping.runOnce()).rotatedKeys).toBe(keys)
    const count = await takeRotations(events, keys)
    expect(count).toBeLessThan(20)
  }, 240_000)

  it('tells an outsider nothing when more than 1,000 keys change that are hidden from it', async () => {
    const count = 1010
    const story = await startStoryWithDueKeys({ count, accessControlEnabled: true })
    const outsider = await followForDays(story, rob)
    const owner = await followForDays(story, { name: 'mia', roles: ['KMS_USER'] })
    story.clock.advance({ days: 3 })
    expect((await story.app.housekeeping.runOnce()).rotatedKeys).toBe(count)
    await takeRotations(owner, count)
    const keyId = await createKey(story, 'orders')
    let event = (await outsider.next()).data.userKeysChanged
    // A server that loses its listener may have missed changes, and says so to everybody.
    for (let gaps = gapsOf(story); event.listAgain && gaps > 0; gaps--) {
      event = (await outsider.next()).data.userKeysChanged
    }
    expect(event).toMatchObject({ listAgain: false, changedKeys: [{ id: keyId }], goneKeyIds: [] })
  }, 240_000)
})
