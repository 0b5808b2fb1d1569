import { IntegrityError } from '../../keyring/integrity-error.ts'
import { hasFailedSince } from '../../store/audit/event-rows.ts'
import { lockKey } from '../../store/rows/key-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { type AuditContext, asCallerError, eventOf, observationOf } from '../requests/audit-context.ts'
import { dayAt, startOfDay } from '../rules/calendar.ts'

/** Keys for which this server has raised an alert today. Kept in memory, because rows of the database can be forged. */
const alarmed = new WeakMap<
  DomainParts['store'],
  { readonly sinceMs: number; readonly keyIds: Set<string> }
>()

/**
 * Records that the system could not change a key, once a day across replicas: each round finds the key again until an
 * operator acts. If rows do not verify, each server also raises an alert once a day.
 */
export async function recordDailyFailure(
  parts: DomainParts,
  context: AuditContext,
  thrown: unknown,
): Promise<void> {
  const { store, audit, clock, settings } = parts
  const since = startOfDay(dayAt(clock.now(), settings.rotationTimeZone), settings.rotationTimeZone)
  const isKnown = thrown instanceof IntegrityError && !isFirstAlarm(parts, context.keyId, since)
  const error = isKnown ? thrown : asCallerError(parts, thrown)
  const event = eventOf(context, error)
  const { keyId, action, actor, errorCode } = event
  const isRecorded = await store.transaction(async (tx) => {
    // Under the key's lock, so that two replicas do not both record it.
    if (keyId !== null) await lockKey(tx, { projectId: actor.projectId, id: keyId })
    if (await hasFailedSince(tx, { keyId, action, actor: actor.subject, errorCode, since })) return false
    await audit.recordIn(tx, event)
    return true
  })
  if (isRecorded) parts.observe([observationOf(context, error)])
}

function isFirstAlarm({ store }: DomainParts, keyId: string | null, since: Date): boolean {
  const known = alarmed.get(store)
  const today =
    known?.sinceMs === since.getTime() ? known : { sinceMs: since.getTime(), keyIds: new Set<string>() }
  alarmed.set(store, today)
  if (keyId === null || today.keyIds.has(keyId)) return keyId === null
  today.keyIds.add(keyId)
  return true
}
