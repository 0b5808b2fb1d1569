import { formatId } from '../../ids.ts'
import { findDeletedKeys, findKeys } from '../../store/rows/key-rows.ts'
import type { ChangeSummary } from '../parts/change-hub.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { requireRoleFor } from '../parts/request.ts'
import { isAuthenticDeletedKey, viewsOfRows } from '../reading/verified-rows.ts'
import type { UserKeyView } from '../reading/views.ts'
import { factsOfDeleted, visibilityOf } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { createStream, type Stream, type UserKeysEventView } from './stream.ts'

/** Maximum of keys that one event names. If more have changed, the client must list them again. */
export const changedKeysMax = 100

/** Changed, new and deleted user keys of the project, as far as the caller may know of them. */
export async function userKeysChanged(
  parts: Dependencies,
  call: RequestContext,
): Promise<Stream<UserKeysEventView>> {
  requireRoleFor(call, 'VIEW')
  const watch = parts.changes.watch(call.caller, null)
  return createStream(call, watch, async (batch) => {
    if (batch?.kind !== 'changed') return { event: listAgain(parts) }
    const { changedKeys, goneKeyIds } = await lookUp(parts, call, batch.keys)
    const named = changedKeys.length + goneKeyIds.length
    if (named === 0) return { event: null }
    if (named > changedKeysMax) return { event: listAgain(parts) }
    return { event: { changedKeys, goneKeyIds, listAgain: false, at: parts.clock.now() } }
  })
}

function listAgain({ clock }: Dependencies): UserKeysEventView {
  return { changedKeys: [], goneKeyIds: [], listAgain: true, at: clock.now() }
}

/** Changed keys that the caller may know of, in a constant number of statements. */
async function lookUp(
  parts: Dependencies,
  call: RequestContext,
  announced: ReadonlyMap<string, ChangeSummary>,
): Promise<Pick<UserKeysEventView, 'changedKeys' | 'goneKeyIds'>> {
  const { projectId } = call.caller
  const { db } = parts.store
  const ids = [...announced.keys()]
  // Live keys first, so that a key that is deleted in between is found among the deleted ones.
  const live = await findKeys(db, { projectId, ids, redactedIds: [] })
  const deleted = new Map((await findDeletedKeys(db, { projectId, ids })).map((row) => [row.id, row]))
  const views = await viewsOfRows(parts, call, live)
  const changedKeys: UserKeyView[] = []
  const goneKeyIds: string[] = []
  for (const row of live) {
    const { isShown, isLost } = announced.get(row.id) ?? { isShown: false, isLost: false }
    const view = views.get(row.id)
    if (row.kind !== 'USER' || deleted.has(row.id)) continue
    // Changes of hidden fields stay hidden.
    if (view?.kind === 'USER' && (view.access === 'full' || isShown || isLost)) changedKeys.push(view)
    // The client knew the key by its real ID. For a service agent a key exists only while the agent is on the list.
    if (view?.access !== 'full' && isLost) goneKeyIds.push(formatId('userKey', row.id))
  }
  for (const row of deleted.values()) {
    if (!isAuthenticDeletedKey(parts, row)) continue
    const visibility = visibilityOf(call.caller, factsOfDeleted(row, parts.clock.now()))
    if (visibility === 'full') goneKeyIds.push(formatId('userKey', row.id))
    if (visibility === 'redacted') goneKeyIds.push(formatId('redactedKey', row.redactedId))
  }
  return { changedKeys, goneKeyIds }
}
