import { findAlgorithm } from '../../crypto/algorithms.ts'
import type { KeyUsage } from '../../crypto/capabilities.ts'
import { formatId, keyIdOf, partialId } from '../../ids.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { KeyVersionRow } from '../../store/rows/version-rows.ts'
import { type AccessFacts, accessFactsOf, canView, isOperation, permissionsOn } from '../rules/access.ts'
import { entriesOf, hasOperation } from '../rules/access-list.ts'
import { type Caller, canonicalSubject, subjectSet } from '../rules/caller.ts'
import type { KeyOrigin } from '../rules/errors.ts'
import { inForce } from '../rules/input.ts'
import { nextSignsFrom } from '../rules/key-sets.ts'
import { cannotProtectReason, defaultVersionOf, settle, startOfDay } from '../rules/lifecycle.ts'
import {
  type FullUserKeyView,
  fullColumns,
  type KeySetView,
  type KeyVersionView,
  type ServiceKeyView,
  type UserKeyView,
  visibleColumns,
} from './views.ts'

/** Further facts that views depend on. */
export interface ViewSettings {
  readonly now: Date
  /** When entries of access lists have expired. A clock in doubt ends access early rather than late. */
  readonly accessNow: Date
  readonly rotationTimeZone: string
}

/**
 * View of a user key for a caller for whom the key exists: full or redacted.
 *
 * @param newest the row of the key's newest version, if it has one
 */
export function userKeyView(
  row: KeyRow,
  newest: KeyVersionRow | null,
  caller: Caller,
  settings: ViewSettings,
): UserKeyView {
  if (canView(caller, accessFactsOf(row, settings.accessNow)))
    return fullUserKeyView(row, newest, caller, settings)
  return {
    kind: 'USER',
    access: 'redacted',
    id: formatId('redactedKey', row.redactedId),
    partialId: partialId(keyIdOf(row)),
    ...visibleFields(row),
  }
}

/** Full view of a user key. The caller must have been checked before. */
export function fullUserKeyView(
  row: KeyRow,
  newest: KeyVersionRow | null,
  caller: Caller,
  settings: ViewSettings,
): FullUserKeyView {
  if (row.owner === null) throw new TypeError('a user key has an owner')
  const fields = fullFields(row, newest, settings)
  const entries = entriesOf(row)
  const current = new Set(inForce(entries, settings.accessNow))
  return {
    kind: 'USER',
    access: 'full',
    ...visibleFields(row),
    ...fields,
    owner: canonicalSubject(row.owner),
    decryptableInGraph: row.decryptableInGraph,
    keySet: keySetView(row),
    aliases: row.aliases,
    labels: row.labels,
    allowedSubjects: subjectSet([...current].map(({ subject }) => subject)),
    accessList: entries.map((entry) => ({ ...entry, expired: !current.has(entry) })),
    permissions: permissionsOn(caller, fields.accessFacts).filter(
      (permission) => !isOperation(permission) || hasOperation(row, permission),
    ),
  }
}

function keySetView({ keySet }: Pick<KeyRow, 'keySet'>): KeySetView | null {
  if (keySet === null) return null
  const { next, ...terms } = keySet
  if (next === null) return { ...terms, next }
  const { id, number, since } = next
  const signsFrom = nextSignsFrom(terms, { number, since: new Date(since) })
  return { ...terms, next: { id: formatId('keyVersion', id), signsFrom } }
}

/** A service key. */
export function serviceKeyView(
  row: KeyRow,
  newest: KeyVersionRow | null,
  settings: ViewSettings,
): ServiceKeyView {
  return {
    kind: 'SERVICE',
    access: 'full',
    name: row.name,
    service: row.serviceName ?? row.name,
    createdAt: row.createdAt,
    ...fullFields(row, newest, settings),
  }
}

/** Facts of a key that the views of its versions need. */
export interface VersionOwner {
  readonly keyId: string
  readonly algorithm: string
  readonly usage: KeyUsage
  readonly origin: KeyOrigin
  readonly accessFacts: AccessFacts
  /** See KeyVersionView. */
  readonly keyRestoredAt: Date | null
  /** Number of the newest version, which is the default unless it is destroyed. */
  readonly lastVersionNumber: number
}

/** Facts of a key's row for the views of its versions. */
export function ownerOfVersions(row: KeyRow, { accessNow }: Pick<ViewSettings, 'accessNow'>): VersionOwner {
  const { algorithm, origin, restoredAt: keyRestoredAt, lastVersionNumber } = row
  return {
    keyId: keyIdOf(row),
    algorithm,
    // Only values of the algorithm table are ever written, and the row's MAC was checked.
    usage: row.usage as KeyUsage,
    origin,
    accessFacts: accessFactsOf(row, accessNow),
    keyRestoredAt,
    lastVersionNumber,
  }
}

/** View of one version. The caller must see the whole key. */
export function versionView(owner: VersionOwner, version: KeyVersionRow, now: Date): KeyVersionView {
  const settled = settle(version, now)
  return {
    kind: 'VERSION',
    id: formatId('keyVersion', settled.id),
    number: settled.number,
    status: settled.status,
    isDefault: settled.number === owner.lastVersionNumber && settled.status !== 'DESTROYED',
    createdAt: settled.createdAt,
    activatedAt: settled.activatedAt,
    deactivatedAt: settled.deactivatedAt,
    destroyScheduledFor: settled.destroyScheduledFor,
    destroyedAt: settled.destroyedAt,
    publicKey: settled.publicKey === null ? null : Buffer.from(settled.publicKey),
    algorithm: owner.algorithm,
    usage: owner.usage,
    origin: owner.origin,
    keyId: owner.keyId,
    keyRestoredAt: owner.keyRestoredAt,
    accessFacts: owner.accessFacts,
  }
}

function visibleFields(row: KeyRow) {
  return { ...pick(row, visibleColumns), createdBy: canonicalSubject(row.createdBy) }
}

function pick<Column extends keyof KeyRow>(row: KeyRow, columns: readonly Column[]): Pick<KeyRow, Column> {
  const picked = {} as Pick<KeyRow, Column>
  for (const column of columns) picked[column] = row[column]
  return picked
}

function fullFields(row: KeyRow, newest: KeyVersionRow | null, settings: ViewSettings) {
  const algorithm = findAlgorithm(row.algorithm)
  if (algorithm === undefined) throw new TypeError(`no algorithm named ${row.algorithm}`)
  const { lastVersionNumber } = row
  const owner = ownerOfVersions(row, settings)
  const state = { lastVersionNumber, versions: newest === null ? [] : [newest] }
  const current = defaultVersionOf(state, settings.now)
  return {
    id: owner.keyId,
    partialId: partialId(owner.keyId),
    uuid: row.id,
    accessFacts: owner.accessFacts,
    ...pick(row, fullColumns),
    type: algorithm.type,
    usage: owner.usage,
    defaultVersion: current === null ? null : versionView(owner, current, settings.now),
    cannotProtectReason: cannotProtectReason(state, settings.now),
    automaticRotation: { enabled: row.rotationEnabled, cycleDays: row.rotationCycleDays },
    nextRotationAt:
      row.rotationDueOn === null ? null : startOfDay(row.rotationDueOn, settings.rotationTimeZone),
  }
}
