import { newUuid, parseId } from '../../ids.ts'
import type { KeyLookup, KeyRow } from '../../store/rows/key-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { recordingRefusals, startAuditContext } from '../requests/audit-context.ts'
import { findVerifiedKey } from '../requests/find-key.ts'
import { formatSubject, readSubject } from '../rules/caller.ts'
import { KeyNotFoundError } from '../rules/errors.ts'
import { requireInput } from '../rules/input.ts'
import { changeKey, withColumns } from './change-key.ts'
import { type LockedKey, readVerifiedKey, stateOf } from './locked-key.ts'

/** How an operator names a key: by either of its IDs, or by its name. */
export interface OperatorKeyWanted {
  readonly projectId: string
  readonly by: { readonly id: string } | { readonly name: string }
}

/** A change of a key's owner that an operator asks for. */
export interface OwnershipTransfer extends OperatorKeyWanted {
  /** Subject string of a user or a service account. */
  readonly newOwner: string
  /** Whether everyone is taken off the key's access list; it stays as it is otherwise. */
  readonly clearList: boolean
}

/** What became of a transfer. */
export interface OwnershipTransferred {
  readonly key: LockedKey
  readonly formerOwner: string | null
  /** Whether anything is different from before. */
  readonly changed: boolean
}

/** A key with all of its versions as an operator sees it, whoever has access to it; null if there is none. */
export async function readKeyAsOperator(
  parts: DomainParts,
  wanted: OperatorKeyWanted,
): Promise<LockedKey | null> {
  const row = await findAsOperator(parts, wanted)
  if (row === null) return null
  const { projectId, id } = row
  return readVerifiedKey(parts.store.db, parts.policyMac, { projectId, id })
}

/**
 * Gives a user key another owner, so that somebody can manage it again. On record in the key's project, like every
 * attempt that was refused.
 *
 * @throws KeyNotFoundError; InputValidationError if the owner cannot own keys, or the key is a service key
 */
export async function transferOwnership(
  parts: DomainParts,
  { newOwner, clearList, ...wanted }: OwnershipTransfer,
): Promise<OwnershipTransferred> {
  const context = startAuditContext(
    {
      projectId: wanted.projectId,
      subject: formatSubject('SYSTEM', 'operator'),
      tokenId: null,
      clientAddress: null,
      requestId: newUuid(),
    },
    'TRANSFER_OWNERSHIP',
  )
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
    const key = await changeKey(parts, { projectId, id }, context, {
      obtainMaterial: null,
      decide(locked) {
        formerOwner = locked.row.owner
        context.details = {
          from: formerOwner ?? '',
          to: newOwner,
          ...(clearList && { clearedSubjects: locked.row.allowedSubjects.length }),
        }
        const nothingToClear = !clearList || locked.row.allowedSubjects.length === 0
        if (formerOwner === newOwner && nothingToClear) return { state: stateOf(locked) }
        return withColumns(locked, { owner: newOwner, ...(clearList && { allowedSubjects: [] }) })
      },
    })
    if (key === null) throw new KeyNotFoundError()
    return { key, formerOwner, changed: context.keyRevision !== null }
  })
}

/** A group has no token of its own, and a service's agent manages no keys. */
export const ownerKinds = ['USER', 'SERVICE_ACCOUNT'] as const

function requireOwner(subject: string): void {
  const given = readSubject(subject, ownerKinds)
  if ('fault' in given) requireInput(false, 'newOwner', given.fault)
}

async function findAsOperator(parts: DomainParts, wanted: OperatorKeyWanted): Promise<KeyRow | null> {
  const lookup = lookupOf(wanted)
  if (lookup === null) return null
  const row = await findVerifiedKey(parts, lookup)
  // The prefix of an ID says the kind: the other kind's prefix makes it another ID.
  if (row === null || ('id' in wanted.by && !namesKind(wanted.by.id, row.kind))) return null
  return row
}

function lookupOf({ projectId, by }: OperatorKeyWanted): KeyLookup | null {
  // Names of the two kinds never collide: those of service keys start uppercase.
  if ('name' in by) return { projectId, name: by.name, kind: /^[A-Z]/.test(by.name) ? 'SERVICE' : 'USER' }
  const parsed = parseId(by.id)
  if (parsed === null) return null
  return parsed.kind === 'redactedKey'
    ? { projectId, redactedId: parsed.uuid }
    : { projectId, id: parsed.uuid }
}

function namesKind(id: string, kind: KeyRow['kind']): boolean {
  switch (parseId(id)?.kind) {
    case 'redactedKey':
      return true
    case 'userKey':
      return kind === 'USER'
    case 'serviceKey':
      return kind === 'SERVICE'
    default:
      return false
  }
}
