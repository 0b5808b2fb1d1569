import type { AuditAction, AuditDetails } from '../../audit/events.ts'
import { CryptoInputError, DecryptionFailedError } from '../../crypto/capabilities.ts'
import { KeysteadError } from '../../errors.ts'
import type { Dependencies } from '../parts/dependencies.ts'
import {
  type AuditContext,
  actorOf,
  asCallerError,
  auditContextOf,
  type BatchOutput,
  eventOf,
  eventsOf,
  hasDoneNothing,
  observationOf,
  recordEvents,
  startAuditContext,
} from '../parts/request.ts'
import type { RequestContext } from '../rules/caller.ts'
import { InputValidationError, InvalidCiphertextError } from '../rules/errors.ts'
import { requireInput } from '../rules/input.ts'

/** Key and version that an operation used. */
export interface UsedVersion {
  readonly keyId: string
  readonly versionNumber: number
}

/** One execution of an operation: the caller's request, and the audit context of this item of it. */
export interface OperationRequest {
  readonly parts: Dependencies
  readonly call: RequestContext
  readonly context: AuditContext
}

/** A cryptographic operation. */
export interface Operation<Input, Output> {
  readonly action: AuditAction
  /** Checks the caller's role, before any key is looked up. Throws to refuse all items of a batch at once. */
  readonly authorise: (call: RequestContext) => void
  /** Details of the audit event of a caller that `authorise` refuses. */
  readonly details?: AuditDetails
  readonly run: (request: OperationRequest, input: Input) => Promise<Output>
}

/** The batch form of an operation. */
export interface BatchOperation<Input, Output> {
  readonly operation: Operation<Input, Output>
  /** Bytes of an item that count against the byte limit of a batch. */
  readonly bytesOf: (item: Input) => number
  /** Bytes by which each item may exceed its share of that limit. */
  readonly overheadBytes?: number
}

/** Runs one operation. Its result or error is returned only once it is on record. */
export async function runOperation<Input, Output>(
  parts: Dependencies,
  call: RequestContext,
  operation: Operation<Input, Output>,
  input: Input,
): Promise<Output> {
  const [outcome] = await runItems(parts, call, operation, [input])
  if (outcome === undefined) throw new TypeError('an operation has an outcome')
  if ('error' in outcome) throw outcome.error
  return outcome.output
}

/** Runs a batch. Each item succeeds or fails on its own; one write puts all of them on record before any is answered. */
export async function runBatch<Input, Output>(
  parts: Dependencies,
  call: RequestContext,
  { operation, bytesOf, overheadBytes = 0 }: BatchOperation<Input, Output>,
  items: readonly Input[],
): Promise<BatchOutput<Output>> {
  const { batchItemsMax, batchBytesMax } = parts.settings
  const checked: Operation<Input, Output> = {
    ...operation,
    authorise() {
      operation.authorise(call)
      requireInput(
        items.length > 0 && items.length <= batchItemsMax,
        'items',
        `must have 1 to ${batchItemsMax} entries`,
      )
      const bytes = items.reduce((sum, item) => sum + bytesOf(item), 0)
      const bytesMax = batchBytesMax + overheadBytes * items.length
      requireInput(bytes <= bytesMax, 'items', `must have at most ${bytesMax} bytes in total, got ${bytes}`)
    },
  }
  const outcomes = await runItems(parts, call, checked, items)
  return outcomes.map((outcome) => {
    if (!('error' in outcome)) return outcome.output
    return outcome.error instanceof Error
      ? outcome.error
      : new Error('an item failed', { cause: outcome.error })
  })
}

type Outcome<Output> = { readonly output: Output } | { readonly error: unknown }

