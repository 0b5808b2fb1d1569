import type { AuditAction, AuditActor, AuditDetails, AuditEvent } from '../audit/events.ts'
import { type ErrorCode, KeysteadError } from '../errors.ts'
import { IntegrityError } from '../keyring/integrity-error.ts'
import { isUnavailable } from '../store/errors.ts'
import { type Call, parseSubject } from './caller.ts'
import type { DomainParts, ObservedOperation } from './domain-parts.ts'
import { ForbiddenError, UnavailableError } from './errors.ts'

/** What is known of something that a caller attempts, for its audit event. Filled in as it becomes known. */
export interface Attempt {
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
}

/** A new attempt, about no key yet. */
export function startAttempt(actor: AuditActor, action: AuditAction): Attempt {
  return {
    actor,
    action,
    keyId: null,
    keyRevision: null,
    versionNumber: null,
    details: {},
    algorithm: null,
    startedAtMs: performance.now(),
  }
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
export function eventOf(attempt: Attempt, error: unknown = null): AuditEvent {
  // Written out: to copy all but two is several times the work, and this is done for each operation.
  const { actor, action, keyId, keyRevision, versionNumber, details } = attempt
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

function codeOf(error: unknown): ErrorCode {
  return error instanceof KeysteadError ? error.code : 'INTERNAL'
}

/** An attempt that is on record, as it is counted. */
export function observationOf(attempt: Attempt, error: unknown = null): ObservedOperation {
  const { action, actor, algorithm, details, startedAtMs } = attempt
  const destroyed = details['destroyedVersions']
  return {
    action,
    outcome: error === null ? 'SUCCEEDED' : codeOf(error),
    algorithm,
    automatic: parseSubject(actor.subject)?.kind === 'SYSTEM',
    destroyedVersions: typeof destroyed === 'string' ? destroyed.split(' ').length : 0,
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
  } catch {
    throw new UnavailableError()
  }
}

/** Runs a change that records its own success, and puts its refusal or failure on record. */
export async function recordingRefusals<T>(
  parts: DomainParts,
  attempt: Attempt,
  work: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  try {
    return await work(attempt)
  } catch (thrown) {
    const error = asCallerError(parts, thrown)
    await recordEvents(parts, [eventOf(attempt, error)])
    parts.observe([observationOf(attempt, error)])
    throw error
  }
}

/** The error as it goes up: an unreachable database becomes UnavailableError, a forged row raises the alarm. */
export function asCallerError(parts: DomainParts, thrown: unknown): unknown {
  if (thrown instanceof IntegrityError) parts.alert(thrown)
  return isUnavailable(thrown) ? new UnavailableError() : thrown
}
