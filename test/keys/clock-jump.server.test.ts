import { describe, expect, it, onTestFinished } from 'vitest'
import { createApp } from '../../src/app.ts'
import { pruneAudit } from '../../src/audit/prune/prune.ts'
import { readConfig } from '../../src/config.ts'
import { confirmClock } from '../../src/keys/changing/operator.ts'
import { createLog } from '../../src/log.ts'
import { type OpenedParts, openParts } from '../../src/open-parts.ts'
import type { ElapsedTime } from '../../src/store/database-clock.ts'
import { openStore } from '../../src/store/open-store.ts'
import { operate } from '../backup/operator.ts'
import { createTestDatabase, hasNoDatabase, type TestDatabase } from '../support/databases.ts'
import { base64, clientFor, environmentFor } from '../support/story.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A wrapping key of RSA-4096 takes its time on a busy machine. */
const settings = { REQUEST_TIMEOUT_MS: '60000' }
const manager = { name: 'mia', roles: ['KMS_MANAGER' as const] }

/** The clocks of the database and of a machine, and the time that really passes. */
function createTime() {
  let passedMs = 0
  let setMs = Date.parse('2026-03-01T12:00:00Z')
  let bootId = 'boot-1'
  const elapsed: ElapsedTime = {
    monotonicMs: () => passedMs,
    uptimeMs: () => passedMs,
    get bootId() {
      return bootId
    },
  }
  return {
    clock: { now: () => new Date(setMs + passedMs) },
    elapsed,
    pass(ms: number): void {
      passedMs += ms
    },
    set(ms: number): void {
      setMs += ms
    },
    /** Nothing proves afterwards how long the machine was off. */
    reboot(): void {
      bootId = `${bootId}1`
    },
  }
}

type Time = ReturnType<typeof createTime>

async function startServer(database: TestDatabase, time: Time) {
  const logged: string[] = []
  const app = await createApp(readConfig(await environmentFor(database, settings)), {
    time,
    log: createLog('info', { write: (line) => void logged.push(line) }),
  })
  let isOpen = true
  const close = async () => {
    if (isOpen) await app.close()
    isOpen = false
  }
  onTestFinished(close)
  const client = clientFor(manager, { getUrl: () => app.url, clock: time.clock })
  return { app, client, close, alerts: () => logged.filter((line) => line.includes('"alert":"CLOCK"')) }
}

async function withServer() {
  const database = await createTestDatabase()
  onTestFinished(() => database.dispose())
  const time = createTime()
  return { database, time, ...(await startServer(database, time)) }
}

type Client = Awaited<ReturnType<typeof withServer>>['client']

/** A key whose version 1 is to be destroyed in seven days. */
async function scheduleDestruction(client: Client): Promise<string> {
  const created = await client.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
  const keyId: string = created['userKey'].id
  await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
  const scheduled = await client.mutate('destroyKeyVersion', {
    version: { key: keyId, number: 1 },
    waitingPeriodDays: 7,
  })
  expect(scheduled.__typename).toBe('DestroyKeyVersionPayload')
  return keyId
}

async function statusOf(client: Client, keyId: string): Promise<string> {
  const { userKey } = await client.ask<{ userKey: { version: { versionStatus: string } } }>(
    'query($id: KeyRef!) { userKey(key: $id) { version(number: 1) { versionStatus } } }',
    { id: keyId },
  )
  return userKey.version.versionStatus
}

