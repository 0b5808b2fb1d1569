import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { ListedKey } from '../../store/rows/key-pages.ts'
import { type DeletedKeyRow, findKey, type KeyRow } from '../../store/rows/key-rows.ts'
import { findVersionsByNumber, type KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { visibilityOf } from '../rules/access.ts'
import type { Call } from '../rules/caller.ts'
import { serviceKeyView, userKeyView, type ViewSettings } from './make-views.ts'
import type { ServiceKeyView, UserKeyView } from './views.ts'

/** What views depend on besides rows and caller. */
export function viewSettings(parts: DomainParts): ViewSettings {
  return { now: parts.clock.certainNow(), rotationTimeZone: parts.settings.rotationTimeZone }
}

/** What rows are verified with. */
export type RowChecks = Pick<DomainParts, 'policyMac' | 'alert'>

/** Whether a row is as the server wrote it; raises the alarm if not. */
export function isAuthenticKey(parts: RowChecks, row: KeyRow): boolean {
  const authentic = parts.policyMac.isAuthenticKey(row)
  if (!authentic) parts.alert(new IntegrityError('key', row.id))
  return authentic
}

/** Whether what is left of a deleted key is as the server wrote it; raises the alarm if not. */
export function isAuthenticDeletedKey(parts: RowChecks, row: DeletedKeyRow): boolean {
  const authentic = parts.policyMac.isAuthenticDeletedKey(row)
  if (!authentic) parts.alert(new IntegrityError('deleted key', row.id))
  return authentic
}

/** Whether a version's row is as the server wrote it; raises the alarm if not. */
export function isAuthenticVersion(parts: DomainParts, row: KeyVersionRow): boolean {
  const authentic = parts.policyMac.isAuthenticVersion(row)
  if (!authentic) parts.alert(new IntegrityError('key version', row.id))
  return authentic
}

/**
 * The views of key rows for a caller, by UUID: with one statement for the default versions of all of them. Rows that
 * do not verify, or do not exist for the caller, have none.
 */
export async function viewsOfRows(
  parts: DomainParts,
  call: Call,
  rows: readonly KeyRow[],
): Promise<Map<string, UserKeyView | ServiceKeyView>> {
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

/** The same for rows that were read with their newest versions. */
export async function viewsOfListed(
  parts: DomainParts,
  call: Call,
  listed: readonly ListedKey[],
): Promise<Map<string, UserKeyView | ServiceKeyView>> {
  return viewsOfPresent(
    parts,
    call,
    listed.filter(({ key }) => isPresent(parts, call, key)),
  )
}

function isPresent(parts: DomainParts, call: Call, row: KeyRow): boolean {
  return isAuthenticKey(parts, row) && visibilityOf(call.caller, row) !== 'absent'
}

async function viewsOfPresent(
  parts: DomainParts,
  call: Call,
  present: readonly ListedKey[],
): Promise<Map<string, UserKeyView | ServiceKeyView>> {
  const settings = viewSettings(parts)
  const views = new Map<string, UserKeyView | ServiceKeyView>()
  for (const { key: row, newest } of present) {
    if (newest === null) await alertIfMissing(parts, row)
    const version = newest !== null && isAuthenticVersion(parts, newest) ? newest : null
    // Its newest version is gone or forged: the key is no longer what it says that it is.
    if (version === null && row.lastVersionNumber > 0) continue
    const view =
      row.kind === 'USER'
        ? userKeyView(row, version, call.caller, settings)
        : serviceKeyView(row, version, settings)
    views.set(row.id, view)
  }
  return views
}

/** Raises the alarm for a key whose newest version is not there, unless it was deleted in the meantime. */
async function alertIfMissing(
  parts: DomainParts,
  { projectId, id, lastVersionNumber }: KeyRow,
): Promise<void> {
  if (lastVersionNumber === 0) return
  if ((await findKey(parts.store.db, { projectId, id })) === null) return
  parts.alert(IntegrityError.missingVersion(id, lastVersionNumber))
}
