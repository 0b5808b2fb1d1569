import type { AuditDetails } from '../../audit/events.ts'
import type { ClockHold } from '../../clock.ts'
import { parseKeyId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import {
  type RotationProgress,
  retireRootKeys,
  rewrapAll,
  startRotation,
} from '../../keyring/root-rotation.ts'
import { confirmTime } from '../../store/rows/certain-time-rows.ts'
import type { KeyLookup, KeyRow } from '../../store/rows/key-rows.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Queryable } from '../../store/sql.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  eventOf,
  findVerifiedKey,
  recordingRefusals,
  startAuditContext,
  systemActor,
} from '../parts/request.ts'
import { entriesOf, storedList } from '../rules/access-list.ts'
import { canonicalSubject, readSubject } from '../rules/caller.ts'
import { KeyNotFoundError } from '../rules/errors.ts'
import { requireInput } from '../rules/input.ts'
import { changeKey, withColumns } from './change-key.ts'
import { readVerifiedKey, stateOf } from './locked-key.ts'

/** Key that an operator names, by either of its IDs or by its name. */
export interface OperatorKeyWanted {
  readonly projectId: string
  readonly by: { readonly id: string } | { readonly name: string }
}

/** Transfer of a key to another owner. */
export interface OwnershipTransfer extends OperatorKeyWanted {
  /** Subject string. */
  readonly newOwner: string
  /** Also clears the key's access list. */
  readonly clearList: boolean
}

/** Outcome of a transfer. */
export interface OwnershipTransferred {
  readonly key: WholeKey
  readonly formerOwner: string | null
  /** False if the key had this owner already. */
  readonly changed: boolean
}

/** Reads a key with all its versions, regardless of access lists; null if there is none. */
export async function readKeyAsOperator(
  parts: Dependencies,
  wanted: OperatorKeyWanted,
): Promise<WholeKey | null> {
  const row = await findAsOperator(parts, wanted)
  if (row === null) return null
  const { projectId, id } = row
  return readVerifiedKey(parts.store.db, parts.policyMac, { projectId, id })
}

/**
 * Transfers a user key to another owner, for an operator. The audit trail of the key's project records it, and also refusals.
 *
 * @throws KeyNotFoundError; InputValidationError if the owner cannot own keys, or the key is a service key
 */
export async function transferOwnershipAsOperator(
  parts: Dependencies,
  { newOwner: given, clearList, ...wanted }: OwnershipTransfer,
): Promise<OwnershipTransferred> {
  const context = startAuditContext(systemActor('operator', wanted.projectId), 'TRANSFER_OWNERSHIP')
  const newOwner = canonicalSubject(given)
  return recordingRefusals(parts, context, async () => {
    const row = await findAsOperator(parts, wanted)
    if (row === null) throw new KeyNotFoundError()
    context.keyId = row.id
    context.algorithm = row.algorithm
    requireOwner(newOwner)
    requireInput(
      row.kind === 'USER',
      'keyId',
      'must name a user key: a service key has no owner, only its service',
    )
    let formerOwner = row.owner
    const { projectId, id } = row
    const outcome = await changeKey(parts, { projectId, id }, context, {
      obtainMaterial: null,
      decide(locked) {
        formerOwner = locked.row.owner
        const listed = entriesOf(locked.row).length
        context.details = {
          from: formerOwner ?? '',
          to: newOwner,
          ...(clearList && { clearedSubjects: listed }),
        }
        const nothingToClear = !clearList || listed === 0
        if (formerOwner === newOwner && nothingToClear) return { state: stateOf(locked) }
        return withColumns(locked, { owner: newOwner, ...(clearList && storedList([])) })
      },
    })
    if (outcome === null) throw new KeyNotFoundError()
    return { key: outcome.key, formerOwner, changed: context.keyRevision !== null }
  })
}

function requireOwner(subject: string): void {
  const given = readSubject(subject)
  if ('fault' in given) requireInput(false, 'newOwner', given.fault)
}

async function findAsOperator(parts: Dependencies, wanted: OperatorKeyWanted): Promise<KeyRow | null> {
  const lookup = lookupOf(wanted)
  return lookup && findVerifiedKey(parts, lookup)
}

function lookupOf({ projectId, by }: OperatorKeyWanted): KeyLookup | null {
  // Names of the two kinds never collide: those of service keys start uppercase.
  if ('name' in by) return { projectId, name: by.name, kind: /^[A-Z]/.test(by.name) ? 'SERVICE' : 'USER' }
  const id = parseKeyId(by.id)
  return id && { projectId, ...id }
}

/**
 * Confirms the database's clock for an operator, and records it. From then on, housekeeping goes by that clock.
 *
 * @returns how far the clock was ahead; null if it was trusted already and nothing changed
 */
export async function confirmClock(parts: Dependencies): Promise<ClockHold | null> {
  const { clock, store, audit } = parts
  await clock.synchronise()
  const hold = clock.hold()
  if (hold === null) return null
  const context = startAuditContext(systemActor('operator', ''), 'CONFIRM_CLOCK')
  context.details = {
    aheadSeconds: Math.round(hold.aheadMs / 1000),
    certainBefore: hold.certainNow.toISOString(),
  }
  const now = clock.now().getTime()
  await store.transaction(async (tx) => {
    await confirmTime(tx, now)
    await audit.recordIn(tx, eventOf(context))
  })
  await clock.synchronise()
  return hold
}

/** Result of a root key rotation. */
export interface RotationReport extends RotationProgress {
  /** Root key that now wraps everything that could be opened. */
  readonly rootKeyId: string
}

/**
 * Rotates the root key: switches to the newest one and rewraps everything. Start and end are on record, in no project.
 *
 * @throws RootKeyError if something cannot be opened or there is no newer root key. Nothing has changed then
 */
export async function rotateRootKey(
  parts: Dependencies,
  onProgress: (progress: RotationProgress) => Promise<void>,
): Promise<RotationReport> {
  const to = await startRotation(parts, (tx, from, target) =>
    recordIn(parts, tx, { phase: 'started', from, to: target }),
  )
  const progress = await rewrapAll(parts, to, {
    onProgress,
    onUnopened: (what, id) => parts.alert(new IntegrityError(what, id)),
  })
  await parts.store.transaction((tx) => recordIn(parts, tx, { phase: 'finished', to, ...progress }))
  return { rootKeyId: to, ...progress }
}

/** Retires the root keys that wrap nothing any more, and records it. Returns their IDs. */
export function retireUnusedRootKeys(parts: Dependencies): Promise<readonly string[]> {
  return retireRootKeys(parts, (tx, rootKeyId) => recordIn(parts, tx, { phase: 'retired', rootKeyId }))
}

async function recordIn({ audit }: Dependencies, tx: Queryable, details: AuditDetails): Promise<void> {
  const context = startAuditContext(systemActor('operator', ''), 'ROTATE_ROOT_KEY')
  await audit.recordIn(tx, eventOf({ ...context, details }))
}
