import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story, startStoryForTest } from '../support/story.ts'

const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

interface RotationState {
  readonly defaultVersion: { number: number; createdAt: string } | null
  readonly automaticRotation: { enabled: boolean; cycleDays: number }
  readonly lastRotatedAt: string | null
  readonly nextRotationAt: string | null
}

async function createKey(client: Client, name: string, input: object = {}): Promise<string> {
  return (await client.mutate('createUserKey', { name, ...input }, 'userKey { id }'))['userKey'].id
}

const rotatingEvery = (cycleDays: number) => ({ automaticRotation: { enabled: true, cycleDays } })

async function read(client: Client, id: string): Promise<RotationState> {
  const { userKey } = await client.ask<{ userKey: RotationState }>(
    `query($id: KeyRef!) { userKey(key: $id) {
      defaultVersion { number createdAt } automaticRotation { enabled cycleDays } lastRotatedAt nextRotationAt } }`,
    { id },
  )
  return userKey
}

function moveTo(story: Story, moment: string): void {
  story.clock.advance({ ms: Date.parse(moment) - story.clock.now().getTime() })
}

const rotatedNow = async (story: Story) => (await story.app.housekeeping.runOnce()).rotatedKeys

describe.skipIf(hasNoDatabase())('automatic rotation', () => {
  it.each([
    ['UTC', '2026-03-01T12:00Z', 30, '2026-03-31T00:00:00.000Z'],
    ['UTC', '2026-03-01T00:00Z', 1, '2026-03-02T00:00:00.000Z'],
    ['UTC', '2026-03-01T23:59:59.999Z', 1, '2026-03-02T00:00:00.000Z'],
    ['UTC', '2027-03-01T12:00Z', 366, '2028-03-01T00:00:00.000Z'],
    // The day of the change to summer time, and the day after it.
    ['Europe/Berlin', '2026-03-01T12:00Z', 28, '2026-03-28T23:00:00.000Z'],
    ['Europe/Berlin', '2026-03-01T12:00Z', 29, '2026-03-29T22:00:00.000Z'],
    // The same at the change back.
    ['Europe/Berlin', '2026-10-01T12:00Z', 24, '2026-10-24T22:00:00.000Z'],
    ['Europe/Berlin', '2026-10-01T12:00Z', 25, '2026-10-25T23:00:00.000Z'],
    // In Berlin it is the next day already.
    ['Europe/Berlin', '2026-03-01T23:30Z', 1, '2026-03-02T23:00:00.000Z'],
    // Days that begin at 01:00, because the clocks skip midnight.
    ['America/Sao_Paulo', '2018-11-01T12:00Z', 3, '2018-11-04T03:00:00.000Z'],
    ['Africa/Cairo', '2026-03-01T12:00Z', 54, '2026-04-23T22:00:00.000Z'],
    // A day whose last hour happens twice comes before this one.
    ['Africa/Cairo', '2026-10-01T12:00Z', 29, '2026-10-29T22:00:00.000Z'],
    ['Pacific/Kiritimati', '2026-03-01T12:00Z', 1, '2026-03-02T10:00:00.000Z'],
  ])(
    'in %s of a key made at %s with a cycle of %i days happens at %s',
    async (zone, madeAt, cycleDays, due) => {
      const story = await startStoryForTest({ ROTATION_TIME_ZONE: zone })
      moveTo(story, madeAt)
      const mia = story.as(manager)
      const id = await createKey(mia, 'orders', rotatingEvery(cycleDays))
      const before = await read(mia, id)
      expect(before).toMatchObject({
        defaultVersion: { number: 1 },
        automaticRotation: { enabled: true, cycleDays },
        lastRotatedAt: null,
        nextRotationAt: due,
      })
      moveTo(story, due)
      story.clock.advance({ ms: -1 })
      expect(await rotatedNow(story)).toBe(0)
      expect(await read(mia, id)).toEqual(before)
      story.clock.advance({ ms: 1 })
      expect(await rotatedNow(story)).toBe(1)
      expect(await rotatedNow(story)).toBe(0)
      const after = await read(mia, id)
      expect(after).toMatchObject({ defaultVersion: { number: 2, createdAt: due }, lastRotatedAt: due })
      expect(Date.parse(after.nextRotationAt ?? '')).toBeGreaterThan(Date.parse(due))
    },
  )

  it('counts from the later of the newest version and the last configuration', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    const keyId = await createKey(mia, 'orders')
    expect(await read(mia, keyId)).toMatchObject({
      automaticRotation: { enabled: false },
      nextRotationAt: null,
    })
    moveTo(story, '2026-03-10T08:00Z')
    await mia.mutate('configureAutomaticRotation', { key: keyId, enabled: true, cycleDays: 5 })
    expect(await read(mia, keyId)).toMatchObject({ nextRotationAt: '2026-03-15T00:00:00.000Z' })
    moveTo(story, '2026-03-12T08:00Z')
    await mia.mutate('rotateUserKey', { key: keyId })
    expect(await read(mia, keyId)).toMatchObject({
      lastRotatedAt: '2026-03-12T08:00:00.000Z',
      nextRotationAt: '2026-03-17T00:00:00.000Z',
    })
    moveTo(story, '2026-03-15T00:00Z')
    expect(await rotatedNow(story)).toBe(0)
    await mia.mutate('configureAutomaticRotation', { key: keyId, enabled: true, cycleDays: 10 })
    expect(await read(mia, keyId)).toMatchObject({ nextRotationAt: '2026-03-25T00:00:00.000Z' })
    await mia.mutate('configureAutomaticRotation', { key: keyId, enabled: false })
    expect(await read(mia, keyId)).toMatchObject({
      automaticRotation: { enabled: false },
      nextRotationAt: null,
      lastRotatedAt: '2026-03-12T08:00:00.000Z',
    })
    moveTo(story, '2027-03-25T00:00Z')
    expect(await rotatedNow(story)).toBe(0)
    expect((await read(mia, keyId)).defaultVersion?.number).toBe(2)
  })

  it('has a cycle of 1 to 1,095 days, 365 unless given', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    const keyId = await createKey(mia, 'orders', { automaticRotation: { enabled: true } })
    expect(await read(mia, keyId)).toMatchObject({
      automaticRotation: { enabled: true, cycleDays: 365 },
      nextRotationAt: '2027-03-01T00:00:00.000Z',
    })
    for (const [cycleDays, nextRotationAt] of [
      [1, '2026-03-02T00:00:00.000Z'],
      [1095, '2029-02-28T00:00:00.000Z'],
    ] as const) {
      await mia.mutate('configureAutomaticRotation', { key: keyId, enabled: true, cycleDays })
      expect(await read(mia, keyId)).toMatchObject({ automaticRotation: { cycleDays }, nextRotationAt })
    }
    for (const cycleDays of [0, -1, 1096, 2_147_483_647]) {
      expect(
        await mia.mutate('configureAutomaticRotation', { key: keyId, enabled: true, cycleDays }),
      ).toMatchObject({ code: 'INPUT_VALIDATION' })
    }
    expect(await read(mia, keyId)).toMatchObject({ automaticRotation: { enabled: true, cycleDays: 1095 } })
    const other = await createKey(mia, 'invoices')
    await mia.mutate('configureAutomaticRotation', { key: other, enabled: true })
    expect(await read(mia, other)).toMatchObject({ automaticRotation: { enabled: true, cycleDays: 365 } })
  })

  it('never touches a key that has no version, or whose default version is not ACTIVE', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    const rotating = rotatingEvery(1)
    const pending = await createKey(mia, 'pending', { preActivation: true, ...rotating })
    const [stopped, older, scheduled, destroyed] = await Promise.all(
      ['stopped', 'older', 'scheduled', 'destroyed'].map((name) => createKey(mia, name, rotating)),
    )
    await mia.mutate('rotateUserKey', { key: older })
    const expected = new Map([
      [pending, 0],
      [stopped, 1],
      [older, 2],
      [scheduled, 1],
      [destroyed, 1],
    ])
    for (const keyId of [stopped, older, scheduled, destroyed]) {
      const version = keyId === older ? 2 : 1
      await mia.mutate('deactivateKeyVersion', { version: { key: keyId, number: version } })
    }
    await mia.mutate('destroyKeyVersion', { version: { key: scheduled, number: 1 }, waitingPeriodDays: 30 })
    await mia.mutate('destroyKeyVersion', { version: { key: destroyed, number: 1 }, waitingPeriodDays: 0 })
    story.clock.advance({ days: 10 })
    expect(await story.app.housekeeping.runOnce()).toEqual({ rotatedKeys: 0, sweptKeys: 1, failedKeys: 0 })
    for (const [id, versions] of expected) {
      const { userKey } = await mia.ask<{ userKey: object }>(
        'query($id: KeyRef!) { userKey(key: $id) { nextRotationAt versions { totalCount } } }',
        { id },
      )
      expect(userKey).toEqual({ nextRotationAt: null, versions: { totalCount: versions } })
    }
  })

  it('of a key that was overdue when it was reactivated waits for the next midnight', async () => {
    const story = await startStoryForTest({ ROTATION_TIME_ZONE: 'Europe/Berlin' })
    const mia = story.as(manager)
    const keyId = await createKey(mia, 'orders', rotatingEvery(2))
    await mia.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    moveTo(story, '2026-03-28T09:00Z')
    await mia.mutate('activateKeyVersion', { version: { key: keyId, number: 1 } })
    expect(await rotatedNow(story)).toBe(0)
    expect(await read(mia, keyId)).toMatchObject({
      defaultVersion: { number: 1 },
      nextRotationAt: '2026-03-28T23:00:00.000Z',
    })
    moveTo(story, '2026-03-28T23:00Z')
    expect(await rotatedNow(story)).toBe(1)
    expect(await read(mia, keyId)).toMatchObject({
      defaultVersion: { number: 2 },
      nextRotationAt: '2026-03-30T22:00:00.000Z',
    })
  })

  it('of a key that was reactivated before it was due happens on the day that it had', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    const keyId = await createKey(mia, 'orders', rotatingEvery(30))
    await mia.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    story.clock.advance({ days: 10 })
    await mia.mutate('activateKeyVersion', { version: { key: keyId, number: 1 } })
    expect(await read(mia, keyId)).toMatchObject({ nextRotationAt: '2026-03-31T00:00:00.000Z' })
  })

  it('that fell due while the server was down is caught up at start, once per key', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    const [daily, monthly, later] = await Promise.all([
      createKey(mia, 'daily', rotatingEvery(1)),
      createKey(mia, 'monthly', rotatingEvery(30)),
      createKey(mia, 'later', rotatingEvery(1095)),
    ])
    moveTo(story, '2027-06-15T15:00Z')
    await story.restart()
    // The round at the start has done it all.
    expect(await rotatedNow(story)).toBe(0)
    const restartedAt = '2027-06-15T15:00:00.000Z'
    for (const [id, number, lastRotatedAt, nextRotationAt] of [
      [daily, 2, restartedAt, '2027-06-16T00:00:00.000Z'],
      [monthly, 2, restartedAt, '2027-07-15T00:00:00.000Z'],
      [later, 1, null, '2029-02-28T00:00:00.000Z'],
    ] as const) {
      expect(await read(mia, id)).toMatchObject({ defaultVersion: { number }, lastRotatedAt, nextRotationAt })
    }
  })

  it('reaches all keys that are due, however many', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    for (let n = 0; n < 230; n++) await createKey(mia, `key-${n}`, rotatingEvery(1 + (n % 2)))
    story.clock.advance({ days: 1 })
    expect(await rotatedNow(story)).toBe(115)
    story.clock.advance({ days: 1 })
    expect(await rotatedNow(story)).toBe(230)
  })

  it('of a signing key changes its public key, and what was signed before still verifies', async () => {
    const story = await startStoryForTest()
    const mia = story.as(manager)
    const keyId = await createKey(mia, 'tickets', { algorithm: 'ED25519', ...rotatingEvery(7) })
    const message = base64('ticket 1')
    const { signature, versionNumber } = await mia.mutate(
      'sign',
      { key: keyId, message },
      'signature versionNumber',
    )
    expect(versionNumber).toBe(1)
    story.clock.advance({ days: 7 })
    expect(await rotatedNow(story)).toBe(1)
    const { userKey } = await mia.ask<{ userKey: Record<string, { fingerprint: string }> }>(
      'query($id: KeyRef!) { userKey(key: $id) { publicKey { fingerprint } } }',
      { id: keyId },
    )
    const verify = (number: number) =>
      mia.mutate('verify', { version: { key: keyId, number }, message, signature }, 'valid')
    expect(await verify(1)).toMatchObject({ valid: true })
    expect(await verify(2)).toMatchObject({ valid: false })
    const again = await mia.mutate('sign', { key: keyId, message }, 'versionNumber')
    expect(again['versionNumber']).toBe(2)
    const { key } = await mia.ask<{ key: Record<'one' | 'two', { publicKey: { fingerprint: string } }> }>(
      `query($id: KeyRef!) { key: userKey(key: $id) {
        one: version(number: 1) { publicKey { fingerprint } } two: version(number: 2) { publicKey { fingerprint } } } }`,
      { id: keyId },
    )
    expect(key.one.publicKey).not.toEqual(key.two.publicKey)
    expect(key.two.publicKey).toEqual(userKey['publicKey'])
  })
})
