import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { verifyStory } from '../audit/opened-trail.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { type Expected, KeyModel, type ModelCommand } from './key-model.ts'

const timeZone = 'Europe/Berlin'
// A command takes five times as long on the embedded database.
const runs = Number(process.env['MODEL_RUNS'] ?? (inject('database') === 'embedded' ? 30 : 100))

const pick = fc.integer({ min: 1, max: 5 })
const command: fc.Arbitrary<ModelCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<ModelCommand>({ type: 'rotate' }, { type: 'encrypt' }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<ModelCommand>(
      { type: 'activateKey' },
      { type: 'delete' },
      { type: 'housekeeping' },
    ),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constantFrom('deactivate', 'activate', 'restore', 'decrypt'), pick }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('destroy'), pick, days: fc.constantFrom(0, 0, 1, 7, 30) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('configure'),
      enabled: fc.boolean(),
      cycleDays: fc.constantFrom(1, 2, 30, 1095),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('wait'),
      ms: fc.constantFrom(1000, 19_999, 20_000, 3_600_000, 86_400_000, 7 * 86_400_000, 400 * 86_400_000),
    }),
  },
)
const sequence = fc.record({
  preActivation: fc.boolean(),
  rotation: fc.option(fc.constantFrom(1, 30, 365), { nil: null }),
  commands: fc.array(command, { maxLength: 30, size: 'max' }),
})

const keyFields = `id status deletable revision
  defaultVersion { number versionStatus isDefault }
  versions(first: 200) { nodes { number versionStatus isDefault destroyScheduledFor } }
  automaticRotation { enabled cycleDays }
  lastRotatedAt nextRotationAt`

