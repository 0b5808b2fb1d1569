import { newOpaqueUuid, newUuid } from '../../ids.ts'
import { isNameTaken, type KeyRow, laterKeyColumns } from '../../store/rows/key-rows.ts'
import type { WholeKey } from '../../store/rows/key-with-versions.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import { type AuditContext, observationOf } from '../parts/request.ts'
import { rotationCycleDays } from '../rules/input.ts'
import { applyCommand, dayAt, type KeyState, type LifecycleSettings } from '../rules/lifecycle.ts'
import { makeMaterial } from './new-material.ts'
import { stepOf, writeNewKey } from './write-change.ts'

/** Columns of a new key that is given no others. */
const usualColumns = {
  ...laterKeyColumns,
  description: '',
  serviceName: null,
  owner: null,
  accessControlEnabled: false,
  allowedSubjects: [],
  rotationCycleDays: rotationCycleDays.default,
} satisfies Partial<KeyRow>

/** Facts of a new key, already checked. */
export type NewKey = Pick<
  KeyRow,
  'projectId' | 'kind' | 'name' | 'usage' | 'algorithm' | 'createdBy' | 'rotationEnabled'
> &
  Partial<Pick<KeyRow, keyof typeof usualColumns>> & { readonly preActivation: boolean }

/** Creates a key, with its first version unless it starts in pre-activation; null if its name is taken. */
export async function createKey(
  parts: Dependencies,
  context: AuditContext,
  { preActivation, ...given }: NewKey,
): Promise<WholeKey | null> {
  const wanted = { ...usualColumns, ...given }
  const { store, clock, settings } = parts
  const id = newUuid()
  // Checked again in the transaction. Checked here because material takes long to make.
  if (!preActivation && (await isNameTaken(store.db, wanted))) return null
  const material = preActivation ? null : await makeMaterial(parts, { ...wanted, id }, 1, context)
  const created = await store.transaction(async (tx) => {
    const at = clock.moment()
    const { now } = at
    const state = firstState(wanted, preActivation, {
      ...at,
      timeZone: settings.rotationTimeZone,
      revocationDelayMs: settings.revocationDelayMs,
    })
    const draft: KeyRow = {
      ...wanted,
      id,
      redactedId: newOpaqueUuid(),
      status: 'PRE_ACTIVATION',
      rotationConfiguredOn: state.rotation.configuredOn,
      rotationDueOn: null,
      lastRotatedAt: null,
      lastVersionNumber: 0,
      revision: state.revision,
      createdAt: now,
      updatedAt: now,
      mac: new Uint8Array(),
    }
    const before = { row: draft, versions: [] }
    const step = stepOf(parts, context, {
      before,
      decision: { state },
      material: material === null ? [] : [material],
      now,
    })
    return (await writeNewKey(parts, tx, step)) ? step.sealed.after : null
  })
  if (created !== null) parts.observe([observationOf({ ...context, algorithm: wanted.algorithm })])
  return created
}

function firstState(
  wanted: Pick<KeyRow, 'origin' | 'rotationEnabled' | 'rotationCycleDays'>,
  preActivation: boolean,
  settings: LifecycleSettings,
): KeyState {
  const empty: KeyState = {
    origin: wanted.origin,
    versions: [],
    lastVersionNumber: 0,
    skippedVersions: [],
    lastRotatedAt: null,
    rotation: {
      enabled: wanted.rotationEnabled,
      cycleDays: wanted.rotationCycleDays,
      configuredOn: dayAt(settings.now, settings.timeZone),
      dueOn: null,
    },
    keySet: null,
    revision: 1,
  }
  return preActivation ? empty : { ...applyCommand(empty, { type: 'activateKey' }, settings), revision: 1 }
}
