import { useMemo } from 'react'
import { useTranslations } from 'use-intl'
import { TimeChart } from '../../design/time-chart.tsx'
import { useValueText } from '../../texts/values.ts'
import { byOperation, byOutcome, timesOf, type Usage } from './series.ts'

/** Operations over time, by their kind or by how they ended. */
export function UsageChart(props: {
  readonly usage: Usage
  readonly by?: 'operation' | 'outcome'
  readonly height?: number
}) {
  const t = useTranslations('usage')
  const valueText = useValueText()
  const { usage, by = 'operation' } = props
  const times = useMemo(() => timesOf(usage), [usage])
  const series = useMemo(
    () =>
      by === 'operation'
        ? byOperation(usage, {
            operation: (operation) => valueText('VersionOperation', operation),
            others: t('others'),
            refused: t('refused'),
          })
        : byOutcome(usage, (outcome) => valueText('AuditOutcome', outcome)),
    [usage, by, t, valueText],
  )
  return (
    <TimeChart
      label={t('chart')}
      interval={usage.interval}
      times={times}
      series={series}
      {...(props.height !== undefined && { height: props.height })}
    />
  )
}
