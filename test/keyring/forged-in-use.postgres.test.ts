import { describe, expect, it } from 'vitest'
import { isListening, subscribeAs } from '../subscriptions/event-source.ts'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

describe.skipIf(hasNoDatabase())('a key that is edited in the database while it is in memory', () => {
  it.each([
    ['a rotation', 'rotateUserKey', {}],
    ['another change', 'updateUserKey', { description: 'new' }],
  ])('is not used from memory any more after %s has found the edit', async (_, mutation, input) => {
    const story = await startStoryForTest({ CACHE_LIFETIME_MS: '60000' })
    const client = story.as(mia)
    // A server that begins to listen, or hears of a change, forgets what it holds: both must be over before the edit.
    await isListening(story)
    const changes = await subscribeAs(story, mia, 'subscription { userKeysChanged { changedKeys { id } } }')
    await changes.next()
    const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const keyId = userKey.id
    expect((await changes.next()).text).toContain(keyId)
    const encrypt = () => client.mutate('encrypt', { key: keyId, plaintext: base64('x') })
    expect(await encrypt()).toMatchObject({ __typename: 'EncryptPayload' })
    await asOperator(story.database.databaseUrl, `UPDATE keys SET description = 'edited'`)
    expect(await encrypt()).toMatchObject({ __typename: 'EncryptPayload' })
    const changed = await client.send(
      `mutation($input: ${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { __typename } }`,
      { input: { key: keyId, ...input } },
    )
    expect(changed.text).toContain('INTERNAL')
    const refused = await client.send(
      'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }',
      { input: { key: keyId, plaintext: base64('x') } },
    )
    expect(refused.text).toContain('INTERNAL')
  })
})
