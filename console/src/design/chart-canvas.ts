import UPlot from 'uplot'

/** A part of a chart: one value for each moment. */
export interface Series {
  readonly label: string
  readonly values: readonly number[]
  /** Name of a colour in the style sheet, where it means something, as `--chart-bad`. */
  readonly colour?: string
}

/** The point below the pointer, and where it is. */
export interface Point {
  readonly index: number
  readonly left: number
  /** In the right half, where there is more room on the left. */
  readonly isLate: boolean
}

/** What is drawn, in the units of the library. */
export interface Drawing {
  /** Starts of the hours or days, in seconds. */
  readonly times: readonly number[]
  /** Values of each part, the lowest part first. */
  readonly parts: readonly (Series & { readonly colour: string })[]
  readonly stepSeconds: number
  /** Days are those of UTC; hours are shown in the viewer's zone. */
  readonly inUtc: boolean
  readonly height: number
  readonly timeText: (seconds: number, stepSeconds: number) => string
  readonly numberText: (value: number) => string
  /** Null where the pointer is elsewhere. */
  readonly onPoint: (point: Point | null) => void
}

/** With more points than this, bars would be thinner than the gaps between them. */
const mostBars = 200

const { bars, stepped } = UPlot.paths

/** Draws parts on top of each other in an element, as wide as it is. The result removes all of it. */
export function drawStacked(element: HTMLElement, drawing: Drawing): () => void {
  const { times, parts, stepSeconds, height, onPoint } = drawing
  const style = getComputedStyle(element)
  const colour = colourReader(element)
  const isDense = times.length > mostBars
  const paths = isDense ? stepped?.({ align: 1 }) : bars?.({ size: [0.8, 48], radius: 0 })
  const axis = {
    stroke: colour('--chart-axis'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour('--chart-grid'), width: 1 },
    ticks: { show: false },
  }
  const chart = new UPlot(
    {
      width: element.clientWidth,
      height,
      ...(drawing.inUtc && { tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') }),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          space: 76,
          values: (_chart, splits, _axis, _space, step) => splits.map((each) => drawing.timeText(each, step)),
        },
        {
          ...axis,
          size: 52,
          incrs: wholeSteps,
          values: (_chart, splits) => splits.map(drawing.numberText),
        },
      ],
      scales: {
        x: {
          range: (_chart, min, max) =>
            isDense ? [min, max + stepSeconds] : [min - stepSeconds / 2, max + stepSeconds / 2],
        },
        y: { range: (_chart, _min, max) => [0, Math.max(1, max * 1.05)] },
      },
      series: [
        {},
        // The highest sum first: each lower one is drawn over it.
        ...parts.toReversed().map((part) => ({
          fill: colour(part.colour),
          stroke: colour(isDense ? part.colour : '--surface'),
          width: isDense ? 0 : 1,
          points: { show: false },
          ...(paths && { paths }),
        })),
      ],
      hooks: {
        setCursor: [
          ({ cursor: { idx, left = -1 }, over }) =>
            onPoint(
              idx == null || left < 0 ? null : { index: idx, left, isLate: left > over.clientWidth / 2 },
            ),
        ],
      },
    },
    [[...times], ...sums(parts, isDense).toReversed()],
    element,
  )
  const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
  observer.observe(element)
  return () => {
    observer.disconnect()
    chart.destroy()
  }
}

/** Gives colours of the style sheet as the canvas takes them: the browser resolves what depends on the theme. */
function colourReader(element: HTMLElement): (name: string) => string {
  return (name) => {
    const probe = document.createElement('i')
    probe.style.color = `var(${name})`
    element.append(probe)
    const { color } = getComputedStyle(probe)
    probe.remove()
    return color
  }
}

/** Each part on top of those below it. A bar without a value is none, so that its edge hides nothing. */
function sums(parts: Drawing['parts'], isDense: boolean): (number | null)[][] {
  let below: readonly number[] = []
  return parts.map(({ values }) => {
    const sum = values.map((value, index) => value + (below[index] ?? 0))
    below = sum
    return sum.map((each, index) => (isDense || values[index] !== 0 ? each : null))
  })
}

/** Distances of lines for counts: there is no half operation. */
const wholeSteps = Array.from({ length: 16 }, (_, power) =>
  [1, 2, 5].map((each) => each * 10 ** power),
).flat()
