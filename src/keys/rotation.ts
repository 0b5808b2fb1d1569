import type { AuditAction } from '../audit/events.ts'
import { newUuid } from '../ids.ts'
import { findKeysDueForRotation } from '../store/key-rows.ts'
import { findKeysDueForDestruction } from '../store/version-rows.ts'
import { recordingRefusals, startAttempt } from './attempt.ts'
import { dayAt } from './calendar.ts'
import { formatSubject } from './caller.ts'
import { changeKey, deciding } from './change-key.ts'
import type { DomainParts } from './domain-parts.ts'
import { sweepImports } from './import.ts'
import type { KeyCommand } from './lifecycle.ts'

/** How many keys are looked up at a time. */
const groupSize = 100

/** What a round of housekeeping did. */
export interface HousekeepingReport {
  readonly rotatedKeys: number
  /** Keys of which at least one version was destroyed. */
  readonly sweptKeys: number
  /** Keys that could not be handled; the next round tries them again. */
  readonly failedKeys: number
}

interface SystemTask {
  readonly action: AuditAction
  readonly actor: string
  readonly command: KeyCommand
  /** The next keys that are due, without those already tried. */
  readonly findDue: (except: readonly string[]) => Promise<readonly { projectId: string; id: string }[]>
}

/**
 * Rotates the keys that are due now and erases the versions whose waiting period has ended. Every key is decided again
 * under its lock: a replica that does the same at the same time finds nothing left to do.
 */
export async function runHousekeeping(parts: DomainParts): Promise<HousekeepingReport> {
  const { db } = parts.store
  const now = parts.clock.now()
  const rotation = await runTask(parts, {
    action: 'ROTATE_KEY',
    actor: 'rotation',
    command: { type: 'rotateIfDue' },
    findDue: (except) =>
      findKeysDueForRotation(db, {
        onOrBefore: dayAt(now, parts.settings.rotationTimeZone),
        max: groupSize,
        except,
      }),
  })
  await sweepImports(parts)
  const destruction = await runTask(parts, {
    action: 'DESTROY_KEY_VERSION',
    actor: 'destruction',
    command: { type: 'sweepDestroyed' },
    async findDue(except) {
      const due = await findKeysDueForDestruction(db, { now, max: groupSize, except })
      return due.map(({ projectId, keyId }) => ({ projectId, id: keyId }))
    },
  })
  return {
    rotatedKeys: rotation.changed,
    sweptKeys: destruction.changed,
    failedKeys: rotation.failed + destruction.failed,
  }
}

async function runTask(parts: DomainParts, task: SystemTask): Promise<{ changed: number; failed: number }> {
  const tried: string[] = []
  let changed = 0
  let failed = 0
  for (;;) {
    const due = await task.findDue(tried)
    if (due.length === 0) return { changed, failed }
    for (const key of due) {
      tried.push(key.id)
      const attempt = startAttempt(
        {
          projectId: key.projectId,
          subject: formatSubject('SYSTEM', task.actor),
          tokenId: null,
          clientAddress: null,
          requestId: newUuid(),
        },
        task.action,
      )
      attempt.keyId = key.id
      try {
        await recordingRefusals(parts, attempt, () =>
          changeKey(parts, key, attempt, deciding(parts, task.command)),
        )
        if (attempt.keyRevision !== null) changed++
      } catch {
        // On record already. One key that cannot be handled must not keep the others from their turn.
        failed++
      }
    }
  }
}
