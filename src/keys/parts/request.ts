import {
  type AuditAction,
  type AuditActor,
  type AuditDetails,
  type AuditEvent,
  keyStateDetail,
} from '../../audit/events.ts'
import type { EncryptionContext } from '../../crypto/encryption-context.ts'
import type { SlowWork } from '../../crypto/slow-work.ts'
import { type WeighedOperation, weightOf } from '../../crypto/weights.ts'
import { type ErrorCode, KeysteadError } from '../../errors.ts'
import { newUuid, parseId } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import type { CachedKey, KeyOfVersion } from '../../keyring/key-cache.ts'
import { isRootKeyUnavailable } from '../../keyring/root-key-provider.ts'
import { isUnavailable } from '../../store/errors.ts'
import { findKey, hasName, type KeyLookup, type KeyRow } from '../../store/rows/key-rows.ts'
import { findWholeKey, type WholeKey } from '../../store/rows/key-with-versions.ts'
import {
  type AccessFacts,
  accessFactsOf,
  allows,
  type KeyPermission,
  permissionsOfRoles,
  visibilityOf,
} from '../rules/access.ts'
import { type Caller, formatSubject, type RequestContext } from '../rules/caller.ts'
import {
  ForbiddenError,
  KeyNotFoundError,
  KeyVersionNotFoundError,
  UnavailableError,
} from '../rules/errors.ts'
import { isUserKeyName } from '../rules/input.ts'
import type { Dependencies, ObservedOperation } from './dependencies.ts'
import {
  type KeyReference,
  readKeyReference,
  readVersionReference,
  type VersionReference,
} from './key-references.ts'

/** Results of a batch in the order of its items: the output of an item, or its error. */
export type BatchOutput<T> = readonly (T | Error)[]

/** Audit context of one operation: the facts of its audit event, filled in as they become known. */
export interface AuditContext {
  readonly actor: AuditActor
  readonly action: AuditAction
  /** UUID of the key, once the caller named one that exists in its project. */
  keyId: string | null
  keyRevision: number | null
  versionNumber: number | null
  details: AuditDetails
  /** Facts of the event on a second key that the operation used, which has the same outcome; null for none. */
  secondKey: AuditContext | null
  /** For metrics; not in the audit event. */
  algorithm: string | null
  /** For metrics: how many versions a change destroyed. */
  destroyedVersions: number
  readonly startedAtMs: number
  /** Aborted when the request is abandoned; null for work of the system. */
  readonly signal: AbortSignal | null
  /** Charges slow work to the caller. Throws RATE_LIMITED. */
  readonly charge: RequestContext['charge']
}

const systemWork: Pick<AuditContext, 'signal' | 'charge'> = { signal: null, charge: async () => {} }

/** A new audit context, without a key yet. Without a call it belongs to work of the system. */
export function startAuditContext(
  actor: AuditActor,
  action: AuditAction,
  { signal, charge }: Pick<AuditContext, 'signal' | 'charge'> = systemWork,
): AuditContext {
  return {
    actor,
    action,
    signal,
    charge,
    keyId: null,
    keyRevision: null,
    versionNumber: null,
    details: {},
    secondKey: null,
    algorithm: null,
    destroyedVersions: 0,
    startedAtMs: performance.now(),
  }
}

/** The audit context of a call, without a key yet. */
export function auditContextOf(call: RequestContext, action: AuditAction): AuditContext {
  return startAuditContext(actorOf(call), action, call)
}

/** Actor of a call in the audit trail. */
export function actorOf(call: RequestContext): AuditActor {
  const { caller, clientAddress, requestId } = call
  return {
    projectId: caller.projectId,
    subject: caller.subject,
    displayName: caller.displayName,
    tokenId: caller.tokenId,
    clientAddress,
    requestId,
  }
}

/** The system itself as an actor: an operator's command, or one of the tasks of housekeeping. */
export function systemActor(name: string, projectId: string): AuditActor {
  return {
    projectId,
    subject: formatSubject('SYSTEM', name),
    tokenId: null,
    clientAddress: null,
    requestId: newUuid(),
  }
}

