import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { transferOwnershipAsOperator } from '../../src/keys/changing/operator.ts'
import { keyMutations, outcomeOf } from '../access/key-mutations.ts'
import { createExternalKey, importMaterial, openImport } from '../keys/wrap-material.ts'
import { readSamples, startWatchedStory, sumOf } from '../observability/watched-story.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, type Person, type Story } from '../support/story.ts'
import { openTrail } from './opened-trail.ts'
import { type RecordedEvent, readEvents, uuidOf } from './traced-requests.ts'

const destroyedCount = 'keystead_key_versions_destroyed_total'

/** A command on a key whose version 1 is due for destruction, and where the key's other versions stand. */
interface Command {
  readonly title: string
  /** Without a version 2, version 1 is the only one. */
  readonly hasVersion2: boolean
  readonly key: object
  readonly run: (client: Client, keyId: string) => Promise<unknown>
  /** Whether it takes place; what is refused leaves the version to the next command or round of housekeeping. */
  readonly succeeds: boolean
}

const succeeding = new Set([
  'updateUserKey',
  'rotateUserKey',
  'rotateUserKeyBatch',
  'labelUserKey',
  'labelUserKeyBatch',
  'unpublishJwks',
  'configureAutomaticRotation',
  'enableAccessControl',
  'createAlias',
  'deleteUserKey',
  'transferOwnership',
])

/** Every mutation that changes a key, whatever it answers on such a key. */
const mutations = keyMutations
  .filter(({ group }) => group !== 'OPERATION')
  .map(
    ({ name, input }): Command => ({
      title: name,
      hasVersion2: name !== 'deleteUserKey',
      key: { name: 'orders' },
      run: async (client, keyId) => {
        expect((await outcomeOf(client, name, input({ keyId, ciphertext: '' }))).endsWith('Payload')).toBe(
          succeeding.has(name),
        )
      },
      succeeds: succeeding.has(name),
    }),
  )

const onOtherVersion = ['deactivateKeyVersion'].map(
  (name): Command => ({
    title: `${name} of another version`,
    hasVersion2: true,
    key: { name: 'orders' },
    run: (client, keyId) => client.mutate(name, { version: { key: keyId, number: 2 } }),
    succeeds: true,
  }),
)

const onImported: readonly Command[] = [
  {
    title: 'getImportParameters of a key with imported material',
    hasVersion2: false,
    key: { name: 'orders', origin: 'EXTERNAL' },
    run: (client, keyId) => client.mutate('getImportParameters', { key: keyId }),
    succeeds: true,
  },
  {
    title: 'importKeyVersion of a key with imported material',
    hasVersion2: false,
    key: { name: 'orders', origin: 'EXTERNAL' },
    run: (client, keyId) => importMaterial(client, keyId, randomBytes(32)),
    succeeds: true,
  },
]

const commands = [...mutations, ...onOtherVersion, ...onImported]

/** A key whose version 1 is destroyed in a day. */
async function makeKey(client: Client, { key, hasVersion2 }: Pick<Command, 'key' | 'hasVersion2'>) {
  const isImported = 'origin' in key
  const keyId = isImported
    ? await createExternalKey(client, { ...key })
    : (await client.mutate('createUserKey', key, 'userKey { id }'))['userKey'].id
  if (isImported) await importMaterial(client, keyId, randomBytes(32))
  if (hasVersion2) await client.mutate('rotateUserKey', { key: keyId })
  await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: 1 } })
  const scheduled = await client.mutate('destroyKeyVersion', {
    version: { key: keyId, number: 1 },
    waitingPeriodDays: 1,
  })
  expect(scheduled.__typename).toBe('DestroyKeyVersionPayload')
  return keyId as string
}

const manager = (project: string): Person => ({ name: 'mia', roles: ['KMS_MANAGER'], project })

/** The records of changes of a key, in the order of its revisions. */
const eventsOf = (events: readonly RecordedEvent[], keyId: string) =>
  events
    .filter(({ key_id, key_revision }) => key_id === uuidOf(keyId) && key_revision !== null)
    .sort((one, other) => Number(one.key_revision) - Number(other.key_revision))

function expectOneDestruction(events: readonly RecordedEvent[], title: string): void {
  const destructions = events.filter(({ details }) => 'destroyedVersions' in details)
  expect({ title, destructions }).toMatchObject({
    title,
    destructions: [
      {
        action: 'DESTROY_KEY_VERSION',
        actor: 'system:destruction',
        version_number: 1,
        details: { destroyedVersions: '1' },
      },
    ],
  })
  // Each change has a revision of its own.
  const revisions = events.flatMap(({ key_revision }) => key_revision ?? [])
  expect({ title, revisions }).toEqual({ title, revisions: revisions.map((_, index) => index + 1) })
}

