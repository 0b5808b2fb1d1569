import type { AuditDetails } from '../../audit/events.ts'
import { newUuid } from '../../ids.ts'
import { IntegrityError } from '../../keyring/integrity-error.ts'
import {
  type RotationProgress,
  retireRootKeys,
  rewrapAll,
  startRotation,
} from '../../keyring/root-rotation.ts'
import type { Queryable } from '../../store/queryable.ts'
import type { DomainParts } from '../parts/parts.ts'
import { formatSubject } from '../rules/caller.ts'

/** How a rotation ended. */
export interface RotationReport extends RotationProgress {
  /** The root key that everything is under now, but for what could not be opened. */
  readonly rootKeyId: string
}

/**
 * Rotates the root key on an operator's behalf: puts the newest one to use and rewraps everything. Start and end are on
 * record, for no project in particular.
 *
 * @throws RootKeyError, before anything was touched, if not everything can be opened or there is nothing to rotate to
 */
export async function rotateRootKey(
  parts: DomainParts,
  onProgress: (progress: RotationProgress) => Promise<void>,
): Promise<RotationReport> {
  const to = await startRotation(parts, (tx, from, target) =>
    recordIn(parts, tx, { phase: 'started', from, to: target }),
  )
  const progress = await rewrapAll(parts, to, {
    onProgress,
    onUnopened: (what, id) => parts.alert(new IntegrityError(what, id)),
  })
  await parts.store.transaction((tx) => recordIn(parts, tx, { phase: 'finished', to, ...progress }))
  return { rootKeyId: to, ...progress }
}

/** Takes the root keys away under which nothing is any more, on record as the rotation is; gives their IDs. */
export function retireUnusedRootKeys(parts: DomainParts): Promise<readonly string[]> {
  return retireRootKeys(parts, (tx, rootKeyId) => recordIn(parts, tx, { phase: 'retired', rootKeyId }))
}

async function recordIn({ audit }: DomainParts, tx: Queryable, details: AuditDetails): Promise<void> {
  await audit.recordIn(tx, {
    actor: {
      projectId: '',
      subject: formatSubject('SYSTEM', 'operator'),
      tokenId: null,
      clientAddress: null,
      requestId: newUuid(),
    },
    action: 'ROTATE_ROOT_KEY',
    outcome: 'SUCCEEDED',
    errorCode: null,
    keyId: null,
    keyRevision: null,
    versionNumber: null,
    details,
  })
}
