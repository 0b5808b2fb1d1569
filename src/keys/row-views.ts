import { IntegrityError } from '../keyring/integrity-error.ts'
import { type DeletedKeyRow, findKey, type KeyRow } from '../store/key-rows.ts'
import { findVersionsByNumber, type KeyVersionRow } from '../store/version-rows.ts'
import { visibilityOf } from './access.ts'
import type { Call } from './caller.ts'
import type { DomainParts } from './domain-parts.ts'
import { accessFactsOf, serviceKeyView, userKeyView, type ViewSettings } from './view-builder.ts'
import type { ServiceKeyView, UserKeyView } from './views.ts'

/** What views depend on besides rows and caller. */
export function viewSettings(parts: DomainParts): ViewSettings {
  return { now: parts.clock.now(), rotationTimeZone: parts.settings.rotationTimeZone }
}

/** Whether a row is as the server wrote it; raises the alarm if not. */
export function isAuthenticKey(parts: DomainParts, row: KeyRow): boolean {
  const authentic = parts.policyMac.isAuthenticKey(row)
  if (!authentic) parts.alert(new IntegrityError('key', row.id))
  return authentic
}

/** Whether what is left of a deleted key is as the server wrote it; raises the alarm if not. */
export function isAuthenticDeletedKey(parts: DomainParts, row: DeletedKeyRow): boolean {
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
  const present = rows.filter(
    (row) => isAuthenticKey(parts, row) && visibilityOf(call.caller, accessFactsOf(row)) !== 'absent',
  )
  const newest = await newestVersions(parts, present)
  const settings = viewSettings(parts)
  return new Map(
    present.flatMap((row) => {
      const version = newest.get(row.id) ?? null
      // Its newest version is gone or forged: the key is no longer what it says that it is.
      if (version === null && row.lastVersionNumber > 0) return []
      const view =
        row.kind === 'USER'
          ? userKeyView(row, version, call.caller, settings)
          : serviceKeyView(row, version, settings)
      return [[row.id, view] as const]
    }),
  )
}

async function newestVersions(
  parts: DomainParts,
  rows: readonly KeyRow[],
): Promise<Map<string, KeyVersionRow>> {
  const wanted = rows.map((row) => ({ keyId: row.id, number: row.lastVersionNumber }))
  const versions = await findVersionsByNumber(parts.store.db, wanted)
  await alertMissing(parts, rows, new Set(versions.map((version) => version.keyId)))
  return new Map(
    versions
      .filter((version) => isAuthenticVersion(parts, version))
      .map((version) => [version.keyId, version]),
  )
}

/** Raises the alarm for keys whose newest version is not there, unless they were deleted in the meantime. */
async function alertMissing(
  parts: DomainParts,
  rows: readonly KeyRow[],
  found: ReadonlySet<string>,
): Promise<void> {
  for (const row of rows) {
    if (row.lastVersionNumber === 0 || found.has(row.id)) continue
    if ((await findKey(parts.store.db, { projectId: row.projectId, id: row.id })) === null) continue
    parts.alert(IntegrityError.missingVersion(row.id, row.lastVersionNumber))
  }
}
