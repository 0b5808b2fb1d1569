import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'

const mia: Person = { name: 'mia', roles: ['KMS_MANAGER'] }
/** Reads the trail, and is not on the list of the closed key. */
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }
/** Owns a key, and has no role for the trail. */
const max: Person = { name: 'max', roles: ['PROJECT_MEMBER'] }

interface Listed {
  readonly id: string
  readonly action: string
  readonly keyName: string | null
  readonly versionNumber: number | null
  readonly versionNumbers: readonly number[]
}

const document = `query($filter: AuditEventFilter) { auditEvents(first: 200, filter: $filter) {
  totalCount nodes { id action keyName versionNumber versionNumbers } } }`

async function eventsOf(client: Client, filter: object = {}): Promise<readonly Listed[]> {
  const { auditEvents } = await client.ask<{
    auditEvents: { totalCount: number; nodes: readonly Listed[] }
  }>(document, { filter })
  expect(auditEvents.totalCount).toBe(auditEvents.nodes.length)
  return auditEvents.nodes
}

describe.skipIf(hasNoDatabase())('audit events', () => {
  let story: Story
  const ids = new Map<string, string>()
  const versionIds = new Map<string, string>()

  async function makeKey(client: Client, name: string, input: object = {}): Promise<void> {
    const { userKey } = await client.mutate('createUserKey', { name, ...input }, 'userKey { id }')
    ids.set(name, userKey.id)
    const { ciphertext } = await client.mutate('encrypt', { key: name, plaintext: base64('x') }, 'ciphertext')
    await client.mutate('rotateUserKey', { key: name })
    await client.mutate('rotateUserKey', { key: name })
    await client.mutate('decrypt', { ciphertext })
    // Under the same key: one event of two versions. Under another: one for each of them.
    await client.mutate('reEncrypt', { ciphertext, destinationKey: name })
    if (name !== 'orders') await client.mutate('reEncrypt', { ciphertext, destinationKey: 'orders' })
    for (const number of [1, 2]) {
      await client.mutate('deactivateKeyVersion', { version: { key: name, number } })
      await client.mutate('destroyKeyVersion', { version: { key: name, number }, waitingPeriodDays: 1 })
    }
    const { versions } = (
      await client.ask<{ userKey: { versions: { nodes: { id: string; number: number }[] } } }>(
        `{ userKey(key: "${name}") { versions { nodes { id number } } } }`,
      )
    ).userKey
    for (const { id, number } of versions.nodes) versionIds.set(`${name} ${number}`, id)
  }

  beforeAll(async () => {
    story = await startStory()
    const labels = [
      { name: 'team', value: 'payments' },
      { name: 'stage', value: 'test' },
    ]
    await makeKey(story.as(mia), 'orders', { labels })
    await makeKey(story.as(mia), 'invoices', { labels: labels.slice(0, 1) })
    await makeKey(story.as(mia), 'closed', { labels, accessControl: { enabled: true } })
    await makeKey(story.as(max), 'own', { labels: [{ name: 'team', value: 'other' }] })
    // Versions 1 and 2 of each key are destroyed together.
    story.clock.advance({ days: 2 })
    await story.app.housekeeping.runOnce()
    await story.app.housekeeping.runOnce()
  })
  afterAll(() => endStory(story))

  it('list the versions that they are about', async () => {
    const events = await eventsOf(story.as(mia), { key: 'invoices' })
    const shown = events.map(({ action, versionNumber, versionNumbers }) => [
      action,
      versionNumber,
      versionNumbers.join(' '),
    ])
    expect(shown).toEqual([
      ['DESTROY_KEY_VERSION', null, '1 2'],
      ['SCHEDULE_KEY_VERSION_DESTRUCTION', 2, '2'],
      ['DEACTIVATE_KEY_VERSION', 2, '2'],
      ['SCHEDULE_KEY_VERSION_DESTRUCTION', 1, '1'],
      ['DEACTIVATE_KEY_VERSION', 1, '1'],
      ['RE_ENCRYPT_FROM', 1, '1'],
      ['RE_ENCRYPT', 3, '1 3'],
      ['DECRYPT', 1, '1'],
      ['ROTATE_KEY', 3, '3'],
      ['ROTATE_KEY', 2, '2'],
      ['ENCRYPT', 1, '1'],
      ['CREATE_USER_KEY', 1, '1'],
    ])
  })

  it.each(['orders', 'invoices', 'own'])(
    'of a version of %s are those that list it, whichever way it is named',
    async (name) => {
      const client = story.as(name === 'own' ? max : ada)
      const all = await eventsOf(client, { key: name })
      for (const number of [1, 2, 3]) {
        const expected = all.filter(({ versionNumbers }) => versionNumbers.includes(number))
        expect(expected.length).toBeGreaterThan(0)
        expect(expected.length).toBeLessThan(all.length)
        const references: object[] = [
          { key: name, number },
          { key: ids.get(name), number },
          { id: versionIds.get(`${name} ${number}`) },
        ]
        for (const version of references) {
          expect(await eventsOf(client, { version })).toEqual(expected)
          expect(await eventsOf(client, { version, key: name })).toEqual(expected)
          const decryptions = expected.filter(({ action }) => action === 'DECRYPT')
          expect(await eventsOf(client, { version, action: ['DECRYPT'] })).toEqual(decryptions)
        }
      }
    },
  )

  it('of a version and of another key are none', async () => {
    const filter = { version: { key: 'orders', number: 1 }, key: 'invoices' }
    expect(await eventsOf(story.as(mia), filter)).toEqual([])
  })

  it('of a version of a redacted key are none, as of one that never was, with the same statements', async () => {
    const client = story.as(ada)
    const never = 'kver_01h455vb4pex5vsknk084sn02q'
    const hidden = { id: versionIds.get('closed 1') }
    for (const version of [hidden, { key: 'closed', number: 1 }, { key: ids.get('closed'), number: 2 }]) {
      expect(await eventsOf(story.as(mia), { version })).not.toEqual([])
      expect(await eventsOf(client, { version })).toEqual([])
    }
    for (const version of [
      { id: never },
      { id: ids.get('orders') },
      { id: 'x' },
      { key: 'none', number: 1 },
      { key: 'orders', number: 99 },
    ]) {
      expect(await eventsOf(client, { version })).toEqual([])
    }
    const statementsFor = async (version: object) => {
      story.takeStatements()
      await eventsOf(client, { version })
      return story.takeStatements()
    }
    expect(await statementsFor(hidden)).toEqual(await statementsFor({ id: never }))
  })

  it('of a version are shown to its owner, and to others without a role for the trail as little as unknown ones', async () => {
    const bob = story.as({ name: 'bob', roles: ['KMS_USER'] })
    for (const version of [
      { key: 'orders', number: 1 },
      { id: versionIds.get('closed 1') },
      { id: 'x' },
      { key: 'none', number: 1 },
    ]) {
      const { data, errors } = await bob.send(document, { filter: { version } })
      expect(data).toEqual({ auditEvents: null })
      expect(errors.map(({ extensions }) => extensions.code)).toEqual(['FORBIDDEN'])
    }
  })

  it.each([{}, { key: 'orders' }, { number: 1 }, { id: 'kver_1', number: 1 }])(
    'cannot be asked for by half of a version: %j',
    async (version) => {
      const { errors } = await story.as(ada).send(document, { filter: { version } })
      expect(errors[0]?.extensions.code).toBe('INPUT_VALIDATION')
      expect(errors[0]?.message).toContain('filter.version must have either id, or key and number')
    },
  )

  it('of keys with labels are those of live keys that have all of them now, and that the caller sees', async () => {
    const names = async (client: Client, labels: object[]) =>
      [...new Set((await eventsOf(client, { labels })).map(({ keyName }) => keyName))].sort()
    const [mias, adas] = [story.as(mia), story.as(ada)]
    const team = { name: 'team', value: 'payments' }
    const stage = { name: 'stage', value: 'test' }
    expect(await names(mias, [team])).toEqual(['closed', 'invoices', 'orders'])
    expect(await names(adas, [team])).toEqual(['invoices', 'orders'])
    expect(await names(mias, [stage, team])).toEqual(['closed', 'orders'])
    expect(await names(adas, [stage, team])).toEqual(['orders'])
    expect(await names(mias, [{ name: 'team' }])).toEqual(['closed', 'invoices', 'orders', 'own'])
    expect(await names(mias, [{ name: 'team', value: 'pay' }])).toEqual([])
    expect((await eventsOf(mias, { labels: [] })).length).toBe((await eventsOf(mias)).length)
    const { usageSeries } = await adas.ask<{
      usageSeries: { points: { operation: string; succeeded: number }[] }
    }>(
      `query($labels: [LabelCondition!]) { usageSeries(from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z", interval: DAY,
        filter: { labels: $labels, operation: [ENCRYPT] }) { points { operation succeeded } } }`,
      { labels: [team] },
    )
    expect(usageSeries.points).toEqual([{ operation: 'ENCRYPT', succeeded: 2 }])
    const { errors } = await mias.send(document, { filter: { labels: [{ name: 'a\u0000', value: '' }] } })
    expect(errors[0]?.extensions.code).toBe('INPUT_VALIDATION')
    await mias.mutate('labelUserKey', { key: 'invoices', remove: ['team'] })
    expect(await names(mias, [team])).toEqual(['closed', 'orders'])
  })
})
