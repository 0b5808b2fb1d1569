import { useEffect, useMemo, useRef, useState } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import type { Drawing, Point, Series } from './chart-canvas.ts'
import { ChartTable } from './chart-table.tsx'
import { useThemeChanges } from './theme-changes.ts'
import 'uplot/dist/uPlot.min.css'

export type { Series }

/** Colours of the parts, from the style sheet, in their order. */
const colours = ['--chart-1', '--chart-2', '--chart-3', '--chart-4', '--chart-5', '--chart-6']

const colourOf = ({ colour }: Series, index: number) =>
  colour ?? colours[index % colours.length] ?? '--chart-1'

const stepSeconds = { HOUR: 3600, DAY: 86_400 } as const

/**
 * Numbers over time: parts on top of each other, with their values below the pointer, and as a table for those who cannot
 * see them. A part can be left out by its name. Hours are shown in the viewer's zone; days are those of UTC.
 */
export function TimeChart(props: {
  readonly label: string
  readonly interval: keyof typeof stepSeconds
  readonly times: readonly Date[]
  readonly series: readonly Series[]
  readonly height?: number
}) {
  const { label, interval, times, series, height = 240 } = props
  const { dateTime, number } = useFormatter()
  const place = useRef<HTMLDivElement>(null)
  const theme = useThemeChanges()
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [point, setPoint] = useState<Point | null>(null)
  const coloured = useMemo(
    () => series.map((each, index) => ({ ...each, colour: colourOf(each, index) })),
    [series],
  )
  const shown = useMemo(() => coloured.filter((each) => !hidden.has(each.label)), [coloured, hidden])
  const inUtc = interval === 'DAY'
  const zone = inUtc ? ({ timeZone: 'UTC' } as const) : {}

  // biome-ignore lint/correctness/useExhaustiveDependencies: colours and texts depend on the theme and the language.
  useEffect(() => {
    if (place.current === null) return
    return drawLater(place.current, {
      times: times.map((time) => time.getTime() / 1000),
      parts: shown,
      stepSeconds: stepSeconds[interval],
      inUtc,
      height,
      timeText(seconds, step) {
        const time = new Date(seconds * 1000)
        if (step > 27 * stepSeconds.DAY) return dateTime(time, { year: 'numeric', month: 'short', ...zone })
        const isMidnight = time.getHours() === 0 && time.getMinutes() === 0
        return step >= stepSeconds.DAY || isMidnight
          ? dateTime(time, { month: 'short', day: 'numeric', ...zone })
          : dateTime(time, { hour: 'numeric', minute: '2-digit' })
      },
      numberText: (value) => number(value, { notation: 'compact' }),
      onPoint: setPoint,
    })
  }, [times, shown, interval, height, theme, dateTime])

  const timeText = (time: Date) =>
    dateTime(time, inUtc ? { dateStyle: 'full', ...zone } : { dateStyle: 'medium', timeStyle: 'short' })
  function toggle(name: string) {
    const next = new Set(hidden)
    if (!next.delete(name)) next.add(name)
    setHidden(next)
  }
  const time = point && times[point.index]
  return (
    <figure className="chart" aria-label={label}>
      <Legend series={coloured} hidden={hidden} onToggle={toggle} />
      <div className="chart-place" aria-hidden="true">
        <div ref={place} style={{ minHeight: height }} />
        {point && time && <Values point={point} title={timeText(time)} series={shown} />}
      </div>
      <ChartTable label={label} times={times} series={series} timeText={timeText} />
    </figure>
  )
}

/** Draws as soon as the library is there, which only pages with a chart load. */
function drawLater(element: HTMLElement, drawing: Drawing): () => void {
  let isWanted = true
  let erase = () => {}
  void import('./chart-canvas.ts').then(({ drawStacked }) => {
    if (isWanted) erase = drawStacked(element, drawing)
  })
  return () => {
    isWanted = false
    erase()
  }
}

type Coloured = readonly (Series & { readonly colour: string })[]

/** What each colour stands for, and how much it is in all. */
function Legend(props: {
  readonly series: Coloured
  readonly hidden: ReadonlySet<string>
  readonly onToggle: (label: string) => void
}) {
  const t = useTranslations('chart')
  const { number } = useFormatter()
  return (
    <ul className="legend" aria-label={t('legend')}>
      {props.series.map(({ label, values, colour }) => (
        <li key={label}>
          <button
            type="button"
            className="button"
            aria-pressed={!props.hidden.has(label)}
            onClick={() => props.onToggle(label)}
          >
            <Swatch colour={colour} /> {label}{' '}
            <strong>{number(values.reduce((sum, value) => sum + value, 0))}</strong>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** The values below the pointer, on the side where there is more room. */
function Values(props: { readonly point: Point; readonly title: string; readonly series: Coloured }) {
  const t = useTranslations('chart')
  const { number } = useFormatter()
  const { index, left, isLate } = props.point
  const values = props.series
    .map(({ label, colour, values: all }) => ({ label, colour, value: all[index] ?? 0 }))
    .filter(({ value }) => value > 0)
    .toReversed()
  const total = values.reduce((sum, { value }) => sum + value, 0)
  return (
    <div className="chart-values" style={{ left: `calc(52px + ${left}px)` }} data-late={isLate || undefined}>
      <strong>{props.title}</strong>
      {values.map(({ label, colour, value }) => (
        <span key={label}>
          <Swatch colour={colour} /> {label} <b>{number(value)}</b>
        </span>
      ))}
      {values.length !== 1 && (
        <span>
          {t('total')} <b>{number(total)}</b>
        </span>
      )}
    </div>
  )
}

const Swatch = ({ colour }: { readonly colour: string }) => (
  <i className="swatch" style={{ background: `var(${colour})` }} />
)
