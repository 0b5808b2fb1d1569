import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, startStoryForTest } from '../support/story.ts'
import { wholeSelectionOf } from './whole-selection.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
// With the same role, so that the two differ by the access lists alone.
const vic: Person = { name: 'vic', roles: ['KMS_MANAGER'] }

// All of each key once, but for the lists that are part of its row: the values that a document asks for are limited.
const everything = (first: number) =>
  `{ userKeys(first: ${first}) { totalCount edges { cursor } nodes ${wholeSelectionOf('UserKey', ['accessList', 'allowedSubjects'])} } }`

/** Keys of which some are redacted for others, some asymmetric, some without and some with several versions. */
async function createKeys(client: Client, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const input = {
      name: `key-${index}`,
      ...(index % 3 === 0 && { accessControl: { enabled: true, allowedSubjects: ['user:bob'] } }),
      ...(index % 5 === 1 && { algorithm: 'ED25519' }),
      ...(index % 6 === 4 && { preActivation: true }),
    }
    const { userKey } = await client.mutate('createUserKey', input, 'userKey { id }')
    if (index % 4 === 1) await client.mutate('rotateUserKey', { key: userKey.id })
    if (index % 4 === 3) await client.mutate('encrypt', { key: userKey.id, plaintext: base64('x') })
  }
}

describe.skipIf(hasNoDatabase())('a page of user keys', () => {
  it('with everything about them costs the same number of SQL statements for 10 and for 100 keys', async () => {
    const story = await startStoryForTest()
    await createKeys(story.as(olga), 100)
    const counts: number[] = []
    for (const person of [vic, olga]) {
      const client = story.as(person)
      for (const first of [10, 100]) {
        story.takeStatements()
        const { userKeys } = await client.ask<{ userKeys: { nodes: Record<string, unknown>[] } }>(
          everything(first),
        )
        const statements = story.takeStatements()
        counts.push(statements.length)
        expect(userKeys.nodes).toHaveLength(first)
        const redacted = userKeys.nodes.filter(({ viewerCanAccess }) => viewerCanAccess === false)
        expect(redacted.length > 0).toBe(person === vic)
        expect(redacted.every(({ versions, deletable }) => versions === null && deletable === null)).toBe(
          true,
        )
        // What costs a statement of its own is there.
        const whole = userKeys.nodes.filter(({ viewerCanAccess }) => viewerCanAccess)
        expect(whole.some(({ publicKey }) => publicKey !== null)).toBe(true)
        expect(whole.some(({ versions }) => (versions as { totalCount: number }).totalCount === 2)).toBe(true)
        expect(whole.some(({ deletable }) => deletable === true)).toBe(true)
      }
    }
    expect(new Set(counts).size, `statements: ${counts.join()}`).toBe(1)
    // Keys, their number, their default versions, one version, a page of versions, their number, deletable, the keys of
    // the versions, use and callers of the versions, a page of events, their number, the keys that they name, and these.
    expect(counts[0]).toBeLessThan(30)
  })

  it('costs no more for aliases of the same list of versions than for each list by itself', async () => {
    const story = await startStoryForTest()
    await createKeys(story.as(olga), 12)
    const client = story.as(vic)
    const countFor = async (selection: string) => {
      story.takeStatements()
      await client.ask(`{ userKeys { nodes { ${selection} } } }`)
      return story.takeStatements().length
    }
    const none = await countFor('id')
    const one = await countFor('a: versions(first: 1) { nodes { id } }')
    expect(one).toBe(none + 1)
    expect(
      await countFor(
        'a: versions(first: 1) { nodes { id } } b: versions(first: 1) { nodes { id } } version(number: 1) { id }',
      ),
    ).toBe(none + 2)
    expect(
      await countFor('a: versions(first: 1) { nodes { id } } b: versions(last: 1) { nodes { id } }'),
    ).toBe(none + 2)
  })
})
