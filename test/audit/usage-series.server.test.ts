import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { roles } from '../../src/keys/rules/caller.ts'
import { hasNoDatabase } from '../support/databases.ts'
import { base64, type Client, endStory, type Person, type Story, startStory } from '../support/story.ts'
import { openTrail } from './opened-trail.ts'
import { prune } from './pruned-trail.ts'

const olga: Person = { name: 'olga', roles: ['KMS_MANAGER'] }
/** Not on the list of the closed key. */
const ben: Person = { name: 'ben', roles: ['KMS_USER'] }
const ada: Person = { name: 'ada', roles: ['PROJECT_ADMIN'] }

const keyNames = ['orders', 'invoices', 'closed'] as const
type KeyName = (typeof keyNames)[number]

/** An operation as the model knows it. */
interface Counted {
  readonly key: KeyName
  /** Null where the caller was denied, which is before a version is looked up. */
  readonly version: number | null
  readonly operation: string
  readonly outcome: 'succeeded' | 'denied' | 'failed'
  readonly at: Date
}

interface Series {
  readonly interval: string
  readonly from: string
  readonly to: string
  readonly points: readonly {
    start: string
    operation: string
    succeeded: number
    denied: number
    failed: number
  }[]
}

interface Range {
  readonly from: string
  readonly to: string
  readonly interval: 'HOUR' | 'DAY'
}

const seriesFields = 'interval from to points { start operation succeeded denied failed }'

async function projectSeries(client: Client, range: Range, filter: object | null = null): Promise<Series> {
  const { usageSeries } = await client.ask<{ usageSeries: Series }>(
    `query($from: DateTime!, $to: DateTime!, $interval: UsageInterval!, $filter: UsageSeriesFilter) {
      usageSeries(from: $from, to: $to, interval: $interval, filter: $filter) { ${seriesFields} } }`,
    { ...range, filter },
  )
  return usageSeries
}

/** The series of each version, as `key version`. */
async function versionSeries(client: Client, range: Range): Promise<Map<string, Series | null>> {
  const { userKeys } = await client.ask<{
    userKeys: {
      nodes: { name: string; versions: { nodes: { number: number; usageSeries: Series | null }[] } | null }[]
    }
  }>(
    `query($from: DateTime!, $to: DateTime!, $interval: UsageInterval!) { userKeys { nodes { name versions(first: 50) {
      nodes { number usageSeries(from: $from, to: $to, interval: $interval) { ${seriesFields} } } } } } }`,
    range,
  )
  return new Map(
    userKeys.nodes.flatMap(({ name, versions }) =>
      (versions?.nodes ?? []).map(({ number, usageSeries }) => [`${name} ${number}`, usageSeries] as const),
    ),
  )
}

/** What a series must be, of one operation after the other. */
function expectedSeries(counted: readonly Counted[], { from, to, interval }: Range): Series {
  const unitMs = interval === 'HOUR' ? 3_600_000 : 86_400_000
  const startOf = (time: Date) => Math.floor(time.getTime() / unitMs) * unitMs
  const first = startOf(new Date(from))
  const end = Math.ceil(Date.parse(to) / unitMs) * unitMs
  const points = new Map<string, Series['points'][number]>()
  for (const { operation, outcome, at } of counted) {
    if (at.getTime() < first || at.getTime() >= end) continue
    const start = new Date(startOf(at)).toISOString()
    const name = `${start} ${operation}`
    const point = points.get(name) ?? { start, operation, succeeded: 0, denied: 0, failed: 0 }
    points.set(name, { ...point, [outcome]: point[outcome] + 1 })
  }
  return {
    interval,
    from: new Date(first).toISOString(),
    to: new Date(end).toISOString(),
    points: [...points].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, point]) => point),
  }
}

