import { projectUsageSeries } from '../../keys/reading/usage-series.ts'
import { builder } from '../builder.ts'
import { listOptions } from '../list-limits.ts'
import { labelConditionsOptions } from '../types/label.ts'
import { seriesArguments, UsageSeries } from '../types/usage-series.ts'
import { VersionOperation } from '../types/version-caller.ts'

const UsageSeriesFilter = builder.inputType('UsageSeriesFilter', {
  description: 'Filter of the operations that a series counts; all conditions must hold.',
  fields: (t) => ({
    key: t.field({
      type: 'KeyRef',
      description:
        'With the key of this ID, deleted or not, or the live key with this name or alias. What names a redacted key finds nothing.',
    }),
    labels: t.field(
      labelConditionsOptions('With live keys that have all of these labels now; redacted keys match none.'),
    ),
    operation: t.field({
      type: [VersionOperation],
      ...listOptions('ONE_FOR_EACH_VALUE', 'Of these kinds.'),
    }),
  }),
})

builder.queryField('usageSeries', (t) =>
  t.field({
    type: UsageSeries,
    nullable: true,
    description:
      "Operations with all keys of the caller's project, by hour or day. They are counted from the audit trail, so the series needs what `auditEvents` needs: a role that gives READ_AUDIT, or the ownership of the key that the filter names. Operations with keys that are redacted for the caller do not count.",
    authScopes: { permission: 'VIEW' },
    args: {
      ...seriesArguments,
      filter: t.arg({ type: UsageSeriesFilter, description: 'The filter; all operations without it.' }),
    },
    resolve: (_root, { filter, ...range }, { parts, call }) =>
      projectUsageSeries(parts, call, range, filter ?? {}),
  }),
)
