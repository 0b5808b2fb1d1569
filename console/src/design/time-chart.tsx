import { useEffect, useMemo, useRef } from 'react'
import UPlot from 'uplot'
import { useFormatter, useTranslations } from 'use-intl'
import 'uplot/dist/uPlot.min.css'

/** A line of a chart: one value for each moment. */
export interface Series {
  readonly label: string
  readonly values: readonly number[]
}

/** Colours of the lines, from the style sheet, in their order. */
const colours = ['--chart-1', '--chart-2', '--chart-3', '--chart-4', '--chart-5', '--chart-6']

/** Numbers over time, as lines and, for those who cannot see them, as a table. */
export function TimeChart(props: {
  readonly label: string
  readonly times: readonly Date[]
  readonly series: readonly Series[]
  readonly height?: number
}) {
  const { label, times, series, height = 220 } = props
  const t = useTranslations('common')
  const place = useRef<HTMLDivElement>(null)
  const data = useMemo<UPlot.AlignedData>(
    () => [times.map((time) => time.getTime() / 1000), ...series.map(({ values }) => [...values])],
    [times, series],
  )
  const labels = series.map((each) => each.label).join('\n')
  useEffect(() => {
    const element = place.current
    if (element === null) return
    const style = getComputedStyle(element)
    const colour = (name: string) => style.getPropertyValue(name).trim()
    const axis = { stroke: colour('--chart-axis'), grid: { stroke: colour('--chart-grid'), width: 1 } }
    const chart = new UPlot(
      {
        width: element.clientWidth,
        height,
        axes: [axis, { ...axis, size: 60 }],
        scales: { y: { range: (_chart, _min, max) => [0, Math.max(1, max)] } },
        series: [
          {},
          ...labels.split('\n').map((each, index) => {
            const stroke = colour(colours[index % colours.length] ?? '--chart-1')
            return { label: each, stroke, width: 2, points: { show: false } }
          }),
        ],
      },
      [[]],
      element,
    )
    chart.setData(data)
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      chart.destroy()
    }
  }, [data, labels, height])
  return (
    <figure className="chart" aria-label={label}>
      <div ref={place} aria-hidden="true" />
      <details>
        <summary>{t('showTable')}</summary>
        <ChartTable {...props} />
      </details>
    </figure>
  )
}

/** The moments at which something happened, the latest first. */
function ChartTable({ label, times, series }: Parameters<typeof TimeChart>[0]) {
  const { dateTime, number } = useFormatter()
  const rows = times
    .map((time, index) => ({ time, values: series.map(({ values }) => values[index] ?? 0) }))
    .filter(({ values }) => values.some((value) => value > 0))
    .toReversed()
    .slice(0, 100)
  return (
    <table className="plain-table" aria-label={label}>
      <tbody>
        {rows.map(({ time, values }) => (
          <tr key={time.getTime()}>
            <th scope="row">{dateTime(time, { dateStyle: 'medium', timeStyle: 'short' })}</th>
            {values.map((value, index) => (
              <td key={series[index]?.label}>
                {series[index]?.label}: {number(value)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}
