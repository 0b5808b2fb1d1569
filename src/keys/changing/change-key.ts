import type { AuditAction, AuditDetails } from '../../audit/events.ts'
import type { Moment } from '../../clock.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { isUniqueViolation } from '../../store/errors.ts'
import { announceChange, type KeyChange } from '../../store/notify.ts'
import type { Queryable } from '../../store/queryable.ts'
import type { KeyRow } from '../../store/rows/key-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import {
  type AuditContext,
  auditContextOf,
  changeEventOf,
  observationOf,
  recordingRefusals,
} from '../requests/audit-context.ts'
import { findUserKeyFor, requirePermissionOn, requireRoleFor } from '../requests/authorise.ts'
import { type Call, canonicalSubject } from '../rules/caller.ts'
import {
  ConflictError,
  KeyNotFoundError,
  KeyVersionNotFoundError,
  NameTakenError,
  UnavailableError,
} from '../rules/errors.ts'
import {
  applyCommand,
  defaultVersionOf,
  isDestructionDue,
  type KeyCommand,
  type KeyState,
} from '../rules/lifecycle.ts'
import {
  type KeyColumns,
  type LockedKey,
  lockVerifiedKey,
  readVerifiedKey,
  removeLockedKey,
  stateOf,
  writeLockedKey,
} from './locked-key.ts'
import { generateMaterial, type NewMaterial, settleMaterial, type UnwrappedMaterial } from './new-material.ts'
import { destruction, systemContextOf } from './system-task.ts'

/** An optional guard against acting on an outdated view. */
export interface Expecting {
  readonly expectedRevision?: number | null | undefined
}

export interface KeyInput extends Expecting {
  readonly keyId: string
}

/** Decision about a locked key. */
export interface Decision {
  readonly state: KeyState
  readonly columns?: KeyColumns
  /** Deletes the key. Only the row that its history needs is kept. */
  readonly remove?: boolean
  /** Writes further rows in the same transaction, after the key. */
  readonly alsoWrite?: (tx: Queryable) => Promise<void>
}

/**
 * Decides on a change and writes nothing. Throws a typed error to refuse; returns the same state if nothing changes. Called
 * under the lock of the key. If material has to be made, it is also called before, on the key as read without a lock.
 *
 * @param seenRevision revision that the caller could see, before due destructions were carried out
 */
export type Decide = (
  key: LockedKey,
  tx: Queryable,
  at: Moment,
  seenRevision: number,
) => Decision | Promise<Decision>

/** Maximum of tries. A change starts over when another one has added a version meanwhile. */
const triesMax = 50

/** A change of a user key that a caller asks for. */
export interface KeyChangeRequest {
  readonly action: AuditAction
  /** ID as given by the caller. */
  readonly keyId: string
  readonly expectedRevision?: number | null | undefined
  /** Version to be named in the audit event. */
  readonly versionNumber?: number
  /** Details of the audit event. */
  readonly details?: AuditDetails
  /** Checks of the input that need no key. They run once the caller is known to have access. */
  readonly checkInput?: () => void
  readonly decide: Decide
  /** Obtains the material of the version that the change adds; null for a change that adds none. */
  readonly obtainMaterial?: ObtainMaterial | null
}

/** Makes or opens material for the next version of a key. May be slow. */
export type ObtainMaterial = (row: KeyRow, context: AuditContext) => Promise<UnwrappedMaterial>

/** Obtains material by generating it. */
export function generatingMaterial(parts: DomainParts): ObtainMaterial {
  return (row, context) => generateMaterial(parts, row, context)
}

/** Changes a user key and writes the audit event in one transaction. Refusals are on record too. */
export async function changeUserKey(
  parts: DomainParts,
  call: Call,
  request: KeyChangeRequest,
): Promise<LockedKey> {
  const { action, expectedRevision = null } = request
  return recordingRefusals(parts, auditContextOf(call, action), async (context) => {
    requireRoleFor(call, 'MANAGE', 'MANAGE_OWN')
    const { row } = await findUserKeyFor({ parts, call, context }, request.keyId, 'MANAGE')
    context.versionNumber = request.versionNumber ?? null
    request.checkInput?.()
    context.details = request.details ?? {}
    const decide: Decide = (key, tx, at, seenRevision) => {
      // Checked again under the lock: the access list may have changed since.
      requirePermissionOn(call, key.row, 'MANAGE', () => new KeyNotFoundError())
      if (expectedRevision !== seenRevision) requireRevision(key, expectedRevision, at.certainNow)
      return request.decide(key, tx, at, seenRevision)
    }
    const changed = await changeKey(parts, row, context, {
      decide,
      obtainMaterial: request.obtainMaterial ?? null,
    })
    if (changed === null) throw new KeyNotFoundError()
    return changed
  })
}

/**
 * Changes any key for any actor, after its due destructions; null if there is no such key. Material takes long to make, so
 * it is made before the transaction, once the rules allow the change of the key as read without a lock. The rules are
 * checked again in the transaction.
 */