describe.skipIf(hasNoDatabase())('a clock that jumps ahead', () => {
  it('destroys nothing, at once or by housekeeping; an operator is told, and the version can be restored', async () => {
    const { app, client, time, alerts } = await withServer()
    const keyId = await scheduleDestruction(client)
    time.set(8 * dayMs)
    expect(await statusOf(client, keyId)).toBe('DESTROY_SCHEDULED')
    const { sweptKeys } = await app.housekeeping.runOnce()
    expect(sweptKeys).toBe(0)
    expect(await statusOf(client, keyId)).toBe('DESTROY_SCHEDULED')
    expect(alerts()).toHaveLength(1)
    expect(alerts()[0]).toContain('8 d 0 h 0 min ahead')
    expect(alerts()[0]).toContain('keystead clock confirm')
    expect((await client.mutate('deleteUserKey', { key: keyId, confirmName: 'orders' }))['code']).toBe(
      'INVALID_KEY_STATE',
    )
    expect(
      (await client.mutate('restoreKeyVersion', { version: { key: keyId, number: 1 } })).__typename,
    ).toBe('RestoreKeyVersionPayload')
  })

  it('is confirmed by an operator, on record, and what is due is destroyed then', async () => {
    const { app, client, close, database, time } = await withServer()
    const keyId = await scheduleDestruction(client)
    time.set(8 * dayMs)
    await app.housekeeping.runOnce()
    await close()
    const again = await startServer(database, time)
    await again.app.housekeeping.runOnce()
    expect(again.alerts()).toHaveLength(1)
    expect(await statusOf(again.client, keyId)).toBe('DESTROY_SCHEDULED')
    await again.close()
    const opened = await openData(database, time)
    expect((await confirmClock(opened.parts))?.aheadMs).toBe(8 * dayMs)
    expect(await confirmClock(opened.parts)).toBeNull()
    const records = await opened.parts.store.db.auditEvent.findMany({ where: { action: 'CONFIRM_CLOCK' } })
    expect(records).toMatchObject([
      { actor: 'system:operator', outcome: 'SUCCEEDED', details: { aheadSeconds: (8 * dayMs) / 1000 } },
    ])
    await opened.close()
    const confirmed = await startServer(database, time)
    await confirmed.app.housekeeping.runOnce()
    expect(confirmed.alerts()).toEqual([])
    expect(await statusOf(confirmed.client, keyId)).toBe('DESTROYED')
  })

  it('holds destruction until the waiting period has really passed, with the server on or off', async () => {
    const { app, client, close, database, time } = await withServer()
    const keyId = await scheduleDestruction(client)
    time.set(8 * dayMs)
    await app.housekeeping.runOnce()
    time.pass(3 * dayMs)
    await app.housekeeping.runOnce()
    expect(await statusOf(client, keyId)).toBe('DESTROY_SCHEDULED')
    await close()
    time.pass(3 * dayMs)
    const again = await startServer(database, time)
    await again.app.housekeeping.runOnce()
    expect(await statusOf(again.client, keyId)).toBe('DESTROY_SCHEDULED')
    time.pass(dayMs + hourMs)
    const { sweptKeys } = await again.app.housekeeping.runOnce()
    expect(sweptKeys).toBe(1)
    expect(await statusOf(again.client, keyId)).toBe('DESTROYED')
  })

  it('is found at the start, but not after a stop that the machine can prove', async () => {
    const { client, close, database, time } = await withServer()
    const keyId = await scheduleDestruction(client)
    await close()
    time.set(8 * dayMs)
    const jumped = await startServer(database, time)
    await jumped.app.housekeeping.runOnce()
    expect(jumped.alerts()).toHaveLength(1)
    expect(await statusOf(jumped.client, keyId)).toBe('DESTROY_SCHEDULED')
    await jumped.close()
    // Set right again, and off for longer than the waiting period.
    time.set(-8 * dayMs)
    time.pass(8 * dayMs)
    const later = await startServer(database, time)
    await later.app.housekeeping.runOnce()
    expect(later.alerts()).toEqual([])
    expect(await statusOf(later.client, keyId)).toBe('DESTROYED')
  })

  it('holds rotation, the erasure of import keys and pruning by age, too', async () => {
    const { app, client, close, database, time } = await withServer()
    const created = await client.mutate(
      'createUserKey',
      { name: 'rotated', automaticRotation: { enabled: true, cycleDays: 5 } },
      'userKey { id }',
    )
    const keyId: string = created['userKey'].id
    const external = await client.mutate(
      'createUserKey',
      { name: 'external', origin: 'EXTERNAL' },
      'userKey { id }',
    )
    const externalId: string = external['userKey'].id
    const parameters = await client.mutate(
      'getImportParameters',
      { key: externalId },
      'importParameters { id }',
    )
    const readRotated = async () => {
      const { userKey } = await client.ask<{ userKey: { lastRotatedAt: string | null } }>(
        'query($id: KeyRef!) { userKey(key: $id) { lastRotatedAt } }',
        { id: keyId },
      )
      return userKey.lastRotatedAt
    }
    time.set(8 * dayMs)
    await app.housekeeping.runOnce()
    expect(await readRotated()).toBeNull()
    await close()
    const held = await openData(database, time)
    expect(await pruneIn(held)).toBe(0)
    await held.close()

    // The clock is set right: the import can still take place, but for its material.
    time.set(-8 * dayMs)
    const right = await startServer(database, time)
    await right.app.housekeeping.runOnce()
    const imported = await right.client.mutate('importKeyVersion', {
      key: externalId,
      importParametersId: parameters['importParameters'].id,
      wrappedMaterial: base64(new Uint8Array(536)),
    })
    expect(imported['code']).toBe('INVALID_KEY_MATERIAL')

    // And what was held happens when its time has come.
    time.pass(6 * dayMs)
    await right.app.housekeeping.runOnce()
    await right.close()
    const later = await openData(database, time)
    expect(await pruneIn(later)).toBeGreaterThan(0)
    expect(await later.parts.store.db.key.findMany({ where: { name: 'rotated' } })).toMatchObject([
      { lastVersionNumber: 2 },
    ])
    expect(await later.parts.store.db.importParameters.findMany()).toMatchObject([{ wrapped: null }])
    await later.close()
  })

  it('is believed after a machine was off for less than a day, and held after more', async () => {
    const { close, database, time } = await withServer()
    await close()
    time.reboot()
    time.pass(20 * hourMs)
    const next = await startServer(database, time)
    await next.app.housekeeping.runOnce()
    expect(next.alerts()).toEqual([])
    await next.close()
    time.reboot()
    time.pass(3 * dayMs)
    const later = await startServer(database, time)
    await later.app.housekeeping.runOnce()
    expect(later.alerts()).toHaveLength(1)
  })
})

