import { Temporal } from 'temporal-polyfill'

/** A day of the calendar, `YYYY-MM-DD`; compares by text as it does by time. */
export type CalendarDay = string

/** The day that it is in a time zone at a moment. */
export function dayAt(moment: Date, timeZone: string): CalendarDay {
  return Temporal.Instant.fromEpochMilliseconds(moment.getTime())
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString()
}

/** The day some days later. */
export function addDays(day: CalendarDay, days: number): CalendarDay {
  return Temporal.PlainDate.from(day).add({ days }).toString()
}

/** The first instant of a day in a time zone, which is not 00:00 where the clocks skip midnight. */
export function startOfDay(day: CalendarDay, timeZone: string): Date {
  return new Date(Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds)
}
