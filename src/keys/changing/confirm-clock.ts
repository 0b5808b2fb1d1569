import type { ClockHold } from '../../clock.ts'
import { newUuid } from '../../ids.ts'
import { confirmTime } from '../../store/rows/certain-time-rows.ts'
import type { DomainParts } from '../parts/parts.ts'
import { eventOf, startAuditContext } from '../requests/audit-context.ts'
import { formatSubject } from '../rules/caller.ts'

/**
 * Believes the database's clock on an operator's word, on record: what is due by it is carried out from then on.
 *
 * @returns how far it was ahead; null if it was believed already, and nothing was changed
 */
export async function confirmClock(parts: DomainParts): Promise<ClockHold | null> {
  const { clock, store, audit } = parts
  await clock.synchronise()
  const hold = clock.hold()
  if (hold === null) return null
  const context = startAuditContext(
    {
      projectId: '',
      subject: formatSubject('SYSTEM', 'operator'),
      tokenId: null,
      clientAddress: null,
      requestId: newUuid(),
    },
    'CONFIRM_CLOCK',
  )
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
