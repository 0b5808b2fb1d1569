import { sourceAction } from '../../audit/write/roll-up.ts'
import { dayMs } from '../../clock.ts'
import { parseId } from '../../ids.ts'
import {
  findStartOfRecords,
  findVersionCallers,
  type VersionCallerRow,
} from '../../store/audit/version-callers.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import type { VersionReference } from '../parts/key-references.ts'
import { requireRoleFor } from '../parts/request.ts'
import { canReadAudit, permissionsOn } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { ForbiddenError } from '../rules/errors.ts'
import { requireInput } from '../rules/input.ts'
import { describeImpact, verdictOf } from './impact-verdict.ts'
import { versionOfKey } from './nodes.ts'
import {
  type DestroyImpactView,
  type KeyVersionView,
  type VersionCallerView,
  versionOperations,
} from './views.ts'

/** Maximum of days back. */
const daysMax = 366
/** Days back that the impact of a destruction is judged by. */
const impactDays = 30
/** Maximum of callers that are listed for one version, most used first. */
export const callersMax = 200

/**
 * Callers of each of several versions, today (UTC) and the given days before, in one statement. Null for versions whose
 * audit trail the caller may not read.
 */
export async function usageByCaller(
  parts: Dependencies,
  call: RequestContext,
  versions: readonly KeyVersionView[],
  days: number,
): Promise<(readonly VersionCallerView[] | null)[]> {
  requireInput(Number.isInteger(days) && days >= 1 && days <= daysMax, 'days', `must be 1 to ${daysMax}`)
  const shown = versions.filter(({ accessFacts }) => canReadAudit(call.caller, accessFacts))
  if (shown.length === 0) return versions.map(() => null)
  const found = await callersOf(parts, shown, startOfWindow(parts, days))
  const isShown = new Set(shown)
  return versions.map((version) =>
    isShown.has(version) ? (found.get(version) ?? []).slice(0, callersMax).map(callerView) : null,
  )
}

/**
 * Impact of destroying a version; null for what names no version that the caller sees.
 *
 * @throws ForbiddenError for a caller that sees the version but may not manage its key
 */
export async function destroyImpact(
  parts: Dependencies,
  call: RequestContext,
  reference: VersionReference,
): Promise<DestroyImpactView | null> {
  requireRoleFor(call, 'MANAGE', 'MANAGE_OWN')
  const version = await versionOfKey(parts, call, reference)
  if (version === null) return null
  if (!permissionsOn(call.caller, version.accessFacts).includes('MANAGE')) throw new ForbiddenError()
  const now = parts.clock.now()
  const since = startOfWindow(parts, impactDays)
  const rows = (await callersOf(parts, [version], since)).get(version) ?? []
  const started = (await findStartOfRecords(parts.store.db)) ?? now
  const { createdAt, keyRestoredAt } = version
  // Uses between a backup and its restore are not on record.
  const recordsSince = latestOf(started, createdAt, keyRestoredAt ?? createdAt)
  const isWholeLife = recordsSince.getTime() === createdAt.getTime()
  const use = {
    callers: rows.map(callerView),
    destroyed: version.status === 'DESTROYED',
    // Managers of a key do not always have the audit permission that naming callers needs.
    namesCallers: canReadAudit(call.caller, version.accessFacts),
    covered: recordsSince.getTime() <= now.getTime() - impactDays * dayMs,
    neverUsed: isWholeLife && rows.length === 0 && !(await wasUsedBefore(parts, version, since)),
    recordsSince,
    days: impactDays,
    now,
  }
  return {
    version,
    verdict: verdictOf(use),
    summary: describeImpact(use),
    since,
    recordsSince,
    operations: rows.reduce((sum, { succeeded }) => sum + succeeded, 0),
    failedOperations: rows.reduce((sum, { refused }) => sum + refused, 0),
    callers: use.namesCallers ? use.callers.slice(0, callersMax) : null,
  }
}

function latestOf(...dates: readonly Date[]): Date {
  return new Date(Math.max(...dates.map((date) => date.getTime())))
}

/** Checks whether an operation used a version before a day. */
async function wasUsedBefore(parts: Dependencies, version: KeyVersionView, since: Date): Promise<boolean> {
  // The version did not exist before that day.
  if (version.createdAt >= since) return false
  const rows = (await callersOf(parts, [version], version.createdAt)).get(version) ?? []
  return rows.some(({ succeeded }) => succeeded > 0)
}

/** Start of the day (UTC) that many days ago. */
function startOfWindow(parts: Dependencies, days: number): Date {
  const first = new Date(parts.clock.now().getTime() - days * dayMs)
  return new Date(`${first.toISOString().slice(0, 10)}T00:00:00Z`)
}

async function callersOf(
  parts: Dependencies,
  versions: readonly KeyVersionView[],
  since: Date,
): Promise<Map<KeyVersionView, readonly VersionCallerRow[]>> {
  const wanted = new Map(
    versions.map((version) => {
      const keyId = parseId(version.keyId)?.uuid
      if (keyId === undefined) throw new TypeError('the key of a version has an ID')
      return [`${keyId} ${version.number}`, { keyId, publicKeyId: version.keyId, number: version.number }]
    }),
  )
  const rows = await findVersionCallers(parts.store.db, {
    versions: [...wanted.values()],
    actions: versionOperations,
    sourceAction,
    sinceDay: since.toISOString().slice(0, 10),
  })
  const groups = Map.groupBy(rows, ({ keyId, versionNumber }) => `${keyId} ${versionNumber}`)
  return new Map(
    versions.map((version) => [
      version,
      groups.get(`${parseId(version.keyId)?.uuid} ${version.number}`) ?? [],
    ]),
  )
}

function callerView(row: VersionCallerRow): VersionCallerView {
  return {
    caller: row.actor,
    // No other actions were asked for.
    operation: row.action as VersionCallerView['operation'],
    operations: row.succeeded,
    failedOperations: row.refused,
    lastUsedAt: row.lastUsedAt,
    lastFailedAt: row.lastRefusedAt,
  }
}
