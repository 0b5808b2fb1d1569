/** Days until which rotations and destructions are shown, and for how long a key is not used before it is mentioned. */
export const days = { soon: 7, unused: 90, chart: 30 } as const

const dayMs = 86_400_000

/** The moments that the dashboard asks about. */
export interface Moments {
  readonly today: string
  readonly soon: string
  readonly unusedSince: string
  readonly from: string
  readonly to: string
}

/** Moments around now. Days begin in the viewer's zone, as those of the list's filters do; those of the chart in UTC. */
export function momentsAt(now: Date): Moments {
  const end = Math.ceil(now.getTime() / dayMs) * dayMs
  return {
    today: startOfDay(now, 0).toISOString(),
    soon: startOfDay(now, days.soon + 1).toISOString(),
    unusedSince: startOfDay(now, -days.unused).toISOString(),
    from: new Date(end - days.chart * dayMs).toISOString(),
    to: new Date(end).toISOString(),
  }
}

/** Dates of the list's filters that find what the moments count: the last day on which something is due, and the like. */
export const datesAt = (now: Date) => ({
  yesterday: dateOf(startOfDay(now, -1)),
  soon: dateOf(startOfDay(now, days.soon)),
  unusedSince: dateOf(startOfDay(now, -days.unused)),
})

const startOfDay = (now: Date, later: number) =>
  new Date(now.getFullYear(), now.getMonth(), now.getDate() + later)

/** A day as `2026-11-30`, in the viewer's zone. */
const dateOf = (day: Date) =>
  [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-')
