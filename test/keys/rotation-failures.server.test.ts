import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { type Client, type Person, startStoryForTest } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

async function createKey(client: Client, name: string, algorithm: string): Promise<void> {
  const input = { name, algorithm, automaticRotation: { enabled: true, cycleDays: 30 } }
  expect(await client.mutate('createUserKey', input, 'userKey { id }')).toHaveProperty('userKey')
}

describe.skipIf(hasNoDatabase())('a key that does not verify and pretends to be due', () => {
  // Material of the first is made in the transaction of a group, that of the second before its own transaction.
  it.each(['AES_256_GCM', 'ED25519'])(
    '(%s) is on record and alarms once a day, however often it is found',
    async (algorithm) => {
      const story = await startStoryForTest()
      await createKey(story.as(mia), 'forged', algorithm)
      await createKey(story.as(mia), 'intact', algorithm)
      const recorded = () =>
        story.sql(
          `SELECT k.name, e.actor, e.outcome, e.error_code, count(*)::int AS n FROM audit_events e
         JOIN keys k ON k.id = e.key_id WHERE action = 'ROTATE_KEY' GROUP BY 1, 2, 3, 4 ORDER BY 1`,
        )
      const alarms = () => story.logged.filter((line) => line.includes('"alert":"INTEGRITY"')).length
      await story.sql(`UPDATE keys SET rotation_due_on = '2026-01-01' WHERE name = 'forged'`)
      for (let round = 0; round < 3; round++) {
        expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 0, failedKeys: 1 })
      }
      expect(alarms()).toBe(1)
      const failed = { name: 'forged', actor: 'system:rotation', outcome: 'FAILED', error_code: 'INTERNAL' }
      // Looking into the database starts the server anew: it raises its own alarm, and puts nothing on record.
      expect(await recorded()).toEqual([{ ...failed, n: 1 }])
      await story.app.housekeeping.runOnce()
      expect(alarms()).toBe(2)
      story.clock.advance({ days: 30 })
      expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 1, failedKeys: 1 })
      await story.app.housekeeping.runOnce()
      expect(alarms()).toBe(3)
      expect(await recorded()).toEqual([
        { ...failed, n: 2 },
        { ...failed, name: 'intact', outcome: 'SUCCEEDED', error_code: null, n: 1 },
      ])
    },
  )
})

describe.skipIf(hasNoDatabase())('a key whose rotation the database refuses', () => {
  it('fails alone, once a day on record, while those beside it are rotated with one event each', async () => {
    const story = await startStoryForTest()
    for (const name of ['a', 'b', 'c', 'd', 'e']) await createKey(story.as(mia), name, 'AES_256_GCM')
    await story.sql(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.key_id = (SELECT id FROM keys WHERE name = 'c') THEN RAISE EXCEPTION 'refused'; END IF;
         RETURN NEW;
       END $$`,
      'CREATE TRIGGER refuse BEFORE INSERT ON key_versions FOR EACH ROW EXECUTE FUNCTION refuse()',
    )
    story.clock.advance({ days: 30 })
    expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 4, failedKeys: 1 })
    expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 0, failedKeys: 1 })
    const events = await story.sql(
      `SELECT k.name, e.outcome, k.last_version_number AS n FROM audit_events e JOIN keys k ON k.id = e.key_id
       WHERE action = 'ROTATE_KEY' ORDER BY 1`,
    )
    expect(events).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) =>
        name === 'c' ? { name, outcome: 'FAILED', n: 1 } : { name, outcome: 'SUCCEEDED', n: 2 },
      ),
    )
  })
})
