import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { subscribeAs } from './event-source.ts'

const olga: Person = { name: 'olga', roles: ['PROJECT_ADMIN'] }
const rob: Person = { name: 'rob', roles: ['KMS_USER'] }

const keyEvents = `subscription($keyId: KeyRef!) {
  keyEvents(key: $keyId) {
    changes goneKeyIds
    key {
      __typename id name status
      defaultVersion { number versionStatus }
      ... on UserKey { viewerCanAccess description accessControlEnabled allowedSubjects { id } }
    }
  }
}`

async function createKey(story: Story, input: object = {}): Promise<string> {
  const created = await story.as(olga).mutate('createUserKey', { name: 'orders', ...input }, 'userKey { id }')
  return created['userKey'].id
}

describe.skipIf(hasNoDatabase())('the events of a key', () => {
  it('start with the key as it is, and tell of rotations, states, access and deletion, the last of all', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story)
    const admin = story.as(olga)
    const events = await subscribeAs(story, olga, keyEvents, { keyId })
    expect(events.status).toBe(200)
    expect(events.headers.get('content-type')).toBe('text/event-stream')
    const told = async () => {
      const { event, data, errors } = await events.next()
      expect([event, errors]).toEqual(['next', []])
      return data.keyEvents
    }
    expect(await told()).toMatchObject({ changes: [], goneKeyIds: [], key: { id: keyId, status: 'ACTIVE' } })
    await admin.mutate('rotateUserKey', { key: keyId })
    expect(await told()).toMatchObject({ changes: ['ROTATED'], key: { defaultVersion: { number: 2 } } })
    await admin.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    expect(await told()).toMatchObject({ changes: ['STATE'], key: { status: 'ACTIVE' } })
    await admin.mutate('deactivateKeyVersion', { version: { key: keyId, number: 2 } })
    expect(await told()).toMatchObject({ changes: ['STATE'], key: { status: 'DEACTIVATED' } })
    await admin.mutate('updateUserKey', { key: keyId, description: 'of the shop' })
    expect(await told()).toMatchObject({ changes: ['DETAILS'], key: { description: 'of the shop' } })
    await admin.mutate('configureAutomaticRotation', { key: keyId, enabled: true, cycleDays: 30 })
    expect(await told()).toMatchObject({ changes: ['AUTOMATIC_ROTATION'] })
    await admin.mutate('enableAccessControl', { key: keyId, subjects: ['user:rob'] })
    expect(await told()).toMatchObject({ changes: ['ACCESS'], key: { accessControlEnabled: true } })
    for (const version of [1, 2]) {
      const input = { version: { key: keyId, number: version }, waitingPeriodDays: 0 }
      expect(await admin.mutate('destroyKeyVersion', input)).not.toHaveProperty('code')
      expect(await told()).toMatchObject({ changes: ['STATE'] })
    }
    // A destruction without a waiting period still waits until no replica uses the version any more.
    story.clock.advance({ minutes: 1 })
    await admin.mutate('deleteUserKey', { key: keyId, confirmName: 'orders' })
    expect(await told()).toEqual({ changes: ['GONE'], goneKeyIds: [keyId], key: null })
    expect((await events.rest()).map(({ event }) => event)).toEqual(['complete'])
  })

  it('show a caller that loses access the redacted key, and nothing of what happens to it while that lasts', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story)
    const admin = story.as(olga)
    const events = await subscribeAs(story, rob, keyEvents, { keyId })
    expect((await events.next()).data.keyEvents.key).toMatchObject({ id: keyId, viewerCanAccess: true })
    await admin.mutate('enableAccessControl', { key: keyId, subjects: [] })
    const redacted = (await events.next()).data.keyEvents
    expect(redacted).toMatchObject({
      changes: ['ACCESS'],
      goneKeyIds: [keyId],
      key: { viewerCanAccess: false, status: null, defaultVersion: null, allowedSubjects: null },
    })
    expect(redacted.key.id).toMatch(/^rkey_/)
    // All of these are hidden from the caller; the change of the description is not, and is the next that it hears of.
    await admin.mutate('rotateUserKey', { key: keyId })
    await admin.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:tom'] })
    await admin.mutate('configureAutomaticRotation', { key: keyId, enabled: true, cycleDays: 9 })
    await admin.mutate('removeAllowedSubjects', { key: keyId, subjects: ['user:tom'] })
    await admin.mutate('updateUserKey', { key: keyId, description: 'seen by all' })
    expect((await events.next()).data.keyEvents).toMatchObject({
      changes: ['DETAILS'],
      goneKeyIds: [],
      key: { id: redacted.key.id, description: 'seen by all', status: null },
    })
    await admin.mutate('addAllowedSubjects', { key: keyId, subjects: ['user:rob'] })
    expect((await events.next()).data.keyEvents).toMatchObject({
      changes: ['ACCESS'],
      goneKeyIds: [redacted.key.id],
      key: { id: keyId, viewerCanAccess: true, defaultVersion: { number: 2 } },
    })
  })

  it('are the same, byte for byte and statement for statement, for a key of another project and for none', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story)
    const stranger: Person = { name: 'sue', project: 'bank', roles: ['PROJECT_ADMIN'] }
    await story.as(stranger).ask('{ viewer { subject { id } } }')
    const answers: { texts: string[]; statements: string[] }[] = []
    const unknown = `${keyId.slice(0, -6)}${keyId.endsWith('000000') ? '111111' : '000000'}`
    for (const id of [keyId, unknown]) {
      story.takeStatements()
      const events = await subscribeAs(story, stranger, keyEvents, { keyId: id })
      const texts = (await events.rest()).map(({ event, text }) => `${event} ${text}`)
      answers.push({ texts, statements: story.takeStatements() })
    }
    expect(answers[0]).toEqual(answers[1])
    expect(answers[0]?.texts).toEqual([
      'next {"data":{"keyEvents":{"changes":[],"goneKeyIds":[],"key":null}}}',
      'complete ',
    ])
    expect(answers[0]?.statements.length).toBeGreaterThan(0)
  })

  it('of a key whose stand-in ID is given are the same as by its own', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story, { accessControl: { enabled: true } })
    const { userKey } = await story
      .as(rob)
      .ask<{ userKey: { id: string } }>('{ userKey(key: "orders") { id } }')
    expect(userKey.id).toMatch(/^rkey_/)
    const events = await subscribeAs(story, rob, keyEvents, { keyId: userKey.id })
    expect((await events.next()).data.keyEvents.key).toMatchObject({ id: userKey.id, viewerCanAccess: false })
    await story.as(olga).mutate('disableAccessControl', { key: keyId })
    expect((await events.next()).data.keyEvents).toMatchObject({ changes: ['ACCESS'], key: { id: keyId } })
  })

  it('of a service key tell of its rotation', async () => {
    const story = await startStoryForTest()
    const agent = story.as({ name: 'Secrets Manager', kind: 'SERVICE_AGENT' })
    await agent.mutate('encryptWithServiceKey', { plaintext: 'aGk=' }, 'keyId')
    const { serviceKey } = await story
      .as(olga)
      .ask<{ serviceKey: { id: string } }>('{ serviceKey(by: { service: "Secrets Manager" }) { id } }')
    const events = await subscribeAs(story, rob, keyEvents, { keyId: serviceKey.id })
    expect((await events.next()).data.keyEvents.key).toMatchObject({ __typename: 'ServiceKey' })
    story.clock.advance({ days: 400 })
    expect((await story.app.housekeeping.runOnce()).rotatedKeys).toBe(1)
    // The clock has passed the end of the token, which ends the stream before it could tell of the rotation.
    expect((await events.next()).errors[0]?.extensions.code).toBe('UNAUTHENTICATED')
    const later = await subscribeAs(story, rob, keyEvents, { keyId: serviceKey.id })
    expect((await later.next()).data.keyEvents.key).toMatchObject({ defaultVersion: { number: 2 } })
  })

  it('end with GONE for a service agent that is taken off the list', async () => {
    const story = await startStoryForTest()
    const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT', roles: ['KMS_USER'] }
    const subject = 'service-agent:Backup'
    const keyId = await createKey(story, { accessControl: { enabled: true, allowedSubjects: [subject] } })
    const events = await subscribeAs(story, agent, keyEvents, { keyId })
    expect((await events.next()).data.keyEvents.key).toMatchObject({ id: keyId, viewerCanAccess: true })
    await story.as(olga).mutate('removeAllowedSubjects', { key: keyId, subjects: [subject] })
    expect((await events.next()).data.keyEvents).toEqual({
      changes: ['GONE'],
      goneKeyIds: [keyId],
      key: null,
    })
    expect((await events.rest()).map(({ event }) => event)).toEqual(['complete'])
  })
})
