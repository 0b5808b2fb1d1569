import type { FaultRow } from './report.ts'

const heads = ['fault', 'rounds', 'acknowledged', 'lost', 'recovered in'] as const

/** The rows as a table for people, with the numbers to the right. */
export function tableOf(rows: readonly FaultRow[]): string {
  const lines = [
    [...heads],
    ...rows.map(({ fault, rounds, acknowledged, lost, recoveredInMs }) => [
      fault,
      String(rounds),
      String(acknowledged),
      String(lost),
      describeTimes(recoveredInMs),
    ]),
  ]
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return column >= 1 && column <= 3 ? cell.padStart(width) : cell.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function describeTimes(timesMs: readonly number[]): string {
  const ordered = [...timesMs].sort((a, b) => a - b)
  const [middle, worst] = [ordered[Math.floor(ordered.length / 2)], ordered.at(-1)]
  if (middle === undefined || worst === undefined) return 'never'
  return `median ${Math.round(middle)} ms, worst ${Math.round(worst)} ms`
}