describe.skipIf(hasNoDatabase())('use over time', () => {
  let story: Story
  const keyIds = new Map<KeyName, string>()
  const versions = new Map<KeyName, number>()
  const ciphertexts: { key: KeyName; version: number; ciphertext: string }[] = []
  const counted: Counted[] = []
  let started: Date

  /** Does one thing of a kind, and notes what must be counted. */
  async function act(kind: number, keyIndex: number, which: number): Promise<void> {
    const [olgas, bens] = [story.as(olga), story.as(ben)]
    const key = keyNames[keyIndex] as KeyName
    const version = versions.get(key) ?? 1
    const isClosed = key === 'closed'
    const note = (given: Partial<Counted> & Pick<Counted, 'operation' | 'outcome'>) =>
      counted.push({ key, version, at: story.clock.now(), ...given })
    const source = ciphertexts[which % Math.max(ciphertexts.length, 1)]
    const input = { key: keyIds.get(key), plaintext: base64('x') }
    if (kind === 0 || source === undefined) {
      const { ciphertext } = await olgas.mutate('encrypt', input, 'ciphertext')
      ciphertexts.push({ key, version, ciphertext })
      note({ operation: 'ENCRYPT', outcome: 'succeeded' })
    } else if (kind === 1) {
      await bens.mutate('encrypt', input)
      note({
        operation: 'ENCRYPT',
        outcome: isClosed ? 'denied' : 'succeeded',
        ...(isClosed && { version: null }),
      })
    } else if (kind === 2) {
      await olgas.mutate('decrypt', { ciphertext: source.ciphertext })
      note({ ...source, operation: 'DECRYPT', outcome: 'succeeded' })
    } else if (kind === 3) {
      await olgas.mutate('decrypt', { ciphertext: source.ciphertext.replace(/.{8}$/, 'AAAAAAA=') })
      note({ ...source, operation: 'DECRYPT', outcome: 'failed' })
    } else if (kind === 4) {
      const refused = source.key === 'closed'
      await bens.mutate('decrypt', { ciphertext: source.ciphertext })
      note({
        ...source,
        operation: 'DECRYPT',
        outcome: refused ? 'denied' : 'succeeded',
        ...(refused && { version: null }),
      })
    } else if (kind === 5) {
      await olgas.mutate('reEncrypt', { ciphertext: source.ciphertext, destinationKey: keyIds.get(key) })
      note({ operation: 'RE_ENCRYPT', outcome: 'succeeded' })
      note({ key: source.key, version: source.version, operation: 'RE_ENCRYPT_FROM', outcome: 'succeeded' })
    } else if (kind === 6 && version < 4) {
      await olgas.mutate('rotateUserKey', { key: keyIds.get(key) })
      versions.set(key, version + 1)
    } else await story.app.housekeeping.runOnce()
  }

  beforeAll(async () => {
    story = await startStory()
    for (const name of keyNames) {
      const input = { name, ...(name === 'closed' && { accessControl: { enabled: true } }) }
      keyIds.set(name, (await story.as(olga).mutate('createUserKey', input, 'userKey { id }'))['userKey'].id)
      versions.set(name, 1)
    }
    started = story.clock.now()
    const steps = fc.sample(
      fc.record({
        kind: fc.nat({ max: 7 }),
        key: fc.nat({ max: keyNames.length - 1 }),
        which: fc.nat(),
        minutes: fc.oneof(fc.constant(0), fc.nat({ max: 90 }), fc.nat({ max: 2000 })),
      }),
      120,
    )
    for (const { kind, key, which, minutes } of steps) {
      story.clock.advance({ minutes })
      await act(kind, key, which)
    }
  })
  afterAll(() => endStory(story))

  /** Times within and around what happened, not at the beginning of hours or days. */
  function ranges(): readonly Range[] {
    const now = story.clock.now().getTime()
    const at = (ms: number) => new Date(ms).toISOString()
    const middle = (now + started.getTime()) / 2
    return [
      { interval: 'DAY', from: at(started.getTime()), to: at(now + 1) },
      { interval: 'DAY', from: at(middle), to: at(now + 86_400_000) },
      { interval: 'HOUR', from: at(middle), to: at(middle + 30 * 3_600_000) },
      { interval: 'HOUR', from: at(now - 40 * 3_600_000), to: at(now + 1) },
      { interval: 'HOUR', from: at(started.getTime() - 7_000_000), to: at(started.getTime() + 3_600_000) },
    ]
  }

  /** Every series is that of the model, for who sees all and for who does not. */
  async function expectModel(): Promise<void> {
    for (const range of ranges()) {
      expect(await projectSeries(story.as(olga), range)).toEqual(expectedSeries(counted, range))
      // A project administrator who is not on its list: the closed key does not count.
      const open = counted.filter(({ key }) => key !== 'closed')
      expect(await projectSeries(story.as(ada), range)).toEqual(expectedSeries(open, range))
      for (const key of keyNames) {
        const ofKey = counted.filter((each) => each.key === key)
        const filter = { key, operation: ['DECRYPT', 'RE_ENCRYPT_FROM'] }
        const some = ofKey.filter(({ operation }) => filter.operation.includes(operation))
        expect(await projectSeries(story.as(olga), range, filter)).toEqual(expectedSeries(some, range))
        const shown = key === 'closed' ? [] : ofKey
        expect(await projectSeries(story.as(ada), range, { key })).toEqual(expectedSeries(shown, range))
      }
      const byVersion = await versionSeries(story.as(olga), range)
      expect(byVersion.size).toBe([...versions.values()].reduce((sum, each) => sum + each, 0))
      for (const [place, series] of byVersion) {
        const ofVersion = counted.filter(({ key, version }) => `${key} ${version}` === place)
        expect(series, place).toEqual(expectedSeries(ofVersion, range))
      }
    }
  }

  it('is that of a plain model, before, between and after rounds of counting', async () => {
    expect(new Set(counted.map(({ operation, outcome }) => `${operation} ${outcome}`)).size).toBeGreaterThan(
      5,
    )
    await expectModel()
    await story.app.housekeeping.runOnce()
    await expectModel()
  })

  it('is the same while an upgrade has not counted the hours yet, and when it has', async () => {
    await story.sql(
      'TRUNCATE audit_usage_hourly',
      'UPDATE audit_usage_daily SET denied = 0',
      'UPDATE audit_rollup_progress SET detailed_sequence = 0',
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'not counted yet'; END $$`,
      'CREATE TRIGGER refuse BEFORE UPDATE ON audit_rollup_progress FOR EACH ROW EXECUTE FUNCTION refuse()',
    )
    await expectModel()
    const [{ hours } = {}] = await story.sql(
      'DROP FUNCTION refuse CASCADE',
      'SELECT count(*) AS hours FROM audit_usage_hourly',
    )
    expect(Number(hours)).toBe(0)
    await story.app.housekeeping.runOnce()
    await expectModel()
  })

  it('takes as many statements for all versions as for one', async () => {
    const statementsFor = async (first: number) => {
      story.takeStatements()
      await story.as(olga).ask(
        `query($from: DateTime!, $to: DateTime!) { userKeys(first: ${first}) { nodes { versions { nodes {
          number usageSeries(from: $from, to: $to, interval: DAY) { points { start } } } } } } }`,
        ranges()[0],
      )
      return story.takeStatements().length
    }
    await story.app.housekeeping.runOnce()
    const one = await statementsFor(1)
    expect(await statementsFor(3)).toBe(one)
  })

  it('is shown by role as the audit trail is: to those who read it, and to the owner of the one key', async () => {
    const [range] = ranges() as [Range]
    const document = `query($from: DateTime!, $to: DateTime!, $filter: UsageSeriesFilter) {
      usageSeries(from: $from, to: $to, interval: DAY, filter: $filter) { points { start } } }`
    for (const role of roles) {
      const readsAudit = ['PROJECT_ADMIN', 'KMS_MANAGER', 'KMS_AUDITOR'].includes(role)
      const someone = story.as({ name: 'someone', roles: [role] })
      for (const [client, filter, shown] of [
        [someone, null, readsAudit],
        [someone, { key: 'orders' }, readsAudit],
        [story.as({ name: 'olga', roles: [role] }), { key: 'closed' }, true],
      ] as const) {
        const { data, errors } = await client.send(document, { ...range, filter })
        expect(errors.map(({ extensions }) => extensions.code)).toEqual(shown ? [] : ['FORBIDDEN'])
        if (shown) expect(data.usageSeries.points.length, role).toBeGreaterThan(0)
      }
      const byVersion = await versionSeries(someone, range)
      expect(byVersion.size).toBeGreaterThan(0)
      expect([...byVersion.values()].every((series) => (series !== null) === readsAudit)).toBe(true)
    }
  })

  const start = Date.parse('2026-03-01T12:34:56Z')
  const daysLater = (days: number) => new Date(start + days * 86_400_000).toISOString()

  it.each([
    [
      'HOUR',
      daysLater(-300),
      daysLater(3650 - 300),
      'must be at most 31 days after from with interval HOUR; interval DAY allows 1096 days',
    ],
    ['HOUR', daysLater(0), daysLater(31.001), 'must be at most 31 days'],
    [
      'DAY',
      daysLater(-1097),
      daysLater(0),
      'must be at most 1096 days after from with interval DAY; ask for each part of a longer time by itself',
    ],
    [
      'HOUR',
      daysLater(-500),
      daysLater(-499),
      'must be in the last 400 days with interval HOUR: older operations are counted by day only; ask with interval DAY',
    ],
    ['DAY', daysLater(1), daysLater(1), 'must be after from'],
    ['HOUR', daysLater(1), daysLater(0), 'must be after from'],
    ['DAY', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', 'must be at most 1096 days'],
  ] as const)(
    'by %s from %s to %s is a typed error that says the limit and what to ask for',
    async (interval, from, to, what) => {
      for (const document of [
        'query($from: DateTime!, $to: DateTime!, $interval: UsageInterval!) { usageSeries(from: $from, to: $to, interval: $interval) { interval } }',
        'query($from: DateTime!, $to: DateTime!, $interval: UsageInterval!) { userKey(key: "orders") { version(number: 1) { usageSeries(from: $from, to: $to, interval: $interval) { interval } } } }',
      ]) {
        const { errors } = await story.as(olga).send(document, { from, to, interval })
        expect(errors.map(({ extensions }) => extensions.code)).toEqual(['INPUT_VALIDATION'])
        expect(errors[0]?.message).toContain(what)
      }
    },
  )

  it.each([
    ['HOUR', daysLater(0), daysLater(31), 745],
    ['DAY', daysLater(-1096), daysLater(0), 1097],
    ['DAY', '0001-01-01T00:00:00Z', '0001-01-02T00:00:00Z', 1],
    ['DAY', '9999-12-31T00:00:00Z', '9999-12-31T23:59:59.999Z', 1],
  ] as const)(
    'by %s from %s to %s is answered with whole hours or days',
    async (interval, from, to, steps) => {
      const series = await projectSeries(story.as(olga), { interval, from, to })
      const spanMs = Date.parse(series.to) - Date.parse(series.from)
      expect(Math.ceil(spanMs / (interval === 'HOUR' ? 3_600_000 : 86_400_000))).toBe(steps)
      expect(Date.parse(series.from)).toBeLessThanOrEqual(Date.parse(from))
      expect(Date.parse(series.to)).toBeGreaterThanOrEqual(Date.parse(to))
    },
  )

  it('has at most 50,000 points for all series of one request', async () => {
    await story.sql(
      `INSERT INTO audit_usage_hourly (key_id, version_number, hour, action, project_id, succeeded)
        SELECT k.id, 1, '2026-04-20Z'::timestamptz + n * interval '1 hour', a, 'shop', 1
        FROM keys k, generate_series(0, 699) n, unnest(ARRAY['ENCRYPT', 'DECRYPT', 'SIGN', 'VERIFY', 'RE_ENCRYPT', 'RE_ENCRYPT_FROM',
          'GENERATE_MAC', 'VERIFY_MAC', 'ENCAPSULATE', 'DECAPSULATE', 'GENERATE_DATA_KEY', 'GENERATE_DATA_KEY_PAIR']) a
        WHERE k.name IN ('orders', 'invoices')`,
    )
    const of = (alias: string, key: string) =>
      `${alias}: userKey(key: "${key}") { version(number: 1) { usageSeries(from: "2026-04-20T00:00:00Z", to: "2026-05-20T00:00:00Z", interval: HOUR) { points { start } } } }`
    const each = await story
      .as(olga)
      .send(
        `{ ${of('a', 'orders')} ${of('b', 'invoices')} ${of('c', 'orders')} ${of('d', 'orders')} ${of('e', 'invoices')} }`,
      )
    expect(each.errors).toEqual([])
    expect(each.data.a.version.usageSeries.points).toHaveLength(8400)
    const more = await story
      .as(olga)
      .send(`{ ${['a', 'b', 'c', 'd', 'e', 'f'].map((alias) => of(alias, 'orders')).join(' ')} }`)
    expect(more.errors.map(({ extensions }) => extensions.code)).toContain('INPUT_VALIDATION')
    expect(more.errors[0]?.message).toContain('at most 50000 points together')
    await story.sql(`DELETE FROM audit_usage_hourly WHERE hour >= '2026-04-20Z'`)
  })

  it('outlives the audit events that it was counted from', async () => {
    await story.app.housekeeping.runOnce()
    await story.stop()
    const { parts, close } = await openTrail(story)
    const { pruned } = await prune(parts, 0)
    await close()
    await story.restart()
    expect(pruned).toBeGreaterThan(counted.length / 2)
    await expectModel()
  })
})
