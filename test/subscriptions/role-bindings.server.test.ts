import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Person, type Story, startStoryForTest } from '../support/story.ts'
import { isListening, subscribeAs } from './event-source.ts'

const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const list = 'subscription { userKeysChanged { listAgain changedKeys { name status } } }'
const one = `subscription($keyId: KeyRef!) { keyEvents(key: $keyId) { changes key { ... on UserKey { name status } } } }`

/** A project in which bob has a role by a binding alone, and a key. */
async function startBound(): Promise<{ story: Story; keyId: string }> {
  const story = await startStoryForTest()
  await isListening(story)
  const admin = story.as(ada)
  await admin.mutate('bindRole', { subject: 'group:ops', role: 'KMS_USER' })
  const { userKey } = await admin.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  return { story, keyId: userKey.id }
}

const bob: Person = { name: 'bob', groups: ['ops'] }

describe.skipIf(hasNoDatabase())('a stream of a caller with a bound role', () => {
  it.each([
    ['of the list', list],
    ['of one key', one],
  ])(
    '%s ends with FORBIDDEN when the role is taken, without telling of later changes',
    async (_of, query) => {
      const { story, keyId } = await startBound()
      const stream = await subscribeAs(story, bob, query, query === one ? { keyId } : {})
      expect((await stream.next()).errors).toEqual([])
      await story.as(ada).mutate('unbindRole', { subject: 'group:ops', role: 'KMS_USER' })
      await story.as(ada).mutate('updateUserKey', { key: keyId, name: 'renamed' })
      const rest = await stream.rest()
      expect(rest.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code))).toEqual([
        'FORBIDDEN',
      ])
      expect(rest.map(({ text }) => text).join()).not.toContain('renamed')
    },
  )

  it('ends at the next change after the role has expired', async () => {
    const { story, keyId } = await startBound()
    const expiresAt = new Date(story.clock.now().getTime() + 60_000).toISOString()
    await story.as(ada).mutate('bindRole', { subject: 'group:ops', role: 'KMS_USER', expiresAt })
    const stream = await subscribeAs(story, bob, one, { keyId })
    expect((await stream.next()).data.keyEvents.key.name).toBe('orders')
    story.clock.advance({ minutes: 2 })
    await story.as(ada).mutate('updateUserKey', { key: keyId, name: 'renamed' })
    const rest = await stream.rest()
    expect(
      rest.map(({ errors }) => errors[0]?.extensions.code ?? null).filter((code) => code !== null),
    ).toEqual(['FORBIDDEN'])
    expect(rest.map(({ text }) => text).join()).not.toContain('renamed')
  })

  it('goes on with what further roles show, and of a caller who is not affected tells nothing', async () => {
    const { story } = await startBound()
    const mine = await subscribeAs(story, bob, list)
    const others = await subscribeAs(story, { name: 'rob', roles: ['KMS_USER'] }, list)
    for (const stream of [mine, others]) {
      expect((await stream.next()).data.userKeysChanged).toEqual({ listAgain: true, changedKeys: [] })
    }
    await story.as(ada).mutate('bindRole', { subject: 'user:bob', role: 'KMS_MANAGER' })
    expect((await mine.next()).data.userKeysChanged).toEqual({ listAgain: true, changedKeys: [] })
    await story.as(ada).mutate('createUserKey', { name: 'second' })
    const changedKeys = [{ name: 'second', status: 'ACTIVE' }]
    expect((await others.next()).data.userKeysChanged).toEqual({ listAgain: false, changedKeys })
  })
})
