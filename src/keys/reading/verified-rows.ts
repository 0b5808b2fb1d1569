import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { ListedKey } from '../../store/rows/key-pages.ts'
import { type DeletedKeyRow, findKey, type KeyRow } from '../../store/rows/key-rows.ts'
import { findVersionsByNumber, type KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { accessFactsOf, visibilityOf } from '../rules/access.ts'
import type { RequestContext } from '../rules/caller.ts'
import { serviceKeyView, userKeyView, type ViewSettings } from './make-views.ts'
import type { KeyView } from './views.ts'

/** Current time and settings for views. */
export function viewSettings(parts: Dependencies): ViewSettings {
  const { clock, settings } = parts
  return {
    now: clock.certainNow(),
    accessNow: clock.now(),
    rotationTimeZone: settings.rotationTimeZone,
  }
}

/** Parts that verify rows and report forged ones. */
export type RowChecks = Pick<Dependencies, 'policyMac' | 'alert'>

/** Verifies the MAC of a key. Raises an alert if it does not match. */
export function isAuthenticKey(parts: RowChecks, row: KeyRow): boolean {
  const authentic = parts.policyMac.isAuthenticKey(row)
  if (!authentic) parts.alert(new IntegrityError('key', row.id))
  return authentic
}

/** Verifies the MAC of a deleted key. Raises an alert if it does not match. */
export function isAuthenticDeletedKey(parts: RowChecks, row: DeletedKeyRow): boolean {
  const authentic = parts.policyMac.isAuthenticDeletedKey(row)
  if (!authentic) parts.alert(new IntegrityError('deleted key', row.id))
  return authentic
}

/** Verifies the MAC of a version. Raises an alert if it does not match. */
export function isAuthenticVersion(parts: Dependencies, row: KeyVersionRow): boolean {
  const authentic = parts.policyMac.isAuthenticVersion(row)
  if (!authentic) parts.alert(new IntegrityError('key version', row.id))
  return authentic
}

/**
 * Views of key rows for a caller, by UUID, with one statement for all default versions. Rows that do not verify, or do
 * not exist for the caller, get none.
 */
export async function viewsOfRows(
  parts: Dependencies,
  call: RequestContext,
  rows: readonly KeyRow[],
): Promise<Map<string, KeyView>> {
  const present = rows.filter((row) => isPresent(parts, call, row))
  const wanted = present.map((row) => ({ keyId: row.id, number: row.lastVersionNumber }))
  const versions = await findVersionsByNumber(parts.store.db, wanted)
  const newest = new Map(versions.map((version) => [version.keyId, version]))
  return viewsOfPresent(
    parts,
    call,
    present.map((key) => ({ key, newest: newest.get(key.id) ?? null })),
  )
}

/** A key with its newest version, however it was found. */
type WithNewest = Pick<ListedKey, 'key' | 'newest'>

/** Views of rows that were read together with their newest versions. */
export async function viewsOfListed(
  parts: Dependencies,
  call: RequestContext,
  listed: readonly WithNewest[],
): Promise<Map<string, KeyView>> {
  return viewsOfPresent(
    parts,
    call,
    listed.filter(({ key }) => isPresent(parts, call, key)),
  )
}

function isPresent(parts: Dependencies, call: RequestContext, row: KeyRow): boolean {
  if (!isAuthenticKey(parts, row)) return false
  return visibilityOf(call.caller, accessFactsOf(row, parts.clock.now())) !== 'absent'
}

async function viewsOfPresent(
  parts: Dependencies,
  call: RequestContext,
  present: readonly WithNewest[],
): Promise<Map<string, KeyView>> {
  const settings = viewSettings(parts)
  const views = new Map<string, KeyView>()
  for (const { key: row, newest } of present) {
    if (newest === null) await alertIfMissing(parts, row)
    const version = newest !== null && isAuthenticVersion(parts, newest) ? newest : null
    // The newest version is missing or forged: the row of the key cannot be trusted.
    if (version === null && row.lastVersionNumber > 0) continue
    const view =
      row.kind === 'USER'
        ? userKeyView(row, version, call.caller, settings)
        : serviceKeyView(row, version, settings)
    views.set(row.id, view)
  }
  return views
}

/** Raises an alert for a key whose newest version is missing, unless the key was deleted meanwhile. */
async function alertIfMissing(
  parts: Dependencies,
  { projectId, id, lastVersionNumber }: KeyRow,
): Promise<void> {
  if (lastVersionNumber === 0) return
  if ((await findKey(parts.store.db, { projectId, id })) === null) return
  parts.alert(IntegrityError.missingVersion(id, lastVersionNumber))
}
