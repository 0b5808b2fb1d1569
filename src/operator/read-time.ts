import { UsageError } from '../command-line/command.ts'

const timeForm = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2}))?$/

/**
 * Reads an option that is a time (RFC 3339) or a date, which means 00:00 UTC; null if it is not given.
 *
 * @throws UsageError
 */
export function readTime(name: string, text: string | undefined): Date | null {
  if (text === undefined) return null
  const time = new Date(text)
  // JavaScript reads 30 February as 2 March.
  const day = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  const isDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text.slice(0, 10))
  if (!timeForm.test(text) || !isDay || Number.isNaN(time.getTime())) {
    throw new UsageError(`--${name} needs a time such as 2027-01-31 or 2027-01-31T08:00:00Z.`)
  }
  return time
}
