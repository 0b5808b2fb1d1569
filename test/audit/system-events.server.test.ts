import { describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Person, startStoryForTest } from '../support/story.ts'
import { codeOf, type RecordedEvent, readEvents, sendTraced, uuidOf } from './traced-requests.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }

describe.skipIf(hasNoDatabase())('the audit trail', () => {
  it('names the system as the actor of what it does by itself, in the project of the key', async () => {
    const story = await startStoryForTest()
    const manager = story.as({ ...mia, project: 'bank' })
    const created = await manager.mutate(
      'createUserKey',
      { name: 'orders', automaticRotation: { enabled: true, cycleDays: 30 } },
      'userKey { id }',
    )
    const keyId: string = created['userKey'].id
    await manager.mutate('rotateUserKey', { key: keyId })
    await manager.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
    await manager.mutate('destroyKeyVersion', { version: { key: keyId, number: 1 }, waitingPeriodDays: 7 })
    const before = (await readEvents(story)).length
    story.clock.advance({ days: 29 })
    await story.app.housekeeping.runOnce()
    story.clock.advance({ days: 1 })
    await story.app.housekeeping.runOnce()
    await story.app.housekeeping.runOnce()
    const events = (await readEvents(story)).slice(before)
    const common = {
      outcome: 'SUCCEEDED',
      error_code: null,
      project_id: 'bank',
      token_id: null,
      client_address: null,
      request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      key_id: uuidOf(keyId),
    }
    expect(events).toMatchObject([
      {
        ...common,
        action: 'DESTROY_KEY_VERSION',
        actor: 'system:destruction',
        key_revision: 5,
        version_number: 1,
        details: { destroyedVersions: '1' },
      },
      { ...common, action: 'ROTATE_KEY', actor: 'system:rotation', key_revision: 6, version_number: 3 },
    ])
    expect(new Set(events.map((event) => event.request_id)).size).toBe(2)
  })

  it('says which versions were destroyed, by the system or at once', async () => {
    const story = await startStoryForTest()
    const manager = story.as(mia)
    const created = await manager.mutate('createUserKey', { name: 'orders' }, 'userKey { id }')
    const keyId: string = created['userKey'].id
    for (const version of [1, 2, 3]) {
      await manager.mutate('deactivateKeyVersion', { version: { key: keyId, number: version } })
      if (version < 3) await manager.mutate('rotateUserKey', { key: keyId })
    }
    story.clock.advance({ minutes: 1 })
    await manager.mutate('destroyKeyVersion', { version: { key: keyId, number: 2 }, waitingPeriodDays: 0 })
    for (const version of [1, 3]) {
      await manager.mutate('destroyKeyVersion', {
        version: { key: keyId, number: version },
        waitingPeriodDays: version,
      })
    }
    story.clock.advance({ days: 3 })
    await story.app.housekeeping.runOnce()
    const events = (await readEvents(story)).filter(({ action }) => action.includes('DESTR'))
    expect(events.map(({ actor, version_number, details }) => [actor, version_number, details])).toEqual([
      ['user:mia', 2, { destroyedVersions: '2' }],
      ['user:mia', 1, {}],
      ['user:mia', 3, {}],
      ['system:destruction', null, { destroyedVersions: '1 3' }],
    ])
  })

  it('has one event for each item of a batch, all under its request, and one for a batch that was refused', async () => {
    const story = await startStoryForTest()
    const manager = story.as(mia)
    const olga = story.as({ name: 'olga', roles: ['PROJECT_MEMBER'] })
    const create = async (client: typeof manager, name: string, input = {}): Promise<string> =>
      (await client.mutate('createUserKey', { name, ...input }, 'userKey { id }'))['userKey'].id
    const open = await create(manager, 'open')
    const closed = await create(olga, 'closed', { accessControl: { enabled: true } })
    const plaintext = base64('canary-plaintext')
    const items = [
      { reference: 'canary-reference', key: open, plaintext },
      { key: closed, plaintext },
      { key: 'ukey_01h455vb4pex5vsknk084sn02q', plaintext },
      { key: open, plaintext: base64(new Uint8Array(65_537)) },
      { key: open, plaintext },
    ]
    const batch = await sendTraced(story, mia, { name: 'encryptBatch', input: { items } })
    const empty = await sendTraced(story, mia, { name: 'encryptBatch', input: { items: [] } })
    const reader: Person = { name: 'rita', roles: ['PROJECT_READER'] }
    const denied = await sendTraced(story, reader, {
      name: 'decryptBatch',
      input: { items: [{ ciphertext: '' }] },
    })
    expect([batch, empty, denied].map(codeOf)).toEqual([null, 'INPUT_VALIDATION', 'FORBIDDEN'])
    const events = (await readEvents(story)).filter(({ action }) => action !== 'CREATE_USER_KEY')
    const of = (request: typeof batch, event: Partial<RecordedEvent>) => ({
      action: 'ENCRYPT',
      actor: 'user:mia',
      request_id: request.requestId,
      token_id: request.tokenId,
      ...event,
    })
    const [openId, closedId] = [uuidOf(open), uuidOf(closed)]
    expect(events).toMatchObject([
      of(batch, { outcome: 'SUCCEEDED', key_id: openId, version_number: 1 }),
      of(batch, { outcome: 'DENIED', error_code: 'FORBIDDEN', key_id: closedId }),
      of(batch, { outcome: 'FAILED', error_code: 'KEY_NOT_FOUND', key_id: null }),
      of(batch, { outcome: 'FAILED', error_code: 'INPUT_VALIDATION', key_id: openId }),
      of(batch, { outcome: 'SUCCEEDED', key_id: openId, version_number: 1 }),
      of(empty, { outcome: 'FAILED', error_code: 'INPUT_VALIDATION', key_id: null }),
      of(denied, { action: 'DECRYPT', actor: 'user:rita', outcome: 'DENIED', error_code: 'FORBIDDEN' }),
    ])
    expect(JSON.stringify(events)).not.toMatch(/canary/)
  })

  it('keeps everything that many requests at once have recorded', async () => {
    const story = await startStoryForTest()
    const { result } = await sendTraced(story, mia, {
      name: 'createUserKey',
      input: { name: 'orders' },
      selection: 'userKey { id }',
    })
    const input = { key: result['userKey'].id, plaintext: '' }
    const requests = await Promise.all(
      Array.from({ length: 100 }, () => sendTraced(story, mia, { name: 'encrypt', input })),
    )
    const recorded = (await readEvents(story)).filter(({ action }) => action === 'ENCRYPT')
    expect(recorded.map((event) => event.request_id).sort()).toEqual(
      requests.map((request) => request.requestId).sort(),
    )
  })
})
