import pg from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { verifyAudit } from '../../src/audit/verify/verify.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { formatId } from '../../src/ids.ts'
import type { Dependencies } from '../../src/keys/parts/dependencies.ts'
import { createLog } from '../../src/log.ts'
import { type OpenOptions, openParts } from '../../src/open-parts.ts'
import { createTestDatabase, hasNoDatabase } from '../support/databases.ts'
import { insertDueKeys } from '../support/due-keys.ts'
import { startServerProcess } from '../support/server-process.ts'
import { environmentFor, type Person, startStoryForTest } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

/** What makes keys and verifies the trail, beside the servers. */
async function openBeside(config: Config, options: Partial<OpenOptions> = {}): Promise<Dependencies> {
  const alert = (error: Error) => {
    throw error
  }
  const { parts, close } = await openParts(config, { prepare: false, alert, ...options })
  onTestFinished(close)
  return parts
}

/** How many keys have so many versions and so many recorded rotations, and whether all versions have material. */
const outcomeQuery = `
  SELECT k.last_version_number AS version, count(*)::int AS keys, sum(rows)::int AS versions,
    sum(materials)::int AS materials, sum(rotations)::int AS rotations, sum(failures)::int AS failures
  FROM keys k,
    LATERAL (SELECT count(*) AS rows, count(m.version_id) AS materials FROM key_versions v
      LEFT JOIN key_material m ON m.version_id = v.id WHERE v.key_id = k.id) AS v,
    LATERAL (SELECT count(*) FILTER (WHERE outcome = 'SUCCEEDED') AS rotations,
      count(*) FILTER (WHERE outcome = 'FAILED') AS failures FROM audit_events e
      WHERE e.key_id = k.id AND e.action = 'ROTATE_KEY' AND e.actor = 'system:rotation') AS e
  GROUP BY 1 ORDER BY 1`

