import { parseId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import { findKey, type KeyLookup, type KeyRow } from '../../store/rows/key-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { type KeyPermission, permissionsOfRoles, permissionsOn, visibilityOf } from '../rules/access.ts'
import type { Call } from '../rules/caller.ts'
import { ForbiddenError, KeyNotFoundError } from '../rules/errors.ts'
import type { AuditContext } from './audit-context.ts'

/** Throws ForbiddenError unless the caller's roles give one of the permissions, before any key is considered. */
export function requireRoleFor(call: Call, ...oneOf: readonly KeyPermission[]): void {
  const given = permissionsOfRoles(call.caller)
  if (!oneOf.some((permission) => given.includes(permission))) throw new ForbiddenError()
}

/**
 * Throws ForbiddenError unless the caller has the permission on the key.
 *
 * @param notFound makes the error for a key that does not exist for the caller, the same as for an unknown ID
 */
export function requirePermissionOn(
  call: Call,
  row: KeyRow,
  permission: KeyPermission,
  notFound: () => Error,
): void {
  if (visibilityOf(call.caller, row) === 'absent') throw notFound()
  if (!permissionsOn(call.caller, row).includes(permission)) throw new ForbiddenError()
}

/** The request that a key is looked up for. */
export interface KeyRequest {
  readonly parts: DomainParts
  readonly call: Call
  /** Learns which key it is, even if the caller has no permission. */
  readonly context: AuditContext
}

const keyNotFound = () => new KeyNotFoundError()

/** Finds the row of a key in the database and verifies it; null if there is none. */
export async function findVerifiedKey(parts: DomainParts, lookup: KeyLookup): Promise<KeyRow | null> {
  const row = await findKey(parts.store.db, lookup)
  if (row !== null && !parts.policyMac.isAuthenticKey(row)) throw new IntegrityError('key', row.id)
  return row
}

/**
 * The user key of an ID, from memory if possible, once the caller has a permission on it.
 *
 * @param notFound makes the error for an ID that names no user key of the caller's project, whatever the reason
 * @throws ForbiddenError
 */
export async function findUserKeyFor(
  request: KeyRequest,
  id: string,
  permission: KeyPermission,
  notFound: () => Error = keyNotFound,
): Promise<CachedKey> {
  const { parts, call, context } = request
  const parsed = parseId(id)
  if (parsed?.kind === 'redactedKey') await refuseRedactedId(request, parsed.uuid, notFound)
  if (parsed?.kind !== 'userKey') throw notFound()
  const key = await parts.keys.get(call.caller.projectId, parsed.uuid)
  if (key === null || key.row.kind !== 'USER') throw notFound()
  context.keyId = key.row.id
  context.algorithm = key.row.algorithm
  requirePermissionOn(call, key.row, permission, notFound)
  return key
}

/** Refuses a redacted ID: FORBIDDEN while its key is redacted for the caller, otherwise the same as an unknown ID. */
async function refuseRedactedId(
  { parts, call, context }: KeyRequest,
  redactedId: string,
  notFound: () => Error,
): Promise<never> {
  const row = await findVerifiedKey(parts, { projectId: call.caller.projectId, redactedId })
  if (row === null || visibilityOf(call.caller, row) !== 'redacted') throw notFound()
  context.keyId = row.id
  context.algorithm = row.algorithm
  throw new ForbiddenError()
}
