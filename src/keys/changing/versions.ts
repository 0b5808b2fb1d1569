import type { AuditAction } from '../../audit/events.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import type { VersionReference } from '../parts/key-references.ts'
import type { RequestContext } from '../rules/caller.ts'
import { destroyWaitingDaysMax, requireInput } from '../rules/input.ts'
import type { KeyCommand } from '../rules/lifecycle.ts'
import type { BatchableChange } from './change-batch.ts'
import {
  changedVersion,
  changeUserKey,
  deciding,
  type Expecting,
  generatingMaterial,
  type KeyInput,
  type KeyVersionChange,
} from './change-key.ts'

export interface RotateUserKeyInput extends KeyInput {
  readonly expectedDefaultVersionNumber?: number | null | undefined
  readonly allowUnknownKey?: boolean | null | undefined
}

export interface KeyVersionInput extends Expecting {
  readonly version: VersionReference
}

export interface DestroyKeyVersionInput extends KeyVersionInput {
  readonly waitingPeriodDays?: number | null | undefined
}

/** Gives a pre-activation key its first version. */
export async function activateUserKey(
  parts: Dependencies,
  call: RequestContext,
  input: KeyInput,
): Promise<KeyVersionChange> {
  const changed = await changeUserKey(parts, call, {
    action: 'ACTIVATE_USER_KEY',
    of: input.key,
    expectedRevision: input.expectedRevision,
    decide: deciding(parts, { type: 'activateKey' }),
    obtainMaterial: generatingMaterial(parts),
  })
  return changedVersion(parts, call, changed)
}

/** Gives a key a new default version; the older ones stay as they are. */
export async function rotateUserKey(
  parts: Dependencies,
  call: RequestContext,
  input: RotateUserKeyInput,
): Promise<KeyVersionChange> {
  const changed = await changeUserKey(parts, call, {
    action: 'ROTATE_KEY',
    of: input.key,
    expectedRevision: input.expectedRevision,
    decide: deciding(parts, {
      type: 'rotate',
      expectedDefaultVersion: input.expectedDefaultVersionNumber ?? null,
      allowUnknownKey: input.allowUnknownKey ?? false,
    }),
    obtainMaterial: generatingMaterial(parts),
  })
  return changedVersion(parts, call, changed)
}

/** Rotates many keys. */
export const rotateUserKeyBatch: BatchableChange<RotateUserKeyInput, KeyVersionChange> = {
  action: 'ROTATE_KEY',
  naming: 'key',
  change: rotateUserKey,
}

/** Brings a deactivated version back. */
export function activateKeyVersion(
  parts: Dependencies,
  call: RequestContext,
  input: KeyVersionInput,
): Promise<KeyVersionChange> {
  return changeVersion(parts, call, input, {
    action: 'ACTIVATE_KEY_VERSION',
    command: (version) => ({ type: 'activateVersion', version }),
  })
}

/** Stops all use of a version, also to decrypt. */
export function deactivateKeyVersion(
  parts: Dependencies,
  call: RequestContext,
  input: KeyVersionInput,
): Promise<KeyVersionChange> {
  return changeVersion(parts, call, input, {
    action: 'DEACTIVATE_KEY_VERSION',
    command: (version) => ({ type: 'deactivateVersion', version }),
  })
}

/** Deactivates many versions. */
export const deactivateKeyVersionBatch: BatchableChange<KeyVersionInput, KeyVersionChange> = {
  action: 'DEACTIVATE_KEY_VERSION',
  naming: 'version',
  change: deactivateKeyVersion,
}

/** Takes a scheduled destruction back. */
export function restoreKeyVersion(
  parts: Dependencies,
  call: RequestContext,
  input: KeyVersionInput,
): Promise<KeyVersionChange> {
  return changeVersion(parts, call, input, {
    action: 'RESTORE_KEY_VERSION',
    command: (version) => ({ type: 'restoreVersion', version }),
  })
}

/** Schedules the destruction of a version; its material is erased when the waiting period ends. */
export function destroyKeyVersion(
  parts: Dependencies,
  call: RequestContext,
  input: DestroyKeyVersionInput,
): Promise<KeyVersionChange> {
  const { destroyWaitingDaysDefault, destroyWaitingDaysMin } = parts.settings
  const waitingPeriodDays = input.waitingPeriodDays ?? destroyWaitingDaysDefault
  return changeVersion(parts, call, input, {
    action: 'SCHEDULE_KEY_VERSION_DESTRUCTION',
    command: (version) => ({ type: 'destroyVersion', version, waitingPeriodDays }),
    checkInput: () =>
      requireInput(
        waitingPeriodDays >= destroyWaitingDaysMin && waitingPeriodDays <= destroyWaitingDaysMax,
        'waitingPeriodDays',
        `must be ${destroyWaitingDaysMin} to ${destroyWaitingDaysMax} days`,
      ),
  })
}

/** Schedules the destruction of many versions. */
export const destroyKeyVersionBatch: BatchableChange<DestroyKeyVersionInput, KeyVersionChange> = {
  action: 'SCHEDULE_KEY_VERSION_DESTRUCTION',
  naming: 'version',
  change: destroyKeyVersion,
}

async function changeVersion(
  parts: Dependencies,
  call: RequestContext,
  input: KeyVersionInput,
  change: { action: AuditAction; command: (version: number) => KeyCommand; checkInput?: () => void },
): Promise<KeyVersionChange> {
  const { version, expectedRevision } = input
  let changedNumber = 0
  const changed = await changeUserKey(parts, call, {
    action: change.action,
    of: version,
    expectedRevision,
    ...(change.checkInput && { checkInput: change.checkInput }),
    decide(key, facts, number) {
      changedNumber = number ?? 0
      return deciding(parts, change.command(changedNumber))(key, facts)
    },
  })
  return changedVersion(parts, call, changed, changedNumber)
}
