import pg from 'pg'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { asOperator } from '../support/as-operator.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, type Story, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const within = { timeout: 30_000, interval: 20 }

/** A session of somebody else on the story's database, inside a transaction. */
async function foreignSession(story: Story): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: story.database.databaseUrl ?? '' })
  await client.connect()
  onTestFinished(() => client.end())
  await client.query('BEGIN')
  return client
}

const untilWaiting = (story: Story) =>
  vi.waitUntil(async () => {
    const rows = await asOperator(
      story.database.databaseUrl,
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'keystead'
        AND wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  }, within)

async function createKey(story: Story): Promise<string> {
  return (await story.as(mia).mutate('createUserKey', { name: 'orders' }, 'userKey { id }'))['userKey'].id
}

const codes = (story: Story, level: number) =>
  story.logged.flatMap((line) => {
    const entry = JSON.parse(line)
    return entry.level === level && entry.part !== undefined ? [[entry.part, entry.code]] : []
  })

describe.skipIf(hasNoDatabase())('locks of others in the database', () => {
  it('that lead to a deadlock make a change start over, and nobody notices', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story)
    const foreign = await foreignSession(story)
    // The server, which looks after a second, is the one whose transaction is ended.
    await foreign.query(`SET LOCAL deadlock_timeout = '60s'`)
    await foreign.query(`SELECT 1 FROM audit_chains WHERE kind = 'MANAGEMENT' FOR UPDATE`)
    const changed = story
      .as(mia)
      .mutate('updateUserKey', { key: keyId, description: 'changed' }, 'userKey { revision }')
    await untilWaiting(story)
    await foreign.query('SELECT 1 FROM keys FOR UPDATE')
    await foreign.query('COMMIT')
    expect(await changed).toMatchObject({ __typename: 'UpdateUserKeyPayload', userKey: { revision: 2 } })
    expect(codes(story, 50)).toEqual([])
  })

  it('that are not let go within lock_timeout are UNAVAILABLE, and the log says why', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story)
    const name = new URL(story.database.databaseUrl ?? '').pathname.slice(1)
    await story.stop()
    await asOperator(story.database.databaseUrl, `ALTER DATABASE ${name} SET lock_timeout = '200ms'`)
    await story.restart()
    const foreign = await foreignSession(story)
    await foreign.query('SELECT 1 FROM keys FOR UPDATE')
    const { errors } = await story
      .as(mia)
      .send('mutation($input: UpdateUserKeyInput!) { updateUserKey(input: $input) { __typename } }', {
        input: { key: keyId, description: 'changed' },
      })
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAVAILABLE'])
    expect(codes(story, 40)).toEqual([['database', '55P03']])
    expect(story.logged.filter((line) => JSON.parse(line).level === 50)).toEqual([])
    await foreign.query('ROLLBACK')
    const again = await story.as(mia).mutate('updateUserKey', { key: keyId, description: 'changed' })
    expect(again.__typename).toBe('UpdateUserKeyPayload')
  })

  it('on the audit trail make the server not ready until they are let go', async () => {
    const story = await startStoryForTest()
    const keyId = await createKey(story)
    const ready = async () => (await fetch(`${story.app.url}/readyz`)).status
    expect(await ready()).toBe(200)
    const foreign = await foreignSession(story)
    await foreign.query('LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE')
    // A record that was written a moment ago speaks for the trail for some seconds.
    await expect.poll(ready, within).toBe(503)
    expect(codes(story, 40)).toContainEqual(['auditTrail', '55P03'])
    await foreign.query('ROLLBACK')
    await expect.poll(ready, within).toBe(200)
    const { ciphertext } = await story
      .as(mia)
      .mutate('encrypt', { key: keyId, plaintext: base64('hello') }, 'ciphertext')
    expect(ciphertext).toBeTruthy()
  })
})