/** The data of a server that is stopped, as commands open it. */
async function openData(database: TestDatabase, time: Time) {
  const config = readConfig(await environmentFor(database))
  return openParts(config, { prepare: false, alert: () => {}, time })
}

async function pruneIn({ parts }: OpenedParts): Promise<number> {
  const { store, clock, audit, auditKeys } = parts
  const { pruned } = await pruneAudit({
    store,
    clock,
    audit,
    chainMac: auditKeys.chainMac,
    olderThanDays: 5,
  })
  return pruned
}

it.skipIf(hasNoDatabase())('the commands on the clock tell of a clock that is believed', async () => {
  const { database, close } = await withServer()
  await close()
  const readRow = async () => {
    const store = await openStore({ ...database, poolSize: 1, migrate: false })
    return store.db.certainTime.findMany().finally(() => store.close())
  }
  const before = await readRow()
  const status = await operate(database, ['clock', 'status'])
  // It only looks.
  expect(await readRow()).toEqual(before)
  // Between this test's clock and the real one lie months, and nothing proves that they passed.
  expect(status).toMatchObject({ code: 1, printed: expect.stringContaining('ahead of the time') })
  expect(await operate(database, ['clock', 'confirm'])).toMatchObject({
    code: 0,
    printed: expect.stringContaining('is believed from now on'),
  })
  expect(await operate(database, ['clock', 'status'])).toMatchObject({
    code: 0,
    printed: expect.stringContaining('is believed. It says'),
  })
  expect(await operate(database, ['clock', 'confirm'])).toMatchObject({
    code: 0,
    printed: expect.stringContaining('nothing was changed'),
  })
})
