import { parseId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { CachedKey } from '../../keyring/key-cache.ts'
import { findKey, type KeyLookup, type KeyRow } from '../../store/rows/key-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { type KeyPermission, visibilityOf } from '../rules/access.ts'
import type { Call } from '../rules/caller.ts'
import { ForbiddenError, KeyNotFoundError } from '../rules/errors.ts'
import type { Attempt } from './audit-context.ts'
import { requirePermissionOn } from './authorise.ts'

/** How a key is looked for on behalf of a caller. */
export interface KeyWanted {
  readonly permission: KeyPermission
  readonly attempt: Attempt
  /** What an absent key looks like: one error for all causes of absence. */
  readonly notFound?: () => Error
}

const keyNotFound = () => new KeyNotFoundError()

/** A verified row from the database, or null. */
export async function findVerifiedKey(parts: DomainParts, lookup: KeyLookup): Promise<KeyRow | null> {
  const row = await findKey(parts.store.db, lookup)
  if (row !== null && !parts.policyMac.isAuthenticKey(row)) throw new IntegrityError('key', row.id)
  return row
}

/**
 * The user key of this ID, from memory where possible, if the caller may do with it what it wants.
 *
 * @throws what `notFound` says for every ID that is no user key of the caller's project; ForbiddenError
 */
export async function findUserKeyFor(
  parts: DomainParts,
  call: Call,
  id: string,
  wanted: KeyWanted,
): Promise<CachedKey> {
  const notFound = wanted.notFound ?? keyNotFound
  const { projectId } = call.caller
  const parsed = parseId(id)
  if (parsed?.kind === 'redactedKey')
    await refuseRedactedId(parts, call, parsed.uuid, { ...wanted, notFound })
  if (parsed?.kind !== 'userKey') throw notFound()
  const key = await parts.keys.get(projectId, parsed.uuid)
  if (key === null || key.row.kind !== 'USER') throw notFound()
  wanted.attempt.keyId = key.row.id
  wanted.attempt.algorithm = key.row.algorithm
  requirePermissionOn(call, key.row, wanted.permission, notFound)
  return key
}

/** A redacted ID is no handle: for its key the answer is FORBIDDEN while it is redacted, else there is no such key. */
async function refuseRedactedId(
  parts: DomainParts,
  call: Call,
  redactedId: string,
  wanted: Required<KeyWanted>,
): Promise<never> {
  const row = await findVerifiedKey(parts, { projectId: call.caller.projectId, redactedId })
  if (row === null || visibilityOf(call.caller, row) !== 'redacted') throw wanted.notFound()
  wanted.attempt.keyId = row.id
  wanted.attempt.algorithm = row.algorithm
  throw new ForbiddenError()
}
