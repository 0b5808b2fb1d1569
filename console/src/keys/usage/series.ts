import { type EnumOf, graphql, type ResultOf } from '../../api/graphql.ts'
import type { Series } from '../../design/time-chart.tsx'

/** What a chart needs of a series. */
export const usageSeriesFields = graphql(`
  fragment UsageSeriesFields on UsageSeries {
    interval
    from
    to
    points {
      start
      operation
      succeeded
      denied
      failed
    }
  }
`)

/** Operations by hour or day. */
export type Usage = ResultOf<typeof usageSeriesFields>

type Operation = EnumOf<'VersionOperation'>

/** How many operations ended how. */
export interface Totals {
  readonly succeeded: number
  readonly denied: number
  readonly failed: number
}

const stepMs = { HOUR: 3_600_000, DAY: 86_400_000 } as const

/** The most kinds of operations that a chart shows by themselves: more could not be told apart. */
const mostKinds = 5

/** Texts of a chart of operations. */
export interface ChartTexts {
  readonly operation: (operation: Operation) => string
  readonly others: string
  readonly refused: string
}

/** Joins series that follow each other, as of an answer in several parts. */
export function joined(parts: readonly Usage[]): Usage | null {
  const [first] = parts
  const last = parts.at(-1)
  if (first === undefined || last === undefined) return null
  return { ...first, to: last.to, points: parts.flatMap(({ points }) => points) }
}

/** All hours or days of a series, also those without operations. */
export function timesOf({ from, to, interval }: Usage): readonly Date[] {
  const start = Date.parse(from)
  const length = Math.max(0, Math.round((Date.parse(to) - start) / stepMs[interval]))
  return Array.from({ length }, (_, index) => new Date(start + index * stepMs[interval]))
}

/** The sums of a series. */
export function totalsOf({ points }: Usage): Totals {
  const sum = (count: (point: Usage['points'][number]) => number) =>
    points.reduce((total, point) => total + count(point), 0)
  return {
    succeeded: sum(({ succeeded }) => succeeded),
    denied: sum(({ denied }) => denied),
    failed: sum(({ failed }) => failed),
  }
}

/** Parts of a chart: kinds of operations that succeeded, the most frequent ones by themselves, and what did not succeed. */
export function byOperation(usage: Usage, texts: ChartTexts): readonly Series[] {
  const sums = new Map<Operation, number>()
  for (const { operation, succeeded } of usage.points) {
    sums.set(operation, (sums.get(operation) ?? 0) + succeeded)
  }
  const used = [...sums].filter(([, sum]) => sum > 0).toSorted(([, a], [, b]) => b - a)
  const kinds = used.slice(0, used.length > mostKinds ? mostKinds - 1 : mostKinds).map(([kind]) => kind)
  const others = used.map(([kind]) => kind).filter((kind) => !kinds.includes(kind))
  const succeeded = (label: string, isMeant: (operation: Operation) => boolean) => ({
    label,
    values: valuesOf(usage, (point) => (isMeant(point.operation) ? point.succeeded : 0)),
  })
  const refused = valuesOf(usage, ({ denied, failed }) => denied + failed)
  return [
    ...kinds.map((kind) => succeeded(texts.operation(kind), (operation) => operation === kind)),
    ...(others.length > 0 ? [succeeded(texts.others, (operation) => others.includes(operation))] : []),
    ...(refused.some((value) => value > 0)
      ? [{ label: texts.refused, values: refused, colour: '--chart-bad' }]
      : []),
  ]
}

/** Parts of a chart: how operations ended. */
export const byOutcome = (
  usage: Usage,
  outcomeText: (outcome: EnumOf<'AuditOutcome'>) => string,
): readonly Series[] => [
  {
    label: outcomeText('SUCCEEDED'),
    values: valuesOf(usage, ({ succeeded }) => succeeded),
    colour: '--chart-3',
  },
  { label: outcomeText('FAILED'), values: valuesOf(usage, ({ failed }) => failed), colour: '--chart-2' },
  { label: outcomeText('DENIED'), values: valuesOf(usage, ({ denied }) => denied), colour: '--chart-bad' },
]

function valuesOf(usage: Usage, count: (point: Usage['points'][number]) => number): readonly number[] {
  const start = Date.parse(usage.from)
  const values = timesOf(usage).map(() => 0)
  for (const point of usage.points) {
    const index = Math.round((Date.parse(point.start) - start) / stepMs[usage.interval])
    values[index] = (values[index] ?? 0) + count(point)
  }
  return values
}
