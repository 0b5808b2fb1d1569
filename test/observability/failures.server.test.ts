import { describe, expect, it } from 'vitest'
import { base64, type Person } from '../support/story.ts'
import { readSamples, startWatchedStory, sumOf, type WatchedStory } from './watched-story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'], project: 'shop' }
const encrypting = 'mutation($input: EncryptInput!) { encrypt(input: $input) { __typename } }'

/** A key to encrypt with, and the code that an encryption is answered with. */
async function withKey({ story, send }: WatchedStory) {
  const { userKey } = await story.as(mia).mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  const input = { key: userKey.id, plaintext: base64('hello') }
  return async (): Promise<string | undefined> =>
    (await send(mia, encrypting, { input })).errors[0]?.extensions.code
}

describe('what an operator is woken for', () => {
  it('is counted where stored data does not verify, and where an operation fails of it', async () => {
    const watched = await startWatchedStory()
    const encrypt = await withKey(watched)
    await watched.story.sql("UPDATE keys SET description = 'changed'")
    expect(sumOf(readSamples(await watched.scrape()), 'keystead_integrity_alerts_total')).toBe(0)
    expect(await encrypt()).toBe('INTERNAL')
    const samples = readSamples(await watched.scrape())
    expect(sumOf(samples, 'keystead_integrity_alerts_total')).toBe(1)
    const failed = { action: 'ENCRYPT', outcome: 'INTERNAL', algorithm: 'none' }
    expect(sumOf(samples, 'keystead_operations_total', failed)).toBe(1)
  })

  it('is counted where audit events cannot be written, and what is not on record is no operation', async () => {
    const watched = await startWatchedStory()
    const encrypt = await withKey(watched)
    await watched.story.sql(
      `CREATE FUNCTION refuse_event() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'no space left'; END $$ LANGUAGE plpgsql`,
      "CREATE TRIGGER refuse_event BEFORE INSERT ON audit_events FOR EACH ROW WHEN (NEW.action = 'ENCRYPT') EXECUTE FUNCTION refuse_event()",
    )
    const before = watched.story.logged.length
    expect(await encrypt()).toBe('UNAVAILABLE')
    const samples = readSamples(await watched.scrape())
    expect(sumOf(samples, 'keystead_audit_write_failures_total')).toBe(1)
    expect(sumOf(samples, 'keystead_operations_total', { action: 'ENCRYPT' })).toBe(0)
    const lines = watched.story.logged.slice(before).map((line) => JSON.parse(line))
    const [request] = lines.filter(({ msg }) => msg === 'request')
    expect(request).toMatchObject({ level: 40, outcome: 'UNAVAILABLE' })
  })
})
