import { dayMs } from '../../clock.ts'
import { findKeys } from '../../store/rows/key-rows.ts'
import {
  countUpcoming,
  findUpcoming,
  type UpcomingBound,
  type UpcomingQuery,
  type UpcomingRow,
} from '../../store/rows/upcoming-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { readMany, requireRoleFor } from '../parts/request.ts'
import { viewerOf } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { requireInput } from '../rules/input.ts'
import { dayAt, startOfDay } from '../rules/lifecycle.ts'
import {
  type CursorList,
  type CursorValues,
  makePage,
  type Page,
  type PageArguments,
  planPage,
} from './pages.ts'
import { viewsOfRows } from './verified-rows.ts'
import { versionsByNumber } from './version-pages.ts'
import type { FullKeyView, KeyVersionView } from './views.ts'

/** A rotation or destruction that is due, of a key that the caller sees in full. */
export interface UpcomingEventView {
  readonly kind: 'ROTATION' | 'DESTRUCTION'
  readonly at: Date
  readonly key: FullKeyView
  /** The version to destroy; null for a rotation, which makes one. */
  readonly version: KeyVersionView | null
}

/** Days ahead that can be asked for: no rotation is due later, but in a zone whose day begins later. */
export const upcomingDaysMax = 1100

/** An event, and its place in their order: by moment, rotations before destructions, by name and number. */
interface Event extends UpcomingRow {
  readonly moment: Date
}

/** Rotations and destructions that are due for the keys of the caller's project, in order of time. */
export async function upcomingEvents(
  parts: Dependencies,
  call: RequestContext,
  until: Date,
  page: PageArguments,
): Promise<Page<UpcomingEventView>> {
  requireRoleFor(call, 'VIEW')
  const { clock, settings, store } = parts
  const now = clock.certainNow()
  const aheadMs = until.getTime() - now.getTime()
  requireInput(
    aheadMs > 0 && aheadMs <= upcomingDaysMax * dayMs,
    'until',
    `must be in the future, at most ${upcomingDaysMax} days ahead`,
  )
  const { caller } = call
  const viewer = viewerOf(caller, clock.now())
  const list: CursorList = {
    key: parts.cursorMac,
    // Not of the moment: `until` moves on with the pages of a client that asks for "the next week".
    name: JSON.stringify(['upcoming', caller.projectId, { ...viewer, now: null }]),
  }
  const zone = settings.rotationTimeZone
  const query: UpcomingQuery = {
    projectId: caller.projectId,
    viewer,
    rotationsUntil: dayAt(until, zone),
    destructions: { now, until },
  }
  const plan = planPage(page, list)
  const rows = await findUpcoming(store.db, query, {
    bounds: [...boundOf('after', plan.after, zone), ...boundOf('before', plan.before, zone)],
    forward: plan.forward,
    max: plan.size + 1,
  })
  const events = rows
    .map((row): Event => ({ ...row, moment: row.at ?? startOfDay(row.day ?? '', zone) }))
    .sort((one, other) => (plan.forward ? compareEvents(one, other) : compareEvents(other, one)))
    .slice(0, plan.size + 1)
  const views = await viewsOfEvents(parts, call, events.slice(0, plan.size))
  return makePage(events, plan, list, {
    cursorValuesOf: ({ moment, name, number }) => [moment.getTime(), name, number],
    itemOf: (event) => views.get(event) ?? null,
    totalCount: () => readMany(parts, call, () => countUpcoming(store.db, query)),
  })
}

function compareEvents(one: Event, other: Event): number {
  const byKind = Number(one.number !== null) - Number(other.number !== null)
  const byName = Number(one.name > other.name) - Number(one.name < other.name)
  const byNumber = (one.number ?? 0) - (other.number ?? 0)
  return one.moment.getTime() - other.moment.getTime() || byKind || byName || byNumber
}

function boundOf(side: UpcomingBound['side'], values: CursorValues | null, zone: string): UpcomingBound[] {
  if (values === null) return []
  const [time, name, number = null] = values
  const at = new Date(Number(time))
  return [
    {
      side,
      at,
      day: dayAt(at, zone),
      name: String(name),
      number: number === null ? null : Number(number),
    },
  ]
}

/** Views of the events whose rows verify, and are still as they were found. */
async function viewsOfEvents(
  parts: Dependencies,
  call: RequestContext,
  events: readonly Event[],
): Promise<Map<Event, UpcomingEventView>> {
  const ids = [...new Set(events.map(({ keyId }) => keyId))]
  const rows = await findKeys(parts.store.db, { projectId: call.caller.projectId, ids, redactedIds: [] })
  const keys = await viewsOfRows(parts, call, rows)
  const found = events.flatMap((event) => {
    const key = keys.get(event.keyId)
    return key?.access === 'full' ? [{ event, key }] : []
  })
  const versions = await versionsByNumber(
    parts,
    call,
    found.flatMap(({ event: { number }, key }) => (number === null ? [] : [{ key, number }])),
  )
  const byPlace = new Map(versions.map((version) => [`${version?.keyId} ${version?.number}`, version]))
  return new Map(
    found.flatMap(({ event, key }): [Event, UpcomingEventView][] => {
      const { moment: at, number } = event
      if (number === null)
        return isSame(key.nextRotationAt, at) ? [[event, { kind: 'ROTATION', at, key, version: null }]] : []
      const version = byPlace.get(`${key.id} ${number}`) ?? null
      return version !== null && isSame(version.destroyScheduledFor, at)
        ? [[event, { kind: 'DESTRUCTION', at, key, version }]]
        : []
    }),
  )
}

function isSame(one: Date | null, other: Date): boolean {
  return one?.getTime() === other.getTime()
}