/** The audit event of an operation that succeeded, or ended with an error. */
export function eventOf(context: AuditContext, error: unknown = null): AuditEvent {
  // Written out, because a rest pattern is several times slower and this runs for each operation.
  const { actor, action, keyId, keyRevision, versionNumber, details } = context
  return {
    actor,
    action,
    keyId,
    keyRevision,
    versionNumber,
    details,
    outcome: error === null ? 'SUCCEEDED' : error instanceof ForbiddenError ? 'DENIED' : 'FAILED',
    errorCode: error === null ? null : codeOf(error),
  }
}

/** The audit events of an operation: one for each key that it used. */
export function eventsOf(context: AuditContext, error: unknown): AuditEvent[] {
  const { secondKey } = context
  return secondKey === null ? [eventOf(context, error)] : [eventOf(context, error), eventOf(secondKey, error)]
}

/** The audit event of a change, with the resulting state of the rows of the key. */
export function changeEventOf(context: AuditContext, keyState: string): AuditEvent {
  return eventOf({ ...context, details: { ...context.details, [keyStateDetail]: keyState } })
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof KeysteadError ? error.code : 'INTERNAL'
}

/** Observation of a recorded operation, for metrics. */
export function observationOf(context: AuditContext, error: unknown = null): ObservedOperation {
  const { action, algorithm, destroyedVersions, signal, startedAtMs } = context
  return {
    action,
    outcome: error === null ? 'SUCCEEDED' : codeOf(error),
    algorithm,
    // Only the system works without a request.
    automatic: signal === null,
    destroyedVersions,
    startedAtMs,
    endedAtMs: performance.now(),
  }
}

/**
 * Writes audit events. Must be awaited before the operation is answered.
 *
 * @throws UnavailableError if they cannot be written: the operation is then not answered
 */
export async function recordEvents(parts: Dependencies, events: readonly AuditEvent[]): Promise<void> {
  try {
    await parts.audit.record(events)
  } catch (error) {
    parts.onOutage('auditTrail', error)
    throw new UnavailableError()
  }
}

/**
 * Tells whether an operation ended before anything was done, so that no event is written: its request was abandoned
 * while it waited, or the rate limit refused it.
 */
export function hasDoneNothing({ signal }: Pick<AuditContext, 'signal'>, error: unknown): boolean {
  if (signal?.aborted && error === signal.reason) return true
  return error instanceof KeysteadError && error.code === 'RATE_LIMITED'
}

/** Runs a statement that reads many rows: few at once, in turns of projects and callers. */
export function readMany<T>(
  { slowReads }: Pick<Dependencies, 'slowReads'>,
  { caller, signal }: Pick<RequestContext, 'caller' | 'signal'>,
  read: () => Promise<T>,
): Promise<T> {
  return slowReads.run({ project: caller.projectId, caller: caller.subject, signal }, read)
}

/**
 * Slow work of an operation with keys of an algorithm. Its first task charges the weight of the operation, so that a
 * refusal before the slow work costs no more than the field.
 */
export function slowWorkOf(
  { slowWork }: Pick<Dependencies, 'slowWork'>,
  context: Pick<AuditContext, 'actor' | 'signal' | 'charge'>,
  { algorithm, operation }: { readonly algorithm: string; readonly operation: WeighedOperation },
): SlowWork {
  const { actor, signal, charge } = context
  const run = slowWork.for({ project: actor.projectId, caller: actor.subject, signal })
  // One unit was already charged for the field or item.
  let dueUnits = weightOf(algorithm, operation) - 1
  return async (length, task) => {
    const units = dueUnits
    dueUnits = 0
    if (units > 0) await charge(units)
    return run(length, task)
  }
}

