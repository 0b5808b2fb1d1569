import { describePublicKey, jwkMembersOf } from '../../crypto/public-key.ts'
import { parseId } from '../../ids.ts'
import { findKeys, type KeyRow } from '../../store/rows/key-rows.ts'
import { findVersionsById, findVersionsByNumber, type KeyVersionRow } from '../../store/rows/version-rows.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { findReferencedRow, readVersionReference, type VersionReference } from '../parts/key-references.ts'
import { requireRoleFor } from '../parts/request.ts'
import { canView } from '../rules/access.ts'
import { isServiceName, type RequestContext } from '../rules/caller.ts'
import { serviceKeyName } from '../rules/names.ts'
import { auditEventsById } from './audit-events.ts'
import { ownerOfVersions, versionView } from './make-views.ts'
import { roleBindingsById } from './role-bindings.ts'
import { isAuthenticKey, isAuthenticVersion, viewSettings, viewsOfRows } from './verified-rows.ts'
import type {
  KeyVersionView,
  KeyView,
  NodeView,
  PublicKeyView,
  ServiceKeyView,
  UserKeyView,
} from './views.ts'

/** One user key by either of its IDs, by name or by alias; null if it does not exist for this caller. */
export async function userKey(
  parts: Dependencies,
  call: RequestContext,
  reference: string,
): Promise<UserKeyView | null> {
  requireRoleFor(call, 'VIEW')
  const view = await viewOf(parts, call, reference)
  return view?.kind === 'USER' ? view : null
}

/** One service key by ID, by its name, or by the name of its service in any case. */
export async function serviceKey(
  parts: Dependencies,
  call: RequestContext,
  by: { key: string } | { service: string },
): Promise<ServiceKeyView | null> {
  requireRoleFor(call, 'VIEW')
  // Other texts could derive the key name of a service.
  if ('service' in by && !isServiceName(by.service)) return null
  const view = await viewOf(parts, call, 'key' in by ? by.key : serviceKeyName(by.service))
  return view?.kind === 'SERVICE' ? view : null
}

/**
 * Nodes by ID, in the order of the IDs; null for those that do not exist for this caller. An unknown ID runs the same
 * statements as one that is hidden from the caller.
 */
export async function nodes(
  parts: Dependencies,
  call: RequestContext,
  ids: readonly string[],
): Promise<(NodeView | null)[]> {
  requireRoleFor(call, 'VIEW')
  const parsed = ids.map(parseId)
  const uuidsOf = (...kinds: readonly string[]): string[] =>
    parsed.flatMap((id) => (id !== null && kinds.includes(id.kind) ? [id.uuid] : []))

  const { projectId } = call.caller
  const versions = new Map<string, KeyVersionRow>()
  const versionIds = uuidsOf('keyVersion')
  const found =
    versionIds.length === 0 ? [] : await findVersionsById(parts.store.db, { projectId, ids: versionIds })
  for (const version of found) {
    if (isAuthenticVersion(parts, version)) versions.set(version.id, version)
  }
  const keyIds = new Set(uuidsOf('userKey', 'serviceKey'))
  const redactedIds = new Set(uuidsOf('redactedKey'))
  // For an unknown version its own ID stands in for the key's, so that the statement is the same.
  const ownerIds = versionIds.map((id) => versions.get(id)?.keyId ?? id)
  const rows = await findKeys(parts.store.db, {
    projectId,
    ids: [...keyIds, ...ownerIds],
    redactedIds: [...redactedIds],
  })
  // Only requested keys get views. Keys of versions only decide access.
  const asked = rows.filter((row) => keyIds.has(row.id) || redactedIds.has(row.redactedId))
  const views = await viewsOfRows(parts, call, asked)
  const rowsById = new Map(rows.map((row) => [row.id, row]))
  const rowsByRedactedId = new Map(rows.map((row) => [row.redactedId, row]))

  const events = await auditEventsById(parts, call, uuidsOf('auditEvent'))
  const bindings = await roleBindingsById(parts, call, uuidsOf('roleBinding'))

  return parsed.map((id): NodeView | null => {
    if (id === null) return null
    if (id.kind === 'auditEvent') return events.get(id.uuid) ?? null
    if (id.kind === 'roleBinding') return bindings.get(id.uuid) ?? null
    if (id.kind === 'keyVersion') return visibleVersion(parts, call, versions.get(id.uuid), rowsById)
    const row = id.kind === 'redactedKey' ? rowsByRedactedId.get(id.uuid) : rowsById.get(id.uuid)
    if (row === undefined || !isOfKind(row, id.kind)) return null
    return views.get(row.id) ?? null
  })
}

/** One version of a user key by its ID, or by key and number; null if it does not exist for this caller. */
export async function versionOfKey(
  parts: Dependencies,
  call: RequestContext,
  reference: VersionReference,
): Promise<KeyVersionView | null> {
  requireRoleFor(call, 'VIEW')
  const address = readVersionReference(reference)
  if ('id' in address) {
    const [node = null] = await nodes(parts, call, [address.id])
    return node?.kind === 'VERSION' ? node : null
  }
  const row = await findReferencedRow(parts, call.caller.projectId, address.key)
  if (row === null) return null
  const [version] = await findVersionsByNumber(parts.store.db, [{ keyId: row.id, number: address.number }])
  if (version === undefined || !isAuthenticVersion(parts, version)) return null
  return visibleVersion(parts, call, version, new Map([[row.id, row]]))
}

/** The public key of a version; null for symmetric keys. */
export async function publicKey(version: KeyVersionView): Promise<PublicKeyView | null> {
  if (version.publicKey === null) return null
  const described = await describePublicKey(version.publicKey, jwkMembersOf(version))
  return { ...described, algorithm: version.algorithm }
}

function visibleVersion(
  parts: Dependencies,
  call: RequestContext,
  version: KeyVersionRow | undefined,
  rows: ReadonlyMap<string, KeyRow>,
): KeyVersionView | null {
  const row = version && rows.get(version.keyId)
  if (version === undefined || row === undefined) return null
  if (!isAuthenticKey(parts, row)) return null
  const settings = viewSettings(parts)
  const owner = ownerOfVersions(row, settings)
  return canView(call.caller, owner.accessFacts) ? versionView(owner, version, settings.now) : null
}

function isOfKind(row: KeyRow, kind: string): boolean {
  return (kind === 'serviceKey') === (row.kind === 'SERVICE')
}

async function viewOf(parts: Dependencies, call: RequestContext, reference: string): Promise<KeyView | null> {
  const row = await findReferencedRow(parts, call.caller.projectId, reference)
  if (row === null) return null
  return (await viewsOfRows(parts, call, [row])).get(row.id) ?? null
}
