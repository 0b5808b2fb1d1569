import type { VariablesOf } from 'gql.tada'
import { useMemo } from 'react'
import type { EnumOf } from '../../api/graphql.ts'
import { type Address, useAddress } from '../../design/address.ts'
import { isValueOf } from '../../texts/values.ts'
import type { activityQuery } from './events.ts'

/** Which events the trail is asked for. */
export type ActivityFilter = NonNullable<VariablesOf<typeof activityQuery>['filter']>

/** Periods up to now, by their name in the address. */
export const periods = { hour: 1, day: 24, week: 168, month: 720, quarter: 2160 } as const

/** A period of the filter: one of {@link periods}, from and to moments of its own, or all. */
export type Period = keyof typeof periods | 'own' | 'all'

const hourMs = 3_600_000

/** The period that the address asks for. */
export function periodIn({ get }: Address): Period {
  const name = get('period')
  if (name !== null && Object.hasOwn(periods, name)) return name as keyof typeof periods
  return get('from') === null && get('to') === null ? 'all' : 'own'
}

/** All periods that can be chosen, in their order. */
export const periodNames = [
  'all',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'own',
] as const satisfies Period[]

/** Everything that the filter has in the address, and what depends on it, without its value. */
export const noFilter = Object.fromEntries(
  [
    ...['actor', 'action', 'outcome', 'key', 'version', 'label', 'context'],
    ...['period', 'from', 'to', 'at', 'after', 'before'],
  ].map((name) => [name, null]),
)

/** Parameters to remove where the filter changes: the page, and the moment up to which it goes. */
export const anew = { at: null, after: null, before: null } as const

/**
 * The filter that the address asks for. A period ends at the moment `at`: that of the first page, so that its cursors stay
 * valid on the others.
 */
export function useActivityFilter(keyId: string | undefined): { filter: ActivityFilter; at: string } {
  const address = useAddress()
  const chosen = periodIn(address)
  const pinned = momentIn(address.get('at'))
  // Another period ends at another moment.
  const { period, at } = useMemo(
    () => ({ period: chosen, at: pinned ?? new Date().toISOString() }),
    [pinned, chosen],
  )
  const text = JSON.stringify(filterIn(address, { keyId, period, at }))
  return useMemo(() => ({ filter: JSON.parse(text) as ActivityFilter, at }), [text, at])
}

function filterIn(
  { get, getAll }: Address,
  { keyId, period, at }: { readonly keyId: string | undefined; readonly period: Period; readonly at: string },
): ActivityFilter {
  const key = keyId ?? get('key')
  const number = Number(get('version'))
  const actions = known('AuditAction', getAll('action'))
  const outcomes = known('AuditOutcome', getAll('outcome'))
  const actor = get('actor')
  const labels = getAll('label').map(readPair)
  const context = getAll('context').map(readPair)
  const from =
    period in periods
      ? new Date(Date.parse(at) - periods[period as keyof typeof periods] * hourMs).toISOString()
      : momentIn(get('from'))
  const to = period === 'own' ? momentIn(get('to')) : null
  return {
    ...(key !== null && (number > 0 ? { version: { key, number } } : { key })),
    ...(actions.length > 0 && { action: actions }),
    ...(outcomes.length > 0 && { outcome: outcomes }),
    ...(actor !== null && { actor: subjectOf(actor) }),
    ...(labels.length > 0 && {
      labels: labels.map(({ name, value }) => (value === null ? { name } : { name, value })),
    }),
    ...(context.length > 0 && { context: context.map(({ name, value }) => ({ name, value: value ?? '' })) }),
    ...(from !== null && { from }),
    ...(to !== null && { to }),
  }
}

/** A subject as people type it: without a kind, a user. */
const subjectOf = (text: string) => (text.includes(':') ? text : `user:${text}`)

/** The two parts of `name=value`; without `=`, any value. */
function readPair(text: string): { readonly name: string; readonly value: string | null } {
  const at = text.indexOf('=')
  return at === -1
    ? { name: text.trim(), value: null }
    : { name: text.slice(0, at).trim(), value: text.slice(at + 1).trim() }
}

/** Leaves out what the schema does not know: an address may be old or mistyped. */
function known<Name extends 'AuditAction' | 'AuditOutcome'>(
  name: Name,
  values: readonly string[],
): EnumOf<Name>[] {
  return values.filter((value) => isValueOf(name, value))
}

function momentIn(text: string | null): string | null {
  const moment = new Date(text ?? '')
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString()
}
