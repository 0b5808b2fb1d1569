import { useMemo } from 'react'
import type { EnumOf } from '../../../api/graphql.ts'
import { type Address, useAddress } from '../../../design/address.ts'

/** Days of each period, by its name in the address. */
const daysOf = { day: 1, week: 7, month: 30, quarter: 90, year: 365 } as const

/** Name of a period. */
export type PeriodName = keyof typeof daysOf

/** The periods that can be chosen, in their order. */
export const periodNames = [
  'day',
  'week',
  'month',
  'quarter',
  'year',
] as const satisfies readonly PeriodName[]

/** What the chart shows. */
export interface Period {
  readonly name: PeriodName
  readonly days: number
  readonly interval: EnumOf<'UsageInterval'>
  /** Parts in their order: a series of hours has at most 31 days. */
  readonly parts: readonly { readonly from: string; readonly to: string }[]
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const mostHourDays = 30

/** True if a chart of the period can have hours. */
export const hasHours = (name: PeriodName): boolean => daysOf[name] <= 90

/** The period that the address asks for, up to the moment at which it was chosen. */
export function usePeriod(): Period {
  const address = useAddress()
  const name = periodIn(address)
  const interval = intervalIn(address, name)
  return useMemo(() => {
    const days = daysOf[name]
    const step = interval === 'HOUR' ? hourMs : dayMs
    // Whole hours or days, so that none is in two parts.
    const end = Math.ceil(Date.now() / step) * step
    const start = end - days * dayMs
    const length = (interval === 'HOUR' ? mostHourDays : days) * dayMs
    const parts = Array.from({ length: Math.ceil(days / (length / dayMs)) }, (_, index) => ({
      from: new Date(start + index * length).toISOString(),
      to: new Date(Math.min(end, start + (index + 1) * length)).toISOString(),
    }))
    return { name, days, interval, parts }
  }, [name, interval])
}

function periodIn({ get }: Address): PeriodName {
  const name = get('period')
  return periodNames.find((each) => each === name) ?? 'month'
}

function intervalIn({ get }: Address, name: PeriodName): Period['interval'] {
  if (!hasHours(name)) return 'DAY'
  if (name === 'day') return 'HOUR'
  return get('interval') === 'hour' ? 'HOUR' : 'DAY'
}
