import type { AuditAction } from '../../audit/events.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import type { VersionReference } from '../parts/key-references.ts'
import {
  asUnavailable,
  auditContextOf,
  type BatchOutput,
  findKeyOrVersionFor,
  recordingRefusals,
  requireRoleFor,
} from '../parts/request.ts'
import type { RequestContext } from '../rules/caller.ts'
import { InputValidationError } from '../rules/errors.ts'
import { changeBatchItemsMax, requireInput } from '../rules/input.ts'
import { managingRoles } from './change-key.ts'

/** The batch form of a change of user keys. */
export interface BatchableChange<Input, Output> {
  readonly action: AuditAction
  /** The field of an item that names its key or version. */
  readonly naming: 'key' | 'version'
  readonly change: (parts: Dependencies, call: RequestContext, item: Input) => Promise<Output>
}

/** An item of a batch, with what it names. */
export type NamingInput = { readonly key: string } | { readonly version: VersionReference }

/**
 * Keys of a batch that are changed at once, so that a key that is locked or whose material is slow to make does not hold up
 * all others. More would not be faster, since all changes are recorded in one chain, and would leave fewer connections of
 * the database to other callers.
 */
const lanes = 4

/**
 * Changes many keys. Each item is a change of its own: decided under the lock of its key, and on record by itself. Items of
 * different keys run side by side; items of one key run in their order.
 *
 * @throws the reason of the call's signal, if that is aborted: no further item begins, and what was done stays done
 */
export async function changeInBatch<Input extends NamingInput, Output>(
  parts: Dependencies,
  call: RequestContext,
  batch: BatchableChange<Input, Output>,
  items: readonly Input[],
): Promise<BatchOutput<Output>> {
  const { signal } = call
  await recordingRefusals(parts, auditContextOf(call, batch.action), async () => {
    requireRoleFor(call, ...managingRoles)
    requireInput(
      items.length > 0 && items.length <= changeBatchItemsMax,
      'items',
      `must have 1 to ${changeBatchItemsMax} entries`,
    )
  })
  const places = await inLanes([...items.keys()], (index) => placeOf(parts, call, batch.action, items[index]))
  const firsts = new Map<string, number>()
  const outcomes: (Output | Error)[] = []

  async function runItem(index: number): Promise<void> {
    const item = items[index]
    if (item === undefined) throw new TypeError('an item for each index')
    // The client may have gone since the first items started.
    if (signal.aborted) return
    try {
      await refuseSecond(index)
      outcomes[index] = await batch.change(parts, call, item)
    } catch (error) {
      outcomes[index] = error instanceof Error ? error : new Error('an item failed', { cause: error })
    }
  }

  /** Refuses the second item for the same key or version, whatever came of the first. */
  async function refuseSecond(index: number): Promise<void> {
    const place = places[index] ?? null
    if (place === null) return
    const name = `${place.keyId} ${place.number}`
    const first = firsts.get(name)
    if (first === undefined) {
      firsts.set(name, index)
      return
    }
    const context = Object.assign(auditContextOf(call, batch.action), {
      keyId: place.keyId,
      versionNumber: place.number,
    })
    await recordingRefusals(parts, context, async () => {
      throw new InputValidationError([
        {
          path: [batch.naming],
          message: `must not be the same ${batch.naming} as that of items.${first}; a batch changes each once`,
        },
      ])
    })
  }

  const ofOneKey = Map.groupBy(places.keys(), (index) => places[index]?.keyId ?? index)
  await inLanes([...ofOneKey.values()], async (indexes) => {
    for (const index of indexes) await runItem(index)
  })
  signal.throwIfAborted()
  return outcomes
}

/** The key that an item names, and the number of its version if it names a version. */
interface Place {
  readonly keyId: string
  readonly number: number | null
}

/** What an item names, if the caller may change it. Otherwise null: the change itself says why it is refused. */
async function placeOf(
  parts: Dependencies,
  call: RequestContext,
  action: AuditAction,
  item: NamingInput | undefined,
): Promise<Place | null> {
  if (item === undefined) throw new TypeError('an item for each index')
  const request = { parts, call, context: auditContextOf(call, action) }
  const reference = 'key' in item ? item.key : item.version
  try {
    const { key, number } = await findKeyOrVersionFor(request, reference, { permission: 'MANAGE' })
    return { keyId: key.row.id, number }
  } catch (error) {
    // Unseen, it would leave a second item for the same key unrefused.
    const unavailable = asUnavailable(parts, error)
    if (unavailable !== null) throw unavailable
    return null
  }
}

/** Runs work on all of a list, on a few at once. They start in the order of the list. */
async function inLanes<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const lane = async () => {
    for (const [index, item] of waiting) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}
