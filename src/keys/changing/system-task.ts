import type { AuditAction } from '../../audit/events.ts'
import type { Queryable } from '../../store/queryable.ts'
import type { DueKey, DuePage } from '../../store/rows/due-rows.ts'
import { type AuditContext, startAuditContext, systemActor } from '../requests/audit-context.ts'
import type { KeyCommand } from '../rules/lifecycle.ts'

/** Change of a key that the system makes by itself. */
export interface SystemAct {
  readonly action: AuditAction
  readonly actor: string
  readonly command: KeyCommand
}

/** Destroys the versions whose waiting period has ended. */
export const destruction: SystemAct = {
  action: 'DESTROY_KEY_VERSION',
  actor: 'destruction',
  command: { type: 'sweepDestroyed' },
}

/** System act on all keys for which it is due. */
export interface SystemTask extends SystemAct {
  /** Finds the next keys for which it is due. */
  readonly findDue: (page: DuePage) => Promise<readonly DueKey[]>
  /**
   * Locks those of the keys for which it is still due and that no other transaction holds. Null for keys that are
   * changed one by one, because their material takes too long to make under a lock.
   */
  readonly claim: ((tx: Queryable, ids: readonly string[]) => Promise<string[]>) | null
}

/** Count of changed and failed keys. */
export interface Tally {
  changed: number
  failed: number
}

/** The audit context of a system act on one key. */
export function systemContextOf(
  { action, actor }: SystemAct,
  { projectId, id }: { projectId: string; id: string },
): AuditContext {
  return Object.assign(startAuditContext(systemActor(actor, projectId), action), { keyId: id })
}