describe.skipIf(hasNoDatabase())('the life of a key', () => {
  let story: Story
  beforeAll(async () => {
    story = await startStory({ ROTATION_TIME_ZONE: timeZone })
  })
  afterAll(() => endStory(story))

  it(`is the same in the server as in the model, in ${runs} random sequences of up to 30 commands`, async () => {
    let project = 0
    await fc.assert(
      fc.asyncProperty(sequence, async ({ preActivation, rotation, commands }) => {
        const manager: Person = { name: 'mia', roles: ['KMS_MANAGER'], project: `project-${project++}` }
        const client = story.as(manager)
        const nowMs = () => story.clock.now().getTime()
        const model = new KeyModel({ preActivation, rotation, timeZone, nowMs: nowMs() })
        const created = await client.mutate(
          'createUserKey',
          {
            name: 'key',
            preActivation,
            ...(rotation !== null && { automaticRotation: { enabled: true, cycleDays: rotation } }),
          },
          'userKey { id }',
        )
        const keyId = created['userKey'].id as string
        await compare(client, keyId, model)
        let isDue = false
        for (const each of commands) {
          if (each.type === 'wait') story.clock.advance({ ms: each.ms })
          if (model.settle(nowMs())) isDue = true
          const before = await readKey(client, keyId)
          const expected = model.apply(each, nowMs())
          expect({ ...each, answer: await run(client, keyId, each, model) }).toEqual({
            ...each,
            answer: expected,
          })
          const after = await readKey(client, keyId)
          if (expected !== 'ok') {
            expect({ ...after, revision: null }).toEqual({ ...before, revision: null })
            // A command that is refused may have settled what was due, which is on record as an act of the system.
            const settled = isDue && after?.revision === before?.revision + 1
            if (!settled) expect(after?.revision).toBe(before?.revision)
          }
          if (after?.revision !== before?.revision) isDue = false
          await compare(client, keyId, model)
        }
        await expectDestructionsOnRecord(client, model)
        // Later sequences move the clock on: this key must not rotate along.
        if (!model.isDeleted)
          await client.mutate('configureAutomaticRotation', { key: keyId, enabled: false })
      }),
      { numRuns: runs, endOnFailure: true },
    )
    // Whatever became of the keys, the trail tells the same of them.
    await story.stop()
    expect((await verifyStory(story)).findings).toEqual([])
  }, 900_000)

  /** Each version that is DESTROYED has one record of it, whichever command came first after its waiting period. */
  async function expectDestructionsOnRecord(client: Client, model: KeyModel): Promise<void> {
    // What no command has settled yet.
    await story.app.housekeeping.runOnce()
    const recorded: number[] = []
    const revisions: number[] = []
    for (let after: string | null = null; ; ) {
      const { auditEvents }: { auditEvents: EventPage } = await client.ask(
        `query($after: String) { auditEvents(first: 200, after: $after) {
          nodes { outcome keyRevision details } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )
      for (const { outcome, keyRevision, details } of auditEvents.nodes) {
        if (outcome !== 'SUCCEEDED') continue
        if (keyRevision !== null) revisions.push(keyRevision)
        recorded.push(...(details.destroyedVersions?.split(' ').map(Number) ?? []))
      }
      after = auditEvents.pageInfo.endCursor
      if (!auditEvents.pageInfo.hasNextPage) break
    }
    const destroyed = model.versions.flatMap(({ status }, index) =>
      status === 'DESTROYED' ? [index + 1] : [],
    )
    expect(recorded.sort((one, other) => one - other)).toEqual(destroyed)
    // And each change has a revision of its own.
    expect(revisions.sort((one, other) => one - other)).toEqual(revisions.map((_, index) => index + 1))
  }

  async function run(client: Client, keyId: string, each: ModelCommand, model: KeyModel): Promise<Expected> {
    switch (each.type) {
      case 'activateKey':
        return answerOf(await client.mutate('activateUserKey', { key: keyId }))
      case 'rotate':
        return answerOf(await client.mutate('rotateUserKey', { key: keyId }))
      case 'delete':
        return answerOf(await client.mutate('deleteUserKey', { key: keyId, confirmName: 'key' }))
      case 'deactivate':
        return answerOf(
          await client.mutate('deactivateKeyVersion', { version: { key: keyId, number: each.pick } }),
        )
      case 'activate':
        return answerOf(
          await client.mutate('activateKeyVersion', { version: { key: keyId, number: each.pick } }),
        )
      case 'restore':
        return answerOf(
          await client.mutate('restoreKeyVersion', { version: { key: keyId, number: each.pick } }),
        )
      case 'destroy':
        return answerOf(
          await client.mutate('destroyKeyVersion', {
            version: { key: keyId, number: each.pick },
            waitingPeriodDays: each.days,
          }),
        )
      case 'configure':
        return answerOf(
          await client.mutate('configureAutomaticRotation', {
            key: keyId,
            enabled: each.enabled,
            cycleDays: each.cycleDays,
          }),
        )
      case 'encrypt': {
        const result = await client.mutate(
          'encrypt',
          { key: keyId, plaintext: base64('m') },
          'ciphertext versionNumber',
        )
        const version = model.versions[result['versionNumber'] - 1]
        if (version !== undefined) version.ciphertext = result['ciphertext']
        return answerOf(result)
      }
      case 'decrypt': {
        const version = model.versions[each.pick - 1]
        if (version === undefined) return model.isDeleted ? 'INVALID_CIPHERTEXT' : 'KEY_VERSION_NOT_FOUND'
        // Without a ciphertext of its own there is nothing to ask.
        if (version.ciphertext === null)
          return model.isDeleted
            ? 'INVALID_CIPHERTEXT'
            : version.status === 'ACTIVE'
              ? 'ok'
              : 'INVALID_KEY_STATE'
        const result = await client.mutate('decrypt', { ciphertext: version.ciphertext }, 'plaintext')
        if (result.__typename === 'DecryptPayload') expect(result['plaintext']).toBe(base64('m'))
        return answerOf(result)
      }
      case 'housekeeping':
        await story.app.housekeeping.runOnce()
        return 'ok'
      case 'restart':
        await story.restart()
        return 'ok'
      case 'wait':
        return model.isDeleted ? 'KEY_NOT_FOUND' : 'ok'
    }
  }

  async function compare(client: Client, keyId: string, model: KeyModel): Promise<void> {
    const key = await readKey(client, keyId)
    if (model.isDeleted) {
      expect(key).toBeNull()
      return
    }
    const { revision: _revision, nextRotationAt, lastRotatedAt, ...rest } = key
    const { defaultNumber } = model
    const versions = model.versions.map(({ status, scheduledMs }, index) => ({
      number: index + 1,
      versionStatus: status,
      isDefault: index + 1 === defaultNumber,
      destroyScheduledFor: status === 'DESTROY_SCHEDULED' ? new Date(scheduledMs).toISOString() : null,
    }))
    const standard = versions.find(({ isDefault }) => isDefault)
    expect(rest).toEqual({
      id: keyId,
      status: model.status,
      deletable: model.isDeletable,
      defaultVersion: standard
        ? { number: standard.number, versionStatus: standard.versionStatus, isDefault: true }
        : null,
      versions: { nodes: versions.toReversed() },
      automaticRotation: { enabled: model.isRotationEnabled, cycleDays: model.cycleDays },
    })
    expect(lastRotatedAt !== null).toBe(model.wasRotated)
    // The first instant of the day that is due, in the zone of the server.
    const nextMs = nextRotationAt === null ? null : Date.parse(nextRotationAt)
    expect(nextMs === null ? null : model.dayOf(nextMs)).toBe(model.dueDay)
    if (nextMs !== null) expect(model.dayOf(nextMs - 1)).not.toBe(model.dueDay)
  }

  // biome-ignore lint/suspicious/noExplicitAny: compared as a whole
  async function readKey(client: Client, keyId: string): Promise<any> {
    const { userKey } = await client.ask<{ userKey: unknown }>(
      `query($id: KeyRef!) { userKey(key: $id) { ${keyFields} } }`,
      { id: keyId },
    )
    return userKey
  }
})

/** A page of the audit trail, as far as it is asked for. */
interface EventPage {
  readonly nodes: readonly {
    readonly outcome: string
    readonly keyRevision: number | null
    readonly details: { readonly destroyedVersions?: string }
  }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

function answerOf(result: { readonly __typename: string; readonly [field: string]: unknown }): Expected {
  return result.__typename.endsWith('Payload') ? 'ok' : (result['code'] as Expected)
}
