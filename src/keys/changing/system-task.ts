import type { AuditAction } from '../../audit/events.ts'
import { newUuid } from '../../ids.ts'
import type { Queryable } from '../../store/queryable.ts'
import type { DueKey, DuePage } from '../../store/rows/due-rows.ts'
import { type AuditContext, startAuditContext } from '../requests/audit-context.ts'
import { formatSubject } from '../rules/caller.ts'
import type { KeyCommand } from '../rules/lifecycle.ts'

/** Something that the system does by itself to a key. */
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

/** A system act on every key for which it is due. */
export interface SystemTask extends SystemAct {
  /** The next keys for which it is due, those after another one. */
  readonly findDue: (page: DuePage) => Promise<readonly DueKey[]>
  /**
   * Locks some of these keys, those for which it is due and that nobody else holds. Null where keys are handled one by
   * one: their material takes too long to make to hold a lock meanwhile.
   */
  readonly claim: ((tx: Queryable, ids: readonly string[]) => Promise<string[]>) | null
}

/** What became of keys. */
export interface Tally {
  changed: number
  failed: number
}

/** The attempt of a system act on one key, for its audit event. */
export function systemContextOf(
  { action, actor }: SystemAct,
  key: { projectId: string; id: string },
): AuditContext {
  const context = startAuditContext(
    {
      projectId: key.projectId,
      subject: formatSubject('SYSTEM', actor),
      tokenId: null,
      clientAddress: null,
      requestId: newUuid(),
    },
    action,
  )
  context.keyId = key.id
  return context
}
