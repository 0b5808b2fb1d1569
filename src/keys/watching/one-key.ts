import { parseKeyId } from '../../ids.ts'
import { findKey } from '../../store/rows/key-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { findReferencedRow } from '../parts/key-references.ts'
import { requireRoleFor } from '../parts/request.ts'
import { viewsOfRows } from '../reading/verified-rows.ts'
import type { KeyView } from '../reading/views.ts'
import type { RequestContext } from '../rules/caller.ts'
import { createStream, type KeyChangeKind, type KeyEventView, type Stream } from './stream.ts'

/**
 * Events of one key, by either of its IDs, by name or by alias: of the key that has it now. What names no key looks like
 * one that is hidden from the caller.
 */
export async function keyEvents(
  parts: Dependencies,
  call: RequestContext,
  reference: string,
): Promise<Stream<KeyEventView>> {
  requireRoleFor(call, 'VIEW')
  const wanted = await identify(parts, call, reference)
  // Watches before the key is read, so that no change is missed in between.
  const watch = parts.changes.watch(call.caller, wanted?.id ?? null)
  let before: KeyView | null = null
  return createStream(call, watch, async () => {
    const key = wanted === null ? null : await viewOf(parts, call, wanted)
    const changes = before === null ? [] : changesBetween(before, key)
    const isFirst = before === null
    const goneKeyIds = before === null || before.id === key?.id ? [] : [before.id]
    before = key
    const event = isFirst || changes.length > 0 ? { changes, key, goneKeyIds, at: parts.clock.now() } : null
    return { event, isLast: key === null }
  })
}

interface Wanted {
  readonly kind: KeyView['kind']
  readonly id: string
}

/** Resolves a reference to the ID of the key itself, which does not change with access; null if it can name no key. */
async function identify(
  parts: Dependencies,
  call: RequestContext,
  reference: string,
): Promise<Wanted | null> {
  const parsed = parseKeyId(reference)
  if (parsed !== null && 'id' in parsed) return parsed
  const row = await findReferencedRow(parts, call.caller.projectId, reference)
  if (row !== null) return { kind: row.kind, id: row.id }
  // What stands for no key is treated as an unknown ID.
  return parsed === null ? null : { kind: 'USER', id: parsed.redactedId }
}

async function viewOf(
  parts: Dependencies,
  call: RequestContext,
  { kind, id }: Wanted,
): Promise<KeyView | null> {
  const { projectId } = call.caller
  const row = await findKey(parts.store.db, { projectId, id })
  if (row === null) return null
  const view = (await viewsOfRows(parts, call, [row])).get(row.id)
  return view?.kind === kind ? view : null
}

/**
 * Kinds of changes between two views of a key. Both are views for the caller, so that hidden fields and their changes
 * stay hidden.
 */
function changesBetween(before: KeyView, after: KeyView | null): KeyChangeKind[] {
  if (after === null) return ['GONE']
  const whole = before.access === 'full' && after.access === 'full' ? { before, after } : null
  const changes: KeyChangeKind[] = []
  if (detailsOf(before, whole !== null) !== detailsOf(after, whole !== null)) changes.push('DETAILS')
  if (whole !== null) {
    if (whole.before.lastRotatedAt?.getTime() !== whole.after.lastRotatedAt?.getTime())
      changes.push('ROTATED')
    if (rotationOf(whole.before) !== rotationOf(whole.after)) changes.push('AUTOMATIC_ROTATION')
  }
  if (accessOf(before) !== accessOf(after)) changes.push('ACCESS')
  // Further revisions are changes of versions, most of which the view does not hold.
  if (whole !== null && whole.after.revision - whole.before.revision > changes.length) changes.push('STATE')
  return changes
}

function detailsOf(key: KeyView, withHidden: boolean): string {
  if (key.kind === 'SERVICE') return key.name
  return JSON.stringify([
    key.name,
    key.description,
    ...(withHidden && key.access === 'full' ? [key.aliases, key.labels] : []),
  ])
}

function accessOf(key: KeyView): string {
  if (key.kind === 'SERVICE') return ''
  const { access, accessControlEnabled } = key
  return JSON.stringify([
    access,
    accessControlEnabled,
    ...(key.access === 'full' ? [key.owner, key.accessList, key.decryptableInGraph] : []),
  ])
}

function rotationOf({
  automaticRotation: { enabled, cycleDays },
}: Extract<KeyView, { access: 'full' }>): string {
  return JSON.stringify([enabled, cycleDays])
}
