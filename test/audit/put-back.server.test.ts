import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { pruneAudit } from '../../src/audit/prune/prune.ts'
import { createExternalKey, openImport, wrapMaterial } from '../keys/wrap-material.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'
import { findingsOf, openTrail } from './opened-trail.ts'
import { uuidOf } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
const eve: Person = { name: 'eve', roles: ['PROJECT_MEMBER'] }
const agent: Person = { name: 'Backup', kind: 'SERVICE_AGENT' }
const plaintext = base64('hello')

/** Tables whose rows of a key are put back together, what is referred to first. */
const tables = ['keys', 'key_versions', 'key_material'] as const

/** A key, what happens to it, and what somebody with the database would like to undo. */
interface Case {
  readonly title: string
  /** Makes the key; gives its ID. */
  readonly make: (client: Client, story: Story) => Promise<string>
  /** What is undone. */
  readonly change: (client: Client, keyId: string, story: Story) => Promise<void>
  /** An honest change afterwards. */
  readonly honest: (client: Client, keyId: string, story: Story) => Promise<string | null>
  /** The revision that the change made, and the honest one makes again. */
  readonly revision: number
}

const create = async (client: Client, input: object): Promise<string> =>
  (await client.mutate('createUserKey', input, 'userKey { id }'))['userKey'].id

/** Runs a mutation; gives the code of its error, wherever that is, or null. */
async function codeOf(client: Client, name: string, input: object): Promise<string | null> {
  const pascal = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
  const answer = await client.send(
    `mutation($input: ${pascal}Input!) { ${name}(input: $input) { __typename ... on UserError { code } } }`,
    { input },
  )
  return answer.errors[0]?.extensions.code ?? answer.data[name].code ?? null
}

const describeAnew = (client: Client, keyId: string) =>
  codeOf(client, 'updateUserKey', { key: keyId, description: 'changed' })

const done = async (client: Client, name: string, input: object): Promise<void> => {
  expect([name, await codeOf(client, name, input)]).toEqual([name, null])
}

const cases: readonly Case[] = [
  {
    title: 'an access list',
    make: (client) =>
      create(client, {
        name: 'list',
        accessControl: { enabled: true, allowedSubjects: ['user:eve'] },
      }),
    change: (client, keyId) => done(client, 'removeAllowedSubjects', { key: keyId, subjects: ['user:eve'] }),
    honest: describeAnew,
    revision: 2,
  },
  {
    title: 'an active version',
    make: (client) => create(client, { name: 'deactivated' }),
    change: (client, keyId) => done(client, 'deactivateKeyVersion', { version: { key: keyId, number: 1 } }),
    honest: (client, keyId) => codeOf(client, 'rotateUserKey', { key: keyId }),
    revision: 2,
  },
  {
    title: 'two versions that were destroyed at once',
    async make(client) {
      const keyId = await create(client, { name: 'destroyed' })
      await done(client, 'rotateUserKey', { key: keyId })
      for (const version of [1, 2]) {
        await done(client, 'deactivateKeyVersion', { version: { key: keyId, number: version } })
        await done(client, 'destroyKeyVersion', {
          version: { key: keyId, number: version },
          waitingPeriodDays: 1,
        })
      }
      return keyId
    },
    async change(_client, _keyId, story) {
      story.clock.advance({ days: 2 })
      expect(await story.app.housekeeping.runOnce()).toMatchObject({ sweptKeys: 1, failedKeys: 0 })
    },
    honest: describeAnew,
    revision: 7,
  },
  {
    title: 'a deleted key',
    make: (client) => create(client, { name: 'deleted', preActivation: true }),
    change: (client, keyId) => done(client, 'deleteUserKey', { key: keyId, confirmName: 'deleted' }),
    honest: (client, keyId) => codeOf(client, 'activateUserKey', { key: keyId }),
    revision: 2,
  },
  {
    title: 'a service key',
    async make(_client, story) {
      await done(story.as(agent), 'encryptWithServiceKey', { plaintext })
      const { serviceKey } = await story
        .as(mia)
        .ask<{ serviceKey: { id: string } }>('{ serviceKey(by: { service: "Backup" }) { id } }')
      return serviceKey.id
    },
    change: rotateService,
    // It is due again, and may have been rotated when the server started.
    async honest(client, _keyId, story) {
      await story.app.housekeeping.runOnce()
      const { serviceKey } = await client.ask<{ serviceKey: { defaultVersion: { number: number } } }>(
        '{ serviceKey(by: { service: "Backup" }) { defaultVersion { number } } }',
      )
      return serviceKey.defaultVersion.number === 2 ? null : 'INTERNAL'
    },
    revision: 2,
  },
]

async function rotateService(_client: Client, _keyId: string, story: Story): Promise<void> {
  story.clock.advance({ days: 366 })
  expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 1, failedKeys: 0 })
}

