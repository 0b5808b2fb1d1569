import {
  type AuditAction,
  type AuditActor,
  type AuditDetails,
  type AuditEvent,
  destroyedVersionsOf,
} from '../../audit/events.ts'
import { keyStateDetail } from '../../audit/key-state.ts'
import type { SlowWork } from '../../crypto/slow-work.ts'
import { type WeighedOperation, weightOf } from '../../crypto/weights.ts'
import { type ErrorCode, KeysteadError } from '../../errors.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import { isRootKeyUnavailable } from '../../keyring/root-key-provider.ts'
import { isUnavailable } from '../../store/errors.ts'
import type { DomainParts, ObservedOperation } from '../parts/parts.ts'
import { type Call, parseSubject } from '../rules/caller.ts'
import { ForbiddenError, UnavailableError } from '../rules/errors.ts'

/** What is known of something that a caller attempts, for its audit event. Filled in as it becomes known. */
export interface AuditContext {
  readonly actor: AuditActor
  readonly action: AuditAction
  /** UUID of the key, once the caller named one that exists in its project. */
  keyId: string | null
  keyRevision: number | null
  versionNumber: number | null
  details: AuditDetails
  /** For whoever counts; not on record. */
  algorithm: string | null
  readonly startedAtMs: number
  /** Aborted once nobody waits for the result; null for what the system does by itself. */
  readonly signal: AbortSignal | null
  /** Pays for slow work; throws RATE_LIMITED. */
  readonly charge: Call['charge']
}

const systemWork: Pick<AuditContext, 'signal' | 'charge'> = { signal: null, charge: async () => {} }

/** A new attempt, about no key yet. Without a call it is the system's own. */
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
    algorithm: null,
    startedAtMs: performance.now(),
  }
}

/** The attempt of a call, about no key yet. */
export function auditContextOf(call: Call, action: AuditAction): AuditContext {
  return startAuditContext(actorOf(call), action, call)
}

/** Who acts in a call, as the audit trail names it. */
export function actorOf(call: Call): AuditActor {
  const { caller, clientAddress, requestId } = call
  return {
    projectId: caller.projectId,
    subject: caller.subject,
    tokenId: caller.tokenId,
    clientAddress,
    requestId,
  }
}

/** The audit event of an attempt that ended well, or with an error. */
export function eventOf(context: AuditContext, error: unknown = null): AuditEvent {
  // Written out: to copy all but two is several times the work, and this is done for each operation.
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

/** The audit event of a change that was made, with the state in which it leaves the rows of the key. */
export function changeEventOf(context: AuditContext, keyState: string): AuditEvent {
  return eventOf({ ...context, details: { ...context.details, [keyStateDetail]: keyState } })
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof KeysteadError ? error.code : 'INTERNAL'
}

/** An attempt that is on record, as it is counted. */
export function observationOf(context: AuditContext, error: unknown = null): ObservedOperation {
  const { action, actor, algorithm, details, startedAtMs } = context
  return {
    action,
    outcome: error === null ? 'SUCCEEDED' : codeOf(error),
    algorithm,
    automatic: parseSubject(actor.subject)?.kind === 'SYSTEM',
    destroyedVersions: destroyedVersionsOf(details).length,
    startedAtMs,
    endedAtMs: performance.now(),
  }
}

/**
 * Puts events on record; nothing may be answered before.
 *
 * @throws UnavailableError if they cannot be written: what is not on record is not answered
 */
export async function recordEvents(parts: DomainParts, events: readonly AuditEvent[]): Promise<void> {
  try {
    await parts.audit.record(events)
  } catch (error) {
    parts.onOutage('auditTrail', error)
    throw new UnavailableError()
  }
}

/**
 * Whether an attempt ended before anything was done, so that nothing goes on record: its request was abandoned while it
 * waited, or the rate limit refused it.
 */
export function hasDoneNothing({ signal }: Pick<AuditContext, 'signal'>, error: unknown): boolean {
  if (signal?.aborted && error === signal.reason) return true
  return error instanceof KeysteadError && error.code === 'RATE_LIMITED'
}

/**
 * Slow work of an attempt with keys of an algorithm. The first task of it pays what the operation weighs, so that a
 * refusal that comes before the slow work costs no more than its field.
 */
export function slowWorkOf(
  { slowWork }: Pick<DomainParts, 'slowWork'>,
  context: Pick<AuditContext, 'actor' | 'signal' | 'charge'>,
  { algorithm, operation }: { readonly algorithm: string; readonly operation: WeighedOperation },
): SlowWork {
  const { actor, signal, charge } = context
  const run = slowWork.for({ project: actor.projectId, caller: actor.subject, signal })
  // One unit was paid for the field or item before.
  let dueUnits = weightOf(algorithm, operation) - 1
  return async (length, task) => {
    const units = dueUnits
    dueUnits = 0
    if (units > 0) await charge(units)
    return run(length, task)
  }
}

/** Runs a change that records its own success, and puts its refusal or failure on record. */
export async function recordingRefusals<T>(
  parts: DomainParts,
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

/** The error as it goes up: what cannot be reached becomes UnavailableError, a forged row raises the alarm. */
export function asCallerError(parts: DomainParts, thrown: unknown): unknown {
  if (thrown instanceof IntegrityError) parts.alert(thrown)
  return asUnavailable(parts, thrown) ?? thrown
}

/** The error for something outside of this process that cannot be used, and a word to its operator; null for others. */
export function asUnavailable(
  parts: Pick<DomainParts, 'onOutage'>,
  thrown: unknown,
): UnavailableError | null {
  const part = isUnavailable(thrown) ? 'database' : isRootKeyUnavailable(thrown) ? 'rootKey' : null
  if (part === null) return null
  // What the domain has thrown itself was told of before.
  if (!(thrown instanceof KeysteadError)) parts.onOutage(part, thrown)
  return new UnavailableError()
}
