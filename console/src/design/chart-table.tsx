import { useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import type { Series } from './chart-canvas.ts'

const mostRows = 100

/** The same numbers for those who cannot see a chart: when something happened, the latest first. */
export function ChartTable(props: {
  readonly label: string
  readonly times: readonly Date[]
  readonly series: readonly Series[]
  readonly timeText: (time: Date) => string
}) {
  const t = useTranslations('common')
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{t('showTable')}</summary>
      {isOpen && <Rows {...props} />}
    </details>
  )
}

function Rows({ label, times, series, timeText }: Parameters<typeof ChartTable>[0]) {
  const t = useTranslations('chart')
  const { number } = useFormatter()
  const rows = times
    .map((time, index) => ({ time, values: series.map(({ values }) => values[index] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0))
    .toReversed()
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className="table-scroll chart-table" tabIndex={0} aria-label={label}>
      <table aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {series.map((each) => (
              <th key={each.label} scope="col">
                {each.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, mostRows).map(({ time, values }) => (
            <tr key={time.getTime()}>
              <th scope="row">{timeText(time)}</th>
              {values.map((value, index) => (
                <td key={series[index]?.label} data-label={series[index]?.label}>
                  {number(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > mostRows && <p className="quiet">{t('newestRows', { count: mostRows })}</p>}
    </section>
  )
}