const copies = [...tables, 'deleted_keys', 'key_version_usage', 'import_parameters', 'audit_events'] as const

/** Copies of all tables, of now. */
const copyAll = [
  'CREATE SCHEMA copied',
  ...copies.map((table) => `CREATE TABLE copied.${table} AS TABLE ${table}`),
]

/** The rows of a key as they were when the copies were made. */
function putBack(keyId: string): string[] {
  const uuid = uuidOf(keyId)
  const versions = `SELECT id FROM copied.key_versions WHERE key_id = '${uuid}'`
  return [
    `DELETE FROM keys WHERE id = '${uuid}'`,
    `DELETE FROM deleted_keys WHERE id = '${uuid}'`,
    `INSERT INTO keys SELECT * FROM copied.keys WHERE id = '${uuid}'`,
    `INSERT INTO key_versions SELECT * FROM copied.key_versions WHERE key_id = '${uuid}'`,
    `INSERT INTO key_material SELECT * FROM copied.key_material WHERE version_id IN (${versions})`,
    `INSERT INTO key_version_usage SELECT * FROM copied.key_version_usage WHERE key_id = '${uuid}'`,
  ]
}

/** Hides the records of changes since the copies were made, and brings them back. */
const hide = (keyId: string) => [
  `CREATE TABLE copied.hidden AS SELECT * FROM audit_events e WHERE key_id = '${uuidOf(keyId)}'
     AND NOT EXISTS (SELECT FROM copied.audit_events c WHERE c.id = e.id)`,
  'DELETE FROM audit_events WHERE id IN (SELECT id FROM copied.hidden)',
]
const unhide = 'INSERT INTO audit_events SELECT * FROM copied.hidden'

async function findingsIn(story: Story): Promise<string[]> {
  await story.stop()
  const { parts, close } = await openTrail(story)
  try {
    return await findingsOf(parts)
  } finally {
    await close()
  }
}

const alertsOf = (story: Story, since: number) =>
  story.logged.slice(since).filter((line) => line.includes('"alert":"INTEGRITY"'))