export async function changeKey(
  parts: DomainParts,
  where: { projectId: string; id: string },
  context: AuditContext,
  { decide, obtainMaterial }: { readonly decide: Decide; readonly obtainMaterial: ObtainMaterial | null },
): Promise<LockedKey | null> {
  let unwrapped: UnwrappedMaterial | null = null
  let material: NewMaterial | null = null
  let settled: Settled | null = null
  try {
    for (let tries = 0; tries < triesMax; tries++) {
      context.signal?.throwIfAborted()
      const options = { decide, material, settled }
      const isPlanned = obtainMaterial === null || material !== null
      const outcome = await (isPlanned ? tryChange : planChange)(parts, where, context, options)
      if (outcome === 'due') {
        settled = withSettled(settled, await settleDue(parts, where))
        continue
      }
      if (outcome.key === null || outcome.missing === undefined) {
        Object.assign(context, outcome.facts)
        if (outcome.facts !== undefined) parts.observe([observationOf(context)])
        return outcome.key
      }
      if (obtainMaterial === null)
        throw new TypeError('the change adds a version for which nothing makes material')
      unwrapped ??= await obtainMaterial(outcome.key.row, context)
      material = await unwrapped.wrapFor(outcome.missing)
    }
  } finally {
    unwrapped?.erase()
  }
  throw new UnavailableError()
}

/**
 * Destroys the versions of a key whose waiting period has ended, in a transaction of its own. The audit event names the
 * system. A command that finds such versions is decided afterwards.
 *
 * @returns the key's revision afterwards; null if nothing was due
 */
export async function settleDue(
  parts: DomainParts,
  where: { projectId: string; id: string },
  context: AuditContext = systemContextOf(destruction, where),
): Promise<number | null> {
  const decide = deciding(parts, destruction.command)
  const outcome = await tryChange(parts, where, context, { decide, material: null, settled: 'is settling' })
  if (outcome === 'due' || outcome.facts === undefined) return null
  Object.assign(context, outcome.facts)
  parts.observe([observationOf(context)])
  return context.keyRevision
}

/** Revisions before and after due destructions that this change has carried out. */
interface Settled {
  readonly from: number
  readonly to: number
}

function withSettled(before: Settled | null, revision: number | null): Settled | null {
  if (revision === null) return before
  const isNext = before?.to === revision - 1
  return { from: isNext ? before.from : revision - 1, to: revision }
}

/** Outcome of one try. */
interface Try {
  /** The key afterwards; null if there is no such key. */
  readonly key: LockedKey | null
  /** Number of the version whose material is missing, if that ended the try. */
  readonly missing?: number
  /** Facts of the change, if there was one. They hold only once it is committed. */
  readonly facts?: ChangeFacts
}

/** Facts of a change in its audit event. */
export type ChangeFacts = Pick<AuditContext, 'keyId' | 'keyRevision' | 'versionNumber' | 'details'>

/** Options of a try. */
interface TryOptions {
  readonly decide: Decide
  readonly material: NewMaterial | null
  readonly settled: Settled | null | 'is settling'
}

/** Decides on a change; `due` if destructions are due first. */
async function decideOn(
  key: LockedKey,
  context: AuditContext,
  { decide, settled }: TryOptions,
  { tx, at }: { readonly tx: Queryable; readonly at: Moment },
): Promise<(Decision & { readonly added: number | null; readonly isChange: boolean }) | 'due'> {
  context.algorithm = key.row.algorithm
  if (settled !== 'is settling' && isDestructionDue(key.versions, at.certainNow)) return 'due'
  const before = stateOf(key)
  const isSeen = settled !== null && settled !== 'is settling' && settled.to === before.revision
  const decision = await decide(key, tx, at, isSeen ? settled.from : before.revision)
  const { state } = decision
  return { ...decision, added: addedBy(before, state), isChange: state.revision !== before.revision }
}

/** Finds the version that a change needs material for, if the rules allow it. Takes no lock and announces nothing. */
async function planChange(
  { store, policyMac, clock }: DomainParts,
  where: { projectId: string; id: string },
  context: AuditContext,
  options: TryOptions,
): Promise<Try | 'due'> {
  const key = await readVerifiedKey(store.db, policyMac, where)
  if (key === null) return { key }
  const decision = await decideOn(key, context, options, { tx: store.db, at: clock.moment() })
  if (decision === 'due') return decision
  return decision.added === null ? { key } : { key, missing: decision.added }
}

/** Carries out a change in one transaction; `due` if destructions are due first. */
async function tryChange(
  parts: DomainParts,
  where: { projectId: string; id: string },
  context: AuditContext,
  options: TryOptions,
): Promise<Try | 'due'> {
  let isWritten = false
  try {
    return await parts.store.transaction((tx) =>
      writeChange(parts, tx, { where, context, ...options, onWrite: () => (isWritten = true) }),
    )
  } catch (error) {
    // A key whose rows do not verify must not be used from memory either.
    isWritten ||= error instanceof IntegrityError
    throw error
  } finally {
    // Also after a failure: a change whose COMMIT got no answer may have taken effect.
    if (isWritten) parts.keys.invalidate(where.projectId, where.id)
  }
}