async function query(databaseUrl: string | null, sql: string): Promise<Record<string, number>[]> {
  const client = new pg.Client(databaseUrl ?? '')
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

describe.skipIf(hasNoDatabase())('replicas that share due rotations', () => {
  it('rotate each key once, whatever its algorithm, but none that is forged or was deactivated', async () => {
    const story = await startStoryForTest()
    const { clock, config, database } = story
    const replica = await createApp(config, { clock, log: createLog('silent', { write: () => {} }) })
    onTestFinished(() => replica.close())
    const parts = await openBeside(config, { clock })
    const ids = await insertDueKeys(parts, {
      count: 300,
      projectId: 'shop',
      algorithms: [
        'AES_256_GCM',
        'HMAC_SHA256',
        'CHACHA20_POLY1305',
        'AES_128_GCM',
        'ED25519',
        'EC_P256',
        'ML_KEM_768',
      ],
      createdAt: clock.now(),
      cycleDays: 30,
    })
    const [forged, stopped, stopping] = [ids.slice(0, 20), ids.slice(20, 40), ids.slice(40, 60)]
    const list = forged.map((id) => `'${id}'`).join()
    await query(database.databaseUrl, `UPDATE keys SET description = 'edited' WHERE id IN (${list})`)
    clock.advance({ days: 45 })
    const mia = story.as(manager)
    const deactivate = (id: string) =>
      mia.mutate(
        'deactivateKeyVersion',
        { version: { key: formatId('userKey', id), number: 1 } },
        'version { versionStatus }',
      )
    for (const id of stopped)
      expect(await deactivate(id)).toMatchObject({ version: { versionStatus: 'DEACTIVATED' } })
    const [reports] = await Promise.all([
      Promise.all([story.app, replica, story.app, replica].map((app) => app.housekeeping.runOnce())),
      Promise.all(stopping.map(deactivate)),
    ])
    reports.push(await replica.housekeeping.runOnce())
    const rows = await query(database.databaseUrl, outcomeQuery)
    const rotated = reports.reduce((sum, { rotatedKeys }) => sum + rotatedKeys, 0)
    // Those that were deactivated meanwhile were rotated before that, or not at all.
    expect(rotated).toBeGreaterThanOrEqual(300 - 60)
    expect(rotated).toBeLessThanOrEqual(300 - 40)
    const kept = 300 - rotated
    expect(rows).toEqual([
      { version: 1, keys: kept, versions: kept, materials: kept, rotations: 0, failures: 20 },
      {
        version: 2,
        keys: rotated,
        versions: rotated * 2,
        materials: rotated * 2,
        rotations: rotated,
        failures: 0,
      },
    ])
    // What was made in groups opens.
    const keyId = formatId('userKey', ids[70] ?? '')
    const encrypted = await mia.mutate(
      'encrypt',
      { key: keyId, plaintext: 'aGk=' },
      'ciphertext versionNumber',
    )
    expect(encrypted).toMatchObject({ versionNumber: 2 })
    const { ciphertext } = encrypted
    expect(await mia.mutate('decrypt', { ciphertext }, 'plaintext')).toMatchObject({ plaintext: 'aGk=' })
    const verified = await verifyAudit({ db: parts.store.db, chainMac: parts.auditKeys.chainMac })
    expect(verified.findings).toEqual([])
  })

  it('pass over a key that somebody holds, and come back to it when it is free', async () => {
    const story = await startStoryForTest()
    const { clock, config, database } = story
    const parts = await openBeside(config, { clock })
    const ids = await insertDueKeys(parts, {
      count: 5,
      projectId: 'shop',
      algorithms: ['AES_256_GCM'],
      createdAt: clock.now(),
      cycleDays: 1,
    })
    clock.advance({ days: 1 })
    const holder = new pg.Client(database.databaseUrl ?? '')
    await holder.connect()
    try {
      await holder.query('BEGIN')
      await holder.query('SELECT FROM keys WHERE id = $1 FOR UPDATE', [ids[2]])
      expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 4, failedKeys: 0 })
      await holder.query('COMMIT')
    } finally {
      await holder.end()
    }
    expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 1, failedKeys: 0 })
  })

  it('share destructions as well: each version once, with one event, and no material is left', async () => {
    const story = await startStoryForTest()
    const { clock, config, database } = story
    const replica = await createApp(config, { clock, log: createLog('silent', { write: () => {} }) })
    onTestFinished(() => replica.close())
    const parts = await openBeside(config, { clock })
    const count = 230
    const ids = await insertDueKeys(parts, {
      count,
      projectId: 'shop',
      algorithms: ['AES_256_GCM', 'EC_P256'],
      createdAt: clock.now(),
      cycleDays: 1000,
    })
    const mia = story.as(manager)
    for (const id of ids) {
      const input = { version: { key: formatId('userKey', id), number: 1 } }
      await mia.mutate('deactivateKeyVersion', input)
      await mia.mutate('destroyKeyVersion', { ...input, waitingPeriodDays: 1 })
    }
    clock.advance({ days: 1 })
    const reports = await Promise.all(
      [story.app, replica, story.app, replica].map((app) => app.housekeeping.runOnce()),
    )
    expect(reports.reduce((sum, { sweptKeys }) => sum + sweptKeys, 0)).toBe(count)
    const rows = await query(
      database.databaseUrl,
      `SELECT (SELECT count(*)::int FROM key_versions WHERE status = 'DESTROYED') AS destroyed,
         (SELECT count(*)::int FROM key_material) AS materials, count(*)::int AS events,
         count(DISTINCT key_id)::int AS keys FROM audit_events WHERE action = 'DESTROY_KEY_VERSION'`,
    )
    expect(rows).toEqual([{ destroyed: count, materials: 0, events: count, keys: count }])
    const verified = await verifyAudit({ db: parts.store.db, chainMac: parts.auditKeys.chainMac })
    expect(verified.findings).toEqual([])
  })

  it('are finished by the one that is left when the other is killed in the middle', async () => {
    const database = await createTestDatabase()
    onTestFinished(() => database.dispose())
    const environment = await environmentFor(database, {
      LOG_LEVEL: 'warn',
      HOUSEKEEPING_INTERVAL_SECONDS: '1',
    })
    const count = 2000
    // A server makes the installation; from then on its replicas find the same root key.
    await (await startServerProcess(environment)).stop('SIGTERM')
    const parts = await openBeside(readConfig(environment))
    await insertDueKeys(parts, {
      count,
      projectId: 'shop',
      algorithms: ['AES_256_GCM'],
      createdAt: new Date(Date.now() - 3 * 86_400_000),
      cycleDays: 2,
    })
    const countRotated = async () =>
      Number(
        (
          await query(database.databaseUrl, 'SELECT count(*) AS n FROM keys WHERE last_version_number > 1')
        )[0]?.['n'],
      )
    const servers = await Promise.all([startServerProcess(environment), startServerProcess(environment)])
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop('SIGKILL')))))
    while ((await countRotated()) < 100) await new Promise((resolve) => setTimeout(resolve, 5))
    await servers[0].stop('SIGKILL')
    while ((await countRotated()) < count) await new Promise((resolve) => setTimeout(resolve, 20))
    await servers[1].stop('SIGTERM')
    const all = { keys: count, versions: count * 2, materials: count * 2, rotations: count, failures: 0 }
    expect(await query(database.databaseUrl, outcomeQuery)).toEqual([{ version: 2, ...all }])
    const verified = await verifyAudit({ db: parts.store.db, chainMac: parts.auditKeys.chainMac })
    expect(verified.findings).toEqual([])
  }, 120_000)
})