describe.skipIf(hasNoDatabase())('rows that were put back to what they once were', () => {
  it.each(cases)(
    'of $title are refused by the next change, and named',
    async (each) => {
      const story = await startStoryForTest()
      const keyId = await each.make(story.as(mia), story)
      await story.sql(...copyAll)
      await each.change(story.as(mia), keyId, story)
      await story.sql(...putBack(keyId))
      const since = story.logged.length
      expect(await each.honest(story.as(mia), keyId, story)).toBe('INTERNAL')
      expect(alertsOf(story, since).join()).toContain(uuidOf(keyId))
      expect(await findingsIn(story)).toEqual([
        expect.stringMatching(
          new RegExp(
            `^key ${keyId} went back to revision ${each.revision - 1}; revision ${each.revision} is on record$`,
          ),
        ),
      ])
    },
    180_000,
  )

  it.each(cases)(
    'of $title are named after an honest change, however it came about',
    async (each) => {
      const story = await startStoryForTest()
      const keyId = await each.make(story.as(mia), story)
      await story.sql(...copyAll)
      await each.change(story.as(mia), keyId, story)
      // With the records out of the way nothing in the database tells, so that the change takes place.
      await story.sql(...putBack(keyId), ...hide(keyId))
      expect(await each.honest(story.as(mia), keyId, story)).toBeNull()
      await story.sql(unhide)
      expect(await findingsIn(story)).toContainEqual(
        `key ${keyId} has revision ${each.revision} on record more than once: an older row was put back before a change`,
      )
    },
    180_000,
  )

  it('of a version alone are refused by the next change of its key, and named', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keyId = await create(client, { name: 'orders' })
    await done(client, 'rotateUserKey', { key: keyId })
    await story.sql(...copyAll)
    await done(client, 'deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    await story.sql(
      `DELETE FROM key_versions WHERE key_id = '${uuidOf(keyId)}' AND number = 1`,
      `INSERT INTO key_versions SELECT * FROM copied.key_versions WHERE key_id = '${uuidOf(keyId)}' AND number = 1`,
      `INSERT INTO key_material SELECT m.* FROM copied.key_material m JOIN copied.key_versions v ON v.id = m.version_id
         WHERE v.key_id = '${uuidOf(keyId)}' AND v.number = 1`,
    )
    const since = story.logged.length
    expect(await describeAnew(story.as(mia), keyId)).toBe('INTERNAL')
    expect(alertsOf(story, since)).not.toEqual([])
    expect(await findingsIn(story)).toEqual([
      `version 1 of key ${keyId} went back to how revision 1 left it; it was changed in revision 3`,
    ])
  }, 180_000)

  it('do not help a subject that was taken off a list', async () => {
    const story = await startStoryForTest()
    const keyId = await create(story.as(mia), {
      name: 'orders',
      accessControl: { enabled: true, allowedSubjects: ['user:eve'] },
    })
    await story.sql(...copyAll)
    await done(story.as(mia), 'removeAllowedSubjects', { key: keyId, subjects: ['user:eve'] })
    await story.sql(...putBack(keyId))
    // Until a change or a verification nothing tells: each row is one that the server has written.
    expect(await codeOf(story.as(eve), 'encrypt', { key: keyId, plaintext })).toBeNull()
    expect(await describeAnew(story.as(mia), keyId)).toBe('INTERNAL')
    const events = await story.sql(
      `SELECT count(*)::int AS n FROM audit_events WHERE key_id = '${uuidOf(keyId)}' AND key_revision > 1`,
    )
    expect(events).toEqual([{ n: 1 }])
  }, 180_000)

  it('of import parameters do not serve a second time, and are named', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keyId = await createExternalKey(client, { name: 'imported' })
    const open = await openImport(client, keyId)
    const input = {
      key: keyId,
      importParametersId: open.id,
      wrappedMaterial: wrapMaterial(open, randomBytes(32)),
    }
    await story.sql(...copyAll)
    await done(story.as(mia), 'importKeyVersion', input)
    const where = `id = '${uuidOf(open.id)}'`
    const back = [
      `DELETE FROM import_parameters WHERE ${where}`,
      `INSERT INTO import_parameters SELECT * FROM copied.import_parameters WHERE ${where}`,
    ]
    await story.sql(...back)
    expect(await codeOf(story.as(mia), 'importKeyVersion', input)).toBe('INTERNAL')
    expect(await findingsIn(story)).toEqual([
      `key ${keyId} has import parameters ${open.id} that are on record as used: their row was put back`,
    ])
    // With the record out of the way, and the key as it was before.
    await story.sql(...putBack(keyId), ...back, ...hide(keyId))
    expect(await codeOf(story.as(mia), 'importKeyVersion', input)).toBeNull()
    await story.sql(unhide)
    expect(await findingsIn(story)).toContainEqual(
      `key ${keyId} has more than one import with ${open.id} on record: its row was put back`,
    )
  }, 180_000)

  it('of a usage counter are named, also after further encryptions', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keyId = await create(client, { name: 'orders' })
    const items = Array.from({ length: 40 }, () => ({ key: keyId, plaintext }))
    await client.mutate('encryptBatch', { items })
    await story.sql(`UPDATE key_version_usage SET encryptions = 0 WHERE key_id = '${uuidOf(keyId)}'`)
    await done(story.as(mia), 'encrypt', { key: keyId, plaintext })
    expect(await findingsIn(story)).toEqual([
      `key ${keyId} has 41 encryptions with version 1 on record, but its counter says 16: it was set back`,
    ])
  }, 180_000)

  it('of what is kept of pruned records are named after an honest change', async () => {
    const story = await startStoryForTest()
    const client = story.as(mia)
    const keyId = await create(client, { name: 'orders' })
    await done(client, 'updateUserKey', { key: keyId, description: 'first' })
    await prune(story)
    await story.sql(...copyAll, 'CREATE TABLE copied.kept AS TABLE audit_pruned_revisions')
    await done(story.as(mia), 'updateUserKey', { key: keyId, description: 'second' })
    await prune(story)
    const back = (table: string) => [
      'CREATE TABLE copied.newer AS TABLE audit_pruned_revisions',
      'DELETE FROM audit_pruned_revisions',
      `INSERT INTO audit_pruned_revisions SELECT * FROM copied.${table}`,
    ]
    await story.sql(...putBack(keyId), ...back('kept'))
    // The newest change that is still on record is the first: the rows fit it.
    expect(await describeAnew(story.as(mia), keyId)).toBeNull()
    await story.sql(
      'DELETE FROM audit_pruned_revisions',
      'INSERT INTO audit_pruned_revisions SELECT * FROM copied.newer',
    )
    expect(await findingsIn(story)).toEqual([
      `key ${keyId} has 4 changes on record up to revision 3: an older row was put back before a change`,
    ])
  }, 240_000)

  it('or removed, of the installation secret, keep the server from starting', async () => {
    const story = await startStoryForTest()
    await create(story.as(mia), { name: 'orders' })
    await expect(story.sql('DELETE FROM installation')).rejects.toThrow(/^The installation row is missing/)
  }, 180_000)
})

/** Prunes everything that is on record. */
async function prune(story: Story): Promise<void> {
  story.clock.advance({ days: 10 })
  await story.app.housekeeping.runOnce()
  await story.stop()
  const { parts, close } = await openTrail(story)
  const { store, clock, audit, auditKeys } = parts
  const { pruned } = await pruneAudit({
    store,
    clock,
    audit,
    chainMac: auditKeys.chainMac,
    olderThanDays: 5,
  }).finally(close)
  expect(pruned).toBeGreaterThan(0)
  await story.restart()
}
