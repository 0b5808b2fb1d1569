import { describe, expect, it, onTestFinished } from 'vitest'
import { startProxy } from '../support/cuttable-proxy.ts'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { type Client, endStory, type Person, startStoryOn } from '../support/story.ts'

const admin: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
const roundTripsMax = 6

/** A database in another building: what a change costs there is how often it is asked and answers. */
describe.skipIf(hasNoDatabase())('a change, counted in round trips to the database', () => {
  it.each([
    ['createUserKey', (name: string) => ({ name })],
    ['createUserKey', (name: string) => ({ name, usage: 'SIGN_VERIFY', algorithm: 'ED25519' })],
    ['createUserKey', (name: string) => ({ name, preActivation: true })],
  ] as const)('%s takes at most six', async (mutation, inputOf) => {
    const { client, least } = await startFarAway()
    const trips = await least((n) => client.mutate(mutation, inputOf(`key-${n}`), 'userKey { id }'))
    expect(trips).toBeLessThanOrEqual(roundTripsMax)
  })

  it.each(['ID', 'name', 'alias'] as const)('rotateUserKey takes at most six by %s', async (kind) => {
    const { client, least } = await startFarAway()
    const { userKey } = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    await client.mutate('createAlias', { key: 'orders', alias: 'bills' }, 'userKey { id }')
    const key = { ID: userKey.id, name: 'orders', alias: 'bills' }[kind]
    const trips = await least(() => client.mutate('rotateUserKey', { key }, 'userKey { id }'))
    expect(trips).toBeLessThanOrEqual(roundTripsMax)
  })
})

/** A server far from its database, and the least round trips of several runs: housekeeping asks for something, too. */
async function startFarAway() {
  const database = await createTestDatabase()
  if (database.databaseUrl === null) throw new TypeError('the database is a server')
  const proxy = await startProxy(database.databaseUrl, { isFarAway: true })
  const story = await startStoryOn({ ...database, databaseUrl: proxy.databaseUrl }, {})
  onTestFinished(() => endStory(story))
  const client: Client = story.as(admin)
  return {
    client,
    async least(run: (n: number) => Promise<unknown>): Promise<number> {
      const counts: number[] = []
      for (let n = 0; n < 6; n++) {
        const before = proxy.roundTrips
        await run(n)
        counts.push(proxy.roundTrips - before)
      }
      return Math.min(...counts)
    },
  }
}
