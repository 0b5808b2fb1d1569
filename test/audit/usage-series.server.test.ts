import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