/** Runs a change that records its own success. Records its refusal or failure. */
export async function recordingRefusals<T>(
  parts: Dependencies,
  context: AuditContext,
  work: (context: AuditContext) => Promise<T>,
): Promise<T> {
  try {
    context.signal?.throwIfAborted()
    return await work(context)
  } catch (thrown) {
    if (hasDoneNothing(context, thrown)) throw thrown
    const error = asCallerError(parts, thrown)
    await recordEvents(parts, [eventOf(context, error)])
    parts.observe([observationOf(context, error)])
    throw error
  }
}

/** Translates an error for the caller: outages become UnavailableError. Forged rows raise an alert. */
export function asCallerError(parts: Dependencies, thrown: unknown): unknown {
  if (thrown instanceof IntegrityError) parts.alert(thrown)
  return asUnavailable(parts, thrown) ?? thrown
}

/** The UnavailableError for an outage of the database or the root key, which is reported; null for other errors. */
export function asUnavailable(
  parts: Pick<Dependencies, 'onOutage'>,
  thrown: unknown,
): UnavailableError | null {
  const part = isUnavailable(thrown) ? 'database' : isRootKeyUnavailable(thrown) ? 'rootKey' : null
  if (part === null) return null
  // Our own errors were reported before.
  if (!(thrown instanceof KeysteadError)) parts.onOutage(part, thrown)
  return new UnavailableError()
}

/** Throws ForbiddenError unless the caller's roles give one of the permissions, before any key is considered. */
export function requireRoleFor(call: RequestContext, ...oneOf: readonly KeyPermission[]): void {
  const given = permissionsOfRoles(call.caller)
  if (!oneOf.some((permission) => given.includes(permission))) throw new ForbiddenError()
}

/** What a request wants to do with a key. */
export interface WantedAccess {
  /** A permission, or a rule about the key. */
  readonly permission: KeyPermission | ((caller: Caller, facts: AccessFacts) => boolean)
  /** Encryption context of the operation; null or absent for none. */
  readonly context?: EncryptionContext | null | undefined
  /** Makes the error for a key that does not exist for the caller, the same as for an unknown ID. */
  readonly notFound?: () => Error
}

const keyNotFound = () => new KeyNotFoundError()

/**
 * Throws ForbiddenError unless the caller may do with the key what it wants now. The audit context, if there is one, learns
 * of a key once it exists for the caller, who can see by the trail whether an event is about a key.
 */
export function requireAccess(
  request: Pick<KeyRequest, 'parts' | 'call'> & Partial<Pick<KeyRequest, 'context'>>,
  row: KeyRow,
  { permission, context = null, notFound = keyNotFound }: WantedAccess,
): void {
  const { parts, call } = request
  const { caller } = call
  const facts = accessFactsOf(row, parts.clock.now())
  if (visibilityOf(caller, facts) === 'absent') throw notFound()
  if (request.context) Object.assign(request.context, { keyId: row.id, algorithm: row.algorithm })
  const may =
    typeof permission === 'function' ? permission(caller, facts) : allows(caller, facts, permission, context)
  if (!may) throw new ForbiddenError()
}

/** The request that a key is looked up for. */
export interface KeyRequest {
  readonly parts: Dependencies
  readonly call: RequestContext
  /** Learns which key it is, even if the caller has no permission. */
  readonly context: AuditContext
}

/** Finds the row of a key in the database and verifies it; null if there is none. */
export async function findVerifiedKey(parts: Dependencies, lookup: KeyLookup): Promise<KeyRow | null> {
  const row = await findKey(parts.store.db, lookup)
  if (row !== null && !parts.policyMac.isAuthenticKey(row)) throw new IntegrityError('key', row.id)
  return row
}

/**
 * The user key with an ID, a name or an alias, from memory if possible, once the caller may do with it what it wants. What
 * names no user key of the caller's project is not found, whatever the reason.
 *
 * @throws ForbiddenError
 */
export async function findUserKeyFor(
  request: KeyRequest,
  reference: string,
  wanted: WantedAccess,
): Promise<CachedKey> {
  const { parts, call } = request
  const { projectId } = call.caller
  const { keys } = parts
  return findFor(request, reference, wanted, (lookup) =>
    'id' in lookup ? keys.get(projectId, lookup.id) : keys.getByName(projectId, lookup.name),
  )
}

