import { formatId } from '../../ids.ts'
import { findDeletedKeys, findKeys } from '../../store/rows/key-rows.ts'
import type { Announced } from '../parts/change-hub.ts'
import type { DomainParts } from '../parts/parts.ts'
import { isAuthenticDeletedKey, viewsOfRows } from '../reading/verified-rows.ts'
import type { UserKeyView } from '../reading/views.ts'
import { requireRoleFor } from '../requests/authorise.ts'
import { visibilityOf } from '../rules/access.ts'
import type { Call } from '../rules/caller.ts'
import { createStream } from './stream.ts'
import type { Stream, UserKeysEventView } from './subscriptions.ts'

/** Most keys that one event names; where there are more, the client lists them again. */
export const changedKeysMax = 100

/** Which user keys of the project change, or come and go, as far as the caller may know of it. */
export async function userKeysChanged(parts: DomainParts, call: Call): Promise<Stream<UserKeysEventView>> {
  requireRoleFor(call, 'VIEW')
  const watch = parts.changes.watch(call.caller, null)
  return createStream(watch, async (news) => {
    if (news?.kind !== 'changed') return { event: listAgain(parts) }
    const { changedKeys, goneKeyIds } = await lookUp(parts, call, news.keys)
    const named = changedKeys.length + goneKeyIds.length
    if (named === 0) return { event: null }
    if (named > changedKeysMax) return { event: listAgain(parts) }
    return { event: { changedKeys, goneKeyIds, listAgain: false, at: parts.clock.now() } }
  })
}

function listAgain({ clock }: DomainParts): UserKeysEventView {
  return { changedKeys: [], goneKeyIds: [], listAgain: true, at: clock.now() }
}

/** The keys that the caller may know to have changed, in a constant number of statements. */
async function lookUp(
  parts: DomainParts,
  call: Call,
  announced: ReadonlyMap<string, Announced>,
): Promise<Pick<UserKeysEventView, 'changedKeys' | 'goneKeyIds'>> {
  const { projectId } = call.caller
  const { db } = parts.store
  const ids = [...announced.keys()]
  // In this order, so that a key that is deleted in between is found in one of the two places.
  const live = await findKeys(db, { projectId, ids, redactedIds: [] })
  const deleted = new Map((await findDeletedKeys(db, { projectId, ids })).map((row) => [row.id, row]))
  const views = await viewsOfRows(parts, call, live)
  const changedKeys: UserKeyView[] = []
  const goneKeyIds: string[] = []
  for (const row of live) {
    const { isShown, isLost } = announced.get(row.id) ?? { isShown: false, isLost: false }
    const view = views.get(row.id)
    if (row.kind !== 'USER' || deleted.has(row.id)) continue
    // A change of what is hidden from the caller is hidden, too.
    if (view?.kind === 'USER' && (view.access === 'full' || isShown || isLost)) changedKeys.push(view)
    // A service's agent knows of a key only while it is on the list.
    if (view === undefined && isLost) goneKeyIds.push(formatId('userKey', row.id))
  }
  for (const row of deleted.values()) {
    if (!isAuthenticDeletedKey(parts, row)) continue
    const visibility = visibilityOf(call.caller, { ...row, kind: 'USER' })
    if (visibility === 'full') goneKeyIds.push(formatId('userKey', row.id))
    if (visibility === 'redacted') goneKeyIds.push(formatId('redactedKey', row.redactedId))
  }
  return { changedKeys, goneKeyIds }
}