async function runItems<Input, Output>(
  parts: Dependencies,
  call: RequestContext,
  operation: Operation<Input, Output>,
  items: readonly Input[],
): Promise<Outcome<Output>[]> {
  const { signal } = call
  signal.throwIfAborted()
  const whole = auditContextOf(call, operation.action)
  whole.details = operation.details ?? {}
  try {
    operation.authorise(call)
  } catch (error) {
    await recordEvents(parts, [eventOf(whole, error)])
    parts.observe([observationOf(whole, error)])
    throw error
  }
  const charges = chargeTogether(items.length, call.charge)
  const actor = actorOf(call)
  const results = await startInRounds(items, call, async (input) => {
    const item = charges.open()
    const context = startAuditContext(actor, operation.action, { signal, charge: item.charge })
    try {
      // The client may have gone since the first items started.
      signal.throwIfAborted()
      const output = await operation.run({ parts, call, context }, input)
      const { keyId, versionNumber } = context
      if (keyId !== null && versionNumber !== null) parts.usage.noteUse({ keyId, versionNumber })
      return { context, outcome: { output } satisfies Outcome<Output> }
    } catch (thrown) {
      return { context, outcome: { error: asOperationError(parts, thrown) } }
    } finally {
      item.close()
    }
  })
  const done = results.filter((result) => !isDropped(result))
  if (done.length > 0) {
    await waitForRound(done.length, call)
    await recordEvents(
      parts,
      done.flatMap(({ context, outcome }) => eventsOf(context, errorOf(outcome))),
    )
    parts.observe(done.map(({ context, outcome }) => observationOf(context, errorOf(outcome))))
    await waitForRound(done.length, call)
  }
  const dropped = results.find(isDropped)
  if (dropped !== undefined) throw errorOf(dropped.outcome)
  return results.map(({ outcome }) => outcome)
}

/** Items of a batch that one step handles, such as starting them: between two steps other requests are served. */
const itemsPerRound = 50

async function startInRounds<Item, Result>(
  items: readonly Item[],
  { loopTurn }: RequestContext,
  start: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const started: Promise<Result>[] = []
  for (const [index, item] of items.entries()) {
    // Items that start after the client has gone fail with that.
    if (index > 0 && index % itemsPerRound === 0) await loopTurn().catch(() => {})
    const result = start(item)
    // A failure is thrown at the end, once all items have started.
    result.catch(() => {})
    started.push(result)
  }
  return Promise.all(started)
}

/** Waits for a turn before a step with many completed items. They are recorded even if the client has gone. */
async function waitForRound(items: number, { loopTurn }: RequestContext): Promise<void> {
  if (items > itemsPerRound) await loopTurn().catch(() => {})
}

/** Tells whether an item was dropped before anything was done. The whole request then ends with its error. */
function isDropped({ context, outcome }: { context: AuditContext; outcome: Outcome<unknown> }): boolean {
  return 'error' in outcome && hasDoneNothing(context, outcome.error)
}

function errorOf(outcome: Outcome<unknown>): unknown {
  return 'error' in outcome ? outcome.error : null
}

/** Charge of one item of a batch. */
interface ItemCharge {
  readonly charge: RequestContext['charge']
  /** Ends the item: it will not ask for more units. */
  close(): void
}

/**
 * Charges the items of a batch together, once each item has either asked to be charged or ended. Either all of them
 * start their slow work, or none does.
 */
function chargeTogether(items: number, chargeAll: RequestContext['charge']): { open(): ItemCharge } {
  const paid = Promise.withResolvers<void>()
  let undecided = items
  let units = 0
  function decide(): void {
    undecided--
    if (undecided === 0 && units > 0) chargeAll(units).then(paid.resolve, paid.reject)
  }
  return {
    open() {
      let isDecided = false
      return {
        charge(more) {
          if (isDecided) return chargeAll(more)
          isDecided = true
          units += more
          decide()
          return paid.promise
        },
        close() {
          if (isDecided) return
          isDecided = true
          decide()
        },
      }
    },
  }
}

/** Translates an error into one that the caller understands. */
function asOperationError(parts: Dependencies, thrown: unknown): unknown {
  if (thrown instanceof KeysteadError) return thrown
  if (thrown instanceof DecryptionFailedError) return new InvalidCiphertextError()
  if (thrown instanceof CryptoInputError) {
    return new InputValidationError([{ path: [thrown.parameter], message: thrown.message }])
  }
  return asCallerError(parts, thrown)
}
