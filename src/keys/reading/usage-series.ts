import { hourlyUsageDays, sourceAction } from '../../audit/write/roll-up.ts'
import { dayMs, hourMs } from '../../clock.ts'
import { parseId } from '../../ids.ts'
import {
  findProjectSeries,
  findVersionSeries,
  type SeriesQuery,
  type UsagePointRow,
} from '../../store/audit/usage-series.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { readMany } from '../parts/request.ts'
import { auditReaderOf, canReadAudit } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { databaseTime, InputIssues, requireInput } from '../rules/input.ts'
import { checkLabelConditions, type LabelCondition } from '../rules/labels.ts'
import { findFilteredKey, givenLabels, requireAuditReader } from './audit-events.ts'
import { type KeyVersionView, type UsagePointView, type UsageSeriesView, versionOperations } from './views.ts'

/** Longest series by hour, in days. */
export const hourlySpanDaysMax = 31
/** Longest series by day, in days: three years. */
export const dailySpanDaysMax = 1096
/** Most points of one series: each operation in each hour, when the first and the last one are not whole. */
export const seriesPointsMax = (dailySpanDaysMax + 1) * versionOperations.length
/** Most points of all series of one request, which can ask for many. */
const requestPointsMax = 50_000
/** Points that requests have read. */
const pointsRead = new WeakMap<RequestContext, number>()

/** Time that a series covers. */
export interface SeriesRange {
  readonly from: Date
  readonly to: Date
  readonly interval: UsageSeriesView['interval']
}

/** Filter of the series of a project; all conditions must hold. */
export interface UsageSeriesFilterInput {
  /** ID, or name or alias of a live key. */
  readonly key?: string | null | undefined
  /** That the key has now. */
  readonly labels?: readonly LabelCondition[] | null | undefined
  readonly operation?: readonly UsagePointView['operation'][] | null | undefined
}

/**
 * Use over time of each of several versions, in one statement. Null for versions whose audit trail the caller may not
 * read: refused attempts are known from the trail alone.
 */
export async function versionUsageSeries(
  parts: Dependencies,
  call: RequestContext,
  versions: readonly KeyVersionView[],
  range: SeriesRange,
): Promise<(UsageSeriesView | null)[]> {
  const query = seriesQuery(parts, range, versionOperations)
  const places = versions.map((version) =>
    canReadAudit(call.caller, version.accessFacts) ? placeOf(version) : null,
  )
  const wanted = new Map(places.flatMap((place) => (place === null ? [] : [[nameOf(place), place]])))
  if (wanted.size === 0) return versions.map(() => null)
  const rows = await findVersionSeries(parts.store.db, {
    ...query,
    versions: [...wanted.values()],
    max: requestPointsMax,
  })
  countPoints(call, rows)
  const groups = Map.groupBy(rows, ({ keyId, versionNumber: number }) => nameOf({ keyId, number }))
  return places.map((place) => (place === null ? null : seriesOf(query, groups.get(nameOf(place)) ?? [])))
}

/**
 * Use over time of the keys of the caller's project, together: of those whose audit events the caller reads. Others add
 * nothing. Without a role for the trail, a caller may ask for a key of its own.
 */
export async function projectUsageSeries(
  parts: Dependencies,
  call: RequestContext,
  range: SeriesRange,
  filter: UsageSeriesFilterInput,
): Promise<UsageSeriesView> {
  const key = await findFilteredKey(parts, call, filter)
  await requireAuditReader(parts, call, key)
  const query = seriesQuery(parts, range, filter.operation ?? versionOperations, filter.labels)
  const rows = await readMany(parts, call, () =>
    findProjectSeries(parts.store.db, {
      ...query,
      projectId: call.caller.projectId,
      visibleTo: auditReaderOf(call.caller, parts.clock.now()),
      key,
      labels: givenLabels(filter.labels),
    }),
  )
  countPoints(call, rows)
  return seriesOf(query, rows)
}

/** Throws InputValidationError once the series of a request have too many points together. */
function countPoints(call: RequestContext, rows: readonly UsagePointRow[]): void {
  const points = (pointsRead.get(call) ?? 0) + rows.length
  pointsRead.set(call, points)
  requireInput(
    points <= requestPointsMax,
    'to',
    `asks for too much: the series of one request have at most ${requestPointsMax} points together; ask for fewer versions, a shorter time, or interval DAY`,
  )
}

/** Checks the time that a series covers, and widens it to whole hours or days. */
function seriesQuery(
  parts: Dependencies,
  { from, to, interval }: SeriesRange,
  actions: readonly string[],
  labels: UsageSeriesFilterInput['labels'] = [],
): SeriesQuery {
  const issues = new InputIssues()
  checkLabelConditions(issues, labels ?? [], 'filter.labels')
  issues.require(from < to, 'to', 'must be after from')
  const spanMs = to.getTime() - from.getTime()
  if (interval === 'HOUR') {
    issues.require(
      spanMs <= hourlySpanDaysMax * dayMs,
      'to',
      `must be at most ${hourlySpanDaysMax} days after from with interval HOUR; interval DAY allows ${dailySpanDaysMax} days`,
    )
    issues.require(
      from.getTime() >= parts.clock.now().getTime() - hourlyUsageDays * dayMs,
      'from',
      `must be in the last ${hourlyUsageDays} days with interval HOUR: older operations are counted by day only; ask with interval DAY`,
    )
  } else {
    issues.require(
      spanMs <= dailySpanDaysMax * dayMs,
      'to',
      `must be at most ${dailySpanDaysMax} days after from with interval DAY; ask for each part of a longer time by itself`,
    )
  }
  issues.throwIfAny()
  const unitMs = interval === 'HOUR' ? hourMs : dayMs
  const whole = (time: Date, round: (units: number) => number) =>
    databaseTime(new Date(round(time.getTime() / unitMs) * unitMs))
  return { interval, from: whole(from, Math.floor), to: whole(to, Math.ceil), actions, sourceAction }
}

interface SeriesPlace {
  readonly keyId: string
  readonly number: number
}

function placeOf({ keyId, number }: KeyVersionView): SeriesPlace {
  const id = parseId(keyId)
  if (id === null) throw new TypeError('the key of a version has an ID')
  return { keyId: id.uuid, number }
}

function nameOf({ keyId, number }: SeriesPlace): string {
  return `${keyId} ${number}`
}

function seriesOf({ interval, from, to }: SeriesQuery, rows: readonly UsagePointRow[]): UsageSeriesView {
  return {
    interval,
    from,
    to,
    points: rows.map(({ start, action, succeeded, denied, failed }) => ({
      start,
      // No other actions were asked for.
      operation: action as UsagePointView['operation'],
      succeeded,
      denied,
      failed,
    })),
  }
}
