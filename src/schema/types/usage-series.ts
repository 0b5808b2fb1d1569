import { dailySpanDaysMax, hourlySpanDaysMax, seriesPointsMax } from '../../keys/reading/usage-series.ts'
import type { UsagePointView, UsageSeriesView } from '../../keys/reading/views.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { VersionOperation } from './version-caller.ts'

const UsageInterval = builder.enumType('UsageInterval', {
  description: 'Length of the steps of a series.',
  values: {
    HOUR: {
      description: `Hours in UTC. A series has at most ${hourlySpanDaysMax} days, and begins in the last 400 days.`,
    },
    DAY: { description: `Days in UTC. A series has at most ${dailySpanDaysMax} days (three years).` },
  } as const,
})

const UsagePoint = builder.objectRef<UsagePointView>('UsagePoint').implement({
  description: 'Operations of one kind in an hour or a day.',
  fields: (t) => ({
    start: t.field({
      type: 'DateTime',
      description: 'Start of the hour or day.',
      resolve: ({ start }) => start,
    }),
    operation: t.field({
      type: VersionOperation,
      description: 'The kind of operation.',
      resolve: ({ operation }) => operation,
    }),
    succeeded: t.field({
      type: 'Count',
      description: 'Operations that succeeded.',
      resolve: ({ succeeded }) => succeeded,
    }),
    denied: t.field({
      type: 'Count',
      description:
        'Operations that were refused since their caller had no permission for the key. They count for the key, and not for a version: permission is decided before the version is looked up. What the roles of a caller allow with no key counts for none.',
      resolve: ({ denied }) => denied,
    }),
    failed: t.field({
      type: 'Count',
      description: 'Operations that failed, or were refused for another reason.',
      resolve: ({ failed }) => failed,
    }),
  }),
})

/** Use over time. */
export const UsageSeries = builder.objectRef<UsageSeriesView>('UsageSeries').implement({
  description: 'Operations by hour or day, kind and outcome, counted up to the moment of the answer.',
  fields: (t) => ({
    interval: t.field({
      type: UsageInterval,
      description: 'Hours or days, as asked for.',
      resolve: ({ interval }) => interval,
    }),
    from: t.field({
      type: 'DateTime',
      description: 'Start of the first hour or day: that of the moment that was asked for.',
      resolve: ({ from }) => from,
    }),
    to: t.field({
      type: 'DateTime',
      description: 'End of the last hour or day.',
      resolve: ({ to }) => to,
    }),
    points: t.field({
      type: [UsagePoint],
      ...listOptions(
        seriesPointsMax,
        'Points by time, those of one time by operation. An hour or day without operations of a kind has no point for it, so that the answer is as long as there was use.',
      ),
      resolve: ({ points }) => [...points],
    }),
  }),
})

/** Arguments of a series. */
export const seriesArguments = builder.args((t) => ({
  from: t.field({
    type: 'DateTime',
    required: true,
    description: 'Start of the series. All of its hour or day counts.',
  }),
  to: t.field({
    type: 'DateTime',
    required: true,
    description: 'End of the series, after `from`. All of its hour or day counts.',
  }),
  interval: t.field({ type: UsageInterval, required: true, description: 'Hours or days.' }),
}))
