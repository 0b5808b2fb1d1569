import { formatId } from '../../ids.ts'
import { findDeletedKeys, findKeys } from '../../store/rows/key-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import type { AccessFacts } from '../rules/access.ts'
import { accessFactsOf, keyIdOf } from './make-views.ts'
import { isAuthenticDeletedKey, isAuthenticKey, type RowChecks } from './verified-rows.ts'

/** A key that audit events name, live or deleted. */
export interface EventKey {
  readonly id: string
  /** Last name of a deleted key. */
  readonly name: string
  readonly deleted: boolean
  /** By the last access list of a deleted key. */
  readonly accessFacts: AccessFacts
}

/**
 * Keys of a project that events name, live or deleted, by UUID, in two statements. Rows that do not verify are left out,
 * because they cannot tell who may read about them.
 */
export async function findEventKeys(
  parts: RowChecks & Pick<DomainParts, 'store'>,
  projectId: string,
  ids: readonly string[],
): Promise<Map<string, EventKey>> {
  const { db } = parts.store
  // In this order, so that a key that is deleted in between is found in one of the two places.
  const live = await findKeys(db, { projectId, ids, redactedIds: [] })
  const deleted = await findDeletedKeys(db, { projectId, ids })
  const found = new Map<string, EventKey>()
  for (const row of deleted) {
    if (!isAuthenticDeletedKey(parts, row)) continue
    const { owner, accessControlEnabled, allowedSubjects } = row
    found.set(row.id, {
      id: formatId('userKey', row.id),
      name: row.name,
      deleted: true,
      accessFacts: { kind: 'USER', projectId, owner, accessControlEnabled, allowedSubjects },
    })
  }
  for (const row of live) {
    if (!isAuthenticKey(parts, row)) continue
    found.set(row.id, { id: keyIdOf(row), name: row.name, deleted: false, accessFacts: accessFactsOf(row) })
  }
  return found
}
