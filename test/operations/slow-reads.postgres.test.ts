import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER', 'KMS_USER'] }
const max: Person = { name: 'max', roles: ['KMS_MANAGER', 'KMS_USER'], project: 'other' }
/** As many counts as a document may have. */
const counts = (filter: string) =>
  `{ ${Array.from({ length: 20 }, (_, n) => `a${n}: userKeys(first: 1, filter: ${filter}) { totalCount }`).join(' ')} }`

/** Sessions of the server that wait for a lock. */
async function waitingSessions({ database }: Story): Promise<number> {
  const [row] = await asOperator(
    database.databaseUrl,
    `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'keystead' AND wait_event_type = 'Lock'`,
  )
  return Number(row?.['count'])
}

describe.skipIf(hasNoDatabase())('a caller who floods the server with counts of filtered lists', () => {
  it.each([
    ['a search', '{ search: "a" }', 'key_search'],
    ['what was unused since', '{ unusedSince: "2027-01-01T00:00:00Z" }', 'key_last_uses'],
  ])('by %s leaves connections to the database to a neighbour', async (_what, filter, table) => {
    const story = await startStoryForTest({
      ...{ RATE_LIMIT_UNITS: '0', DATABASE_POOL_SIZE: '4' },
      // The flood lasts for as long as the neighbour takes.
      REQUEST_TIMEOUT_MS: '120000',
    })
    const neighbour = story.as(max)
    const { userKey } = await neighbour.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    // Counts last for as long as the lock is held.
    const holder = new pg.Client({ connectionString: story.database.databaseUrl ?? '' })
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    const flood = Array.from({ length: 30 }, () => story.as(mia).send(counts(filter)))
    await vi.waitUntil(async () => (await waitingSessions(story)) > 0, { timeout: 30_000, interval: 20 })

    const served: string[] = []
    for (let n = 0; n < 5; n++) {
      const { userKeys } = await neighbour.ask<{ userKeys: { nodes: object[] } }>(
        '{ userKeys { nodes { name status } } }',
      )
      expect(userKeys.nodes).toEqual([{ name: 'orders', status: 'ACTIVE' }])
      served.push(
        (await neighbour.mutate('encrypt', { key: userKey.id, plaintext: base64(`order ${n}`) })).__typename,
      )
      expect(await waitingSessions(story)).toBeLessThanOrEqual(1)
    }
    expect(served).toEqual(Array(5).fill('EncryptPayload'))

    await holder.query('ROLLBACK')
    const answers = await Promise.all(flood)
    // Those that waited for the lock longer than a statement may are errors in it.
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(answers.flatMap(({ data }) => Object.values(data))).toContainEqual({ totalCount: 0 })
  })
})