describe.skipIf(hasNoDatabase())('a version whose waiting period is over', () => {
  it('has one record of its destruction, before that of whichever command comes first', async () => {
    // RSA-4096 pairs for imports take long on a busy machine.
    const { story, scrape } = await startWatchedStory({ REQUEST_TIMEOUT_MS: '60000' })
    const count = async () => sumOf(readSamples(await scrape()), destroyedCount)
    const keys: { command: Command; keyId: string }[] = []
    for (const [index, command] of commands.entries()) {
      keys.push({ command, keyId: await makeKey(story.as(manager(`p${index}`)), command) })
    }
    story.clock.advance({ days: 2 })
    const before = await count()
    for (const [index, { command, keyId }] of keys.entries()) {
      await command.run(story.as(manager(`p${index}`)), keyId)
    }
    // Commands that are refused may leave it to the round of housekeeping.
    const succeeded = commands.filter(({ succeeds }) => succeeds)
    expect(await count()).toBeGreaterThanOrEqual(before + succeeded.length)
    await story.app.housekeeping.runOnce()
    expect(await count()).toBe(before + commands.length)
    await story.app.housekeeping.runOnce()
    expect(await count()).toBe(before + commands.length)
    const events = await readEvents(story)
    for (const { command, keyId } of keys) {
      const own = eventsOf(events, keyId)
      expectOneDestruction(own, command.title)
      // The record of the command itself is the last one, unless nothing was published; import parameters are no change of the key.
      if (command.succeeds && !/^(getImportParameters|unpublishJwks)/.test(command.title)) {
        expect([command.title, own.at(-1)?.action]).not.toEqual([command.title, 'DESTROY_KEY_VERSION'])
      }
    }
  }, 240_000)

  it('is destroyed before its key is rotated by the system, in groups and one by one', async () => {
    const { story, scrape } = await startWatchedStory()
    const client = story.as(manager('shop'))
    const automaticRotation = { enabled: true, cycleDays: 1 }
    const symmetric = await makeKey(client, {
      hasVersion2: true,
      key: { name: 'symmetric', automaticRotation },
    })
    const asymmetric = await makeKey(client, {
      hasVersion2: true,
      key: { name: 'asymmetric', usage: 'SIGN_VERIFY', algorithm: 'EC_P256', automaticRotation },
    })
    story.clock.advance({ days: 2 })
    expect(await story.app.housekeeping.runOnce()).toMatchObject({ rotatedKeys: 2, failedKeys: 0 })
    expect(sumOf(readSamples(await scrape()), destroyedCount)).toBe(2)
    const events = await readEvents(story)
    for (const keyId of [symmetric, asymmetric]) {
      const own = eventsOf(events, keyId)
      expectOneDestruction(own, keyId)
      expect(
        own
          .slice(-2)
          .map(({ action, key_revision, version_number }) => [action, key_revision, version_number]),
      ).toEqual([
        ['DESTROY_KEY_VERSION', 5, 1],
        ['ROTATE_KEY', 6, 3],
      ])
    }
  })

  it('is destroyed before its key gets another owner', async () => {
    const { story } = await startWatchedStory()
    const keyId = await makeKey(story.as(manager('shop')), { hasVersion2: true, key: { name: 'orders' } })
    story.clock.advance({ days: 2 })
    await transferAsOperator(story)
    const own = eventsOf(await readEvents(story), keyId)
    expectOneDestruction(own, 'transferOwnership')
    expect(own.at(-1)?.action).toBe('TRANSFER_OWNERSHIP')
  })

  it('counts for a caller that expects the revision from before it was destroyed', async () => {
    const { story } = await startWatchedStory()
    const client = story.as(manager('shop'))
    const keyId = await makeKey(client, { hasVersion2: true, key: { name: 'orders' } })
    story.clock.advance({ days: 2 })
    const { userKey } = await client.ask<{ userKey: { revision: number } }>(
      'query($id: KeyRef!) { userKey(key: $id) { revision } }',
      { id: keyId },
    )
    const update = (expectedRevision: number) =>
      client.mutate(
        'updateUserKey',
        { key: keyId, description: 'changed', expectedRevision },
        'userKey { revision }',
      )
    expect(await update(userKey.revision)).toMatchObject({ userKey: { revision: userKey.revision + 2 } })
    expect(await update(userKey.revision)).toMatchObject({ code: 'CONFLICT' })
  })

  it('is destroyed although the command that came first is refused', async () => {
    const { story, scrape } = await startWatchedStory()
    const client = story.as(manager('shop'))
    const keyId = await makeKey(client, { hasVersion2: true, key: { name: 'orders' } })
    story.clock.advance({ days: 2 })
    expect(await client.mutate('restoreKeyVersion', { version: { key: keyId, number: 1 } })).toMatchObject({
      code: 'INVALID_KEY_STATE',
    })
    expect(sumOf(readSamples(await scrape()), destroyedCount)).toBe(1)
    expect(await materialRows(story, keyId)).toBe(1)
  })

  it('is destroyed although the material of the command that came first cannot be opened', async () => {
    const { story, scrape } = await startWatchedStory({ REQUEST_TIMEOUT_MS: '60000' })
    const client = story.as(manager('shop'))
    const keyId = await makeKey(client, { hasVersion2: false, key: { name: 'orders', origin: 'EXTERNAL' } })
    // Import parameters are valid for a day, from an hour after the destruction was scheduled.
    story.clock.advance({ hours: 1 })
    const { id: importParametersId } = await openImport(client, keyId)
    story.clock.advance({ hours: 23, minutes: 1 })
    const before = sumOf(readSamples(await scrape()), destroyedCount)
    const wrappedMaterial = base64(randomBytes(568))
    const imported = await client.mutate('importKeyVersion', {
      key: keyId,
      importParametersId,
      wrappedMaterial,
    })
    expect(imported).toMatchObject({ code: expect.stringMatching(/^INVALID_/) })
    expect(sumOf(readSamples(await scrape()), destroyedCount)).toBe(before + 1)
  })
})

/** As the command does: on the data, while no server runs on the embedded database. */
async function transferAsOperator(story: Story): Promise<void> {
  await story.stop()
  const { parts, close } = await openTrail(story)
  try {
    await transferOwnershipAsOperator(parts, {
      projectId: 'shop',
      by: { name: 'orders' },
      newOwner: 'user:olga',
      clearList: false,
    })
  } finally {
    await close()
  }
}

async function materialRows(story: Story, keyId: string): Promise<number> {
  const rows = await story.sql(
    `SELECT count(*)::int AS n FROM key_material m JOIN key_versions v ON v.id = m.version_id WHERE v.key_id = '${uuidOf(keyId)}'`,
  )
  return Number(rows[0]?.['n'])
}