async function writeChange(
  parts: DomainParts,
  tx: Queryable,
  change: TryOptions & {
    readonly where: { projectId: string; id: string }
    readonly context: AuditContext
    readonly onWrite: () => void
  },
): Promise<Try | 'due'> {
  const { policyMac, audit, clock } = parts
  const { where, context, material: made } = change
  const key = await lockVerifiedKey(tx, policyMac, where)
  if (key === null) return { key: null }
  const at = clock.moment()
  const decision = await decideOn(key, context, change, { tx, at })
  if (decision === 'due') return decision
  const { state, columns = {}, remove = false, alsoWrite, added, isChange } = decision
  if (!isChange) return { key }
  if (added !== null && made?.versionNumber !== added) return { key, missing: added }
  change.onWrite()
  const material = added === null ? null : await settleMaterial(parts, tx, key.row, made)
  const write = { state, columns, material, now: at.now }
  const written = await (remove ? removeLockedKey : writeLockedKey)(tx, policyMac, key, write).catch(
    (error: unknown) => {
      // Of two concurrent renames, the unique index refuses the second.
      throw isUniqueViolation(error) && columns.name !== undefined ? new NameTakenError(columns.name) : error
    },
  )
  const changed = written.key
  await announceChange(tx, shownChange(key.row, changed.row))
  await alsoWrite?.(tx)
  const facts = factsOf(context, key, state)
  await audit.recordIn(tx, changeEventOf({ ...context, ...facts }, written.keyState))
  return { key: changed, facts }
}

/** Facts of a change of a locked key to a state. */
export function factsOf(context: AuditContext, key: LockedKey, state: KeyState): ChangeFacts {
  const before = stateOf(key)
  const destroyed = destroyedBy(before, state)
  const [onlyOne = null] = destroyed.length === 1 ? destroyed : []
  const { versionNumber, details } = context
  return {
    keyId: key.row.id,
    keyRevision: state.revision,
    versionNumber: versionNumber ?? addedBy(before, state) ?? onlyOne,
    details: destroyed.length === 0 ? details : { ...details, destroyedVersions: destroyed.join(' ') },
  }
}

/** Number of the version that a change adds, or null. */
export function addedBy(before: KeyState, after: KeyState): number | null {
  return after.lastVersionNumber > before.lastVersionNumber ? after.lastVersionNumber : null
}

/** Numbers of the versions that a change destroys. */
function destroyedBy(before: KeyState, after: KeyState): readonly number[] {
  const standing = new Set(
    before.versions.flatMap(({ status, number }) => (status === 'DESTROYED' ? [] : [number])),
  )
  return after.versions.flatMap(({ status, number }) =>
    status === 'DESTROYED' && standing.has(number) ? [number] : [],
  )
}

/** A decision that is a command of the lifecycle. */
export function deciding(parts: DomainParts, command: KeyCommand): Decide {
  const { rotationTimeZone: timeZone, revocationDelayMs } = parts.settings
  return (key, _tx, at) => {
    if ('version' in command && !key.versions.some(({ number }) => number === command.version)) {
      throw new KeyVersionNotFoundError(command.version)
    }
    return { state: applyCommand(stateOf(key), command, { ...at, timeZone, revocationDelayMs }) }
  }
}

/** A decision that writes columns of the key and leaves its versions alone. */
export function withColumns(key: LockedKey, columns: KeyColumns): Decision {
  const state = stateOf(key)
  return { state: { ...state, revision: state.revision + 1 }, columns }
}

/** Throws ConflictError if the caller expects another revision than the key has. */
export function requireRevision(key: LockedKey, expectedRevision: number | null, now: Date): void {
  if (expectedRevision === null || expectedRevision === key.row.revision) return
  throw new ConflictError({
    currentRevision: key.row.revision,
    currentDefaultVersion: defaultVersionOf({ ...key.row, versions: key.versions }, now)?.number ?? null,
  })
}

/** The part of a change that callers without full access afterwards may hear of. */
export function shownChange(before: KeyRow, after: KeyRow): KeyChange {
  const stillNamed = new Set(namedBy(after))
  return {
    projectId: after.projectId,
    id: after.id,
    isShown:
      before.name !== after.name ||
      before.description !== after.description ||
      before.accessControlEnabled !== after.accessControlEnabled,
    lostBy: namedBy(before).filter((subject) => !stillNamed.has(subject)),
  }
}

/** Owner and access list. */
function namedBy({ owner, allowedSubjects }: KeyRow): readonly string[] {
  return (owner === null ? allowedSubjects : [owner, ...allowedSubjects]).map(canonicalSubject)
}