/** The same with all versions, from the database. */
export async function findWholeKeyFor(
  request: KeyRequest,
  reference: string,
  wanted: WantedAccess,
): Promise<WholeKey> {
  const { parts, call } = request
  const { projectId } = call.caller
  return findFor(request, reference, wanted, async (lookup) => {
    const key = await findWholeKey(parts.store.db, { projectId, ...lookup })
    if (key !== null && !parts.policyMac.isAuthenticKey(key.row)) {
      // It must not be used from memory either.
      parts.keys.invalidate(projectId, key.row.id)
      throw new IntegrityError('key', key.row.id)
    }
    return key === null || 'id' in lookup || hasName(key.row, lookup.name) ? key : null
  })
}

/** How a reference is looked up; null for one that no user key can have. */
function userKeyLookupOf(read: KeyReference): { readonly id: string } | { readonly name: string } | null {
  if ('name' in read) return isUserKeyName(read.name) ? read : null
  return read.id?.kind === 'userKey' ? { id: read.id.uuid } : null
}

async function findFor<Key extends { readonly row: KeyRow }>(
  request: KeyRequest,
  reference: string,
  wanted: WantedAccess,
  find: (lookup: { readonly id: string } | { readonly name: string }) => Promise<Key | null>,
): Promise<Key> {
  const { notFound = keyNotFound } = wanted
  const read = readKeyReference(reference)
  if ('id' in read && read.id?.kind === 'redactedKey') {
    await refuseRedactedId(request, read.id.uuid, notFound)
  }
  const lookup = userKeyLookupOf(read)
  const key = lookup === null ? null : await find(lookup)
  if (key === null || key.row.kind !== 'USER') throw notFound()
  requireAccess(request, key.row, wanted)
  return key
}

/**
 * The user key of a version, once the caller may do with it what it wants. Versions of redacted keys do not exist for the
 * caller: their IDs are not found. A version that is named by key and number may be missing.
 *
 * @throws ForbiddenError
 */
export async function findVersionFor(
  request: KeyRequest,
  reference: VersionReference,
  wanted: WantedAccess,
): Promise<KeyOfVersion> {
  const address = readVersionReference(reference)
  if (!('id' in address)) {
    return { key: await findUserKeyFor(request, address.key, wanted), number: address.number }
  }
  const { parts, call } = request
  const { notFound = () => KeyVersionNotFoundError.ofId() } = wanted
  const parsed = parseId(address.id)
  if (parsed?.kind !== 'keyVersion') throw notFound()
  const isVisible = (row: KeyRow) =>
    row.kind === 'USER' && visibilityOf(call.caller, accessFactsOf(row, parts.clock.now())) === 'full'
  const found = await parts.keys.getByVersion(call.caller.projectId, parsed.uuid, isVisible)
  if (found === null) throw notFound()
  requireAccess(request, found.key.row, wanted)
  return found
}

/** The user key that a reference names, with the number of the version if it names a version; otherwise null. */
export async function findKeyOrVersionFor(
  request: KeyRequest,
  reference: string | VersionReference,
  wanted: WantedAccess,
): Promise<{ readonly key: CachedKey; readonly number: number | null }> {
  if (typeof reference !== 'string') return findVersionFor(request, reference, wanted)
  return { key: await findUserKeyFor(request, reference, wanted), number: null }
}

/** Refuses a redacted ID: FORBIDDEN while its key is redacted for the caller, otherwise the same as an unknown ID. */
async function refuseRedactedId(
  { parts, call, context }: KeyRequest,
  redactedId: string,
  notFound: () => Error,
): Promise<never> {
  const row = await findVerifiedKey(parts, { projectId: call.caller.projectId, redactedId })
  const facts = row && accessFactsOf(row, parts.clock.now())
  if (row === null || facts === null || visibilityOf(call.caller, facts) !== 'redacted') throw notFound()
  context.keyId = row.id
  context.algorithm = row.algorithm
  throw new ForbiddenError()
}
