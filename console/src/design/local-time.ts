/** A moment as a control for local time has it; empty for none. */
export function localTime(moment: string | null): string {
  if (moment === null) return ''
  const date = new Date(moment)
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 16)
}

/**
 * The moment that a control for local time has; null for none. It knows minutes only: where it shows the moment from
 * before, that one stays, to the second.
 */
export function momentOf(local: string, before: string | null = null): string | null {
  if (local === '') return null
  return before !== null && local === localTime(before) ? before : new Date(local).toISOString()
}
