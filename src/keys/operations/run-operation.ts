import type { AuditAction } from '../../audit/events.ts'
import { CryptoInputError, DecryptionFailedError } from '../../crypto/capabilities.ts'
import { KeysteadError } from '../../errors.ts'
import type { DomainParts } from '../parts/parts.ts'
import {
  type Attempt,
  actorOf,
  asCallerError,
  attemptOfCall,
  eventOf,
  hasDoneNothing,
  observationOf,
  recordEvents,
  startAttempt,
} from '../requests/audit-context.ts'
import type { Call } from '../rules/caller.ts'
import { InputValidationError, InvalidCiphertextError } from '../rules/errors.ts'

/** Which key and version an operation used. */
export interface UsedVersion {
  readonly keyId: string
  readonly version: number
}

/** A result per item, in order: the output, or the error of this item alone. */
export type BatchOutput<T> = readonly (T | Error)[]

/** A cryptographic operation that a caller asks for. */
export interface OperationRequest<Input, Output> {
  readonly action: AuditAction
  /** Checks that concern no key: the caller's role. Throws to refuse all items at once. */
  readonly authorise: () => void
  readonly run: (input: Input, attempt: Attempt) => Promise<Output>
}

/** Carries out one operation; its answer, or its error, goes out once it is on record. */
export async function runOperation<Input, Output>(
  parts: DomainParts,
  call: Call,
  request: OperationRequest<Input, Output>,
  input: Input,
): Promise<Output> {
  const [outcome] = await runItems(parts, call, request, [input])
  if (outcome === undefined) throw new TypeError('an operation has an outcome')
  if ('error' in outcome) throw outcome.error
  return outcome.output
}

/**
 * Carries out a batch: each item succeeds or fails for itself, and all are on record, in one write, before any
 * is answered.
 *
 * @param sizesOf the bytes of each item that count against the limit of a batch
 */
export async function runBatch<Input, Output>(
  parts: DomainParts,
  call: Call,
  request: OperationRequest<Input, Output>,
  batch: { items: readonly Input[]; sizeOf: (input: Input) => number; overheadBytes?: number },
): Promise<BatchOutput<Output>> {
  const { items, sizeOf, overheadBytes = 0 } = batch
  const { batchItemsMax, batchBytesMax } = parts.settings
  const checked: OperationRequest<Input, Output> = {
    ...request,
    authorise() {
      request.authorise()
      if (items.length === 0 || items.length > batchItemsMax) {
        throw new InputValidationError([
          { path: ['items'], message: `must have 1 to ${batchItemsMax} entries` },
        ])
      }
      const bytes = items.reduce((sum, item) => sum + sizeOf(item), 0)
      const bytesMax = batchBytesMax + overheadBytes * items.length
      if (bytes > bytesMax) {
        throw new InputValidationError([
          { path: ['items'], message: `must have at most ${bytesMax} bytes in total, but have ${bytes}` },
        ])
      }
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
  parts: DomainParts,
  call: Call,
  request: OperationRequest<Input, Output>,
  items: readonly Input[],
): Promise<Outcome<Output>[]> {
  const { signal } = call
  signal.throwIfAborted()
  const whole = attemptOfCall(call, request.action)
  try {
    request.authorise()
  } catch (error) {
    await recordEvents(parts, [eventOf(whole, error)])
    parts.observe([observationOf(whole, error)])
    throw error
  }
  const bill = createBill(items.length, call.charge)
  const actor = actorOf(call)
  const results = await Promise.all(
    items.map(async (input) => {
      const item = bill.open()
      const attempt = startAttempt(actor, request.action, { signal, charge: item.charge })
      try {
        const output = await request.run(input, attempt)
        const { keyId, versionNumber } = attempt
        if (keyId !== null && versionNumber !== null) parts.usage.noteUse({ keyId, versionNumber })
        return { attempt, outcome: { output } satisfies Outcome<Output> }
      } catch (thrown) {
        return { attempt, outcome: { error: asOperationError(parts, thrown) } }
      } finally {
        item.close()
      }
    }),
  )
  // What was done is on record even where nobody waits for the answer any more.
  const done = results.filter((result) => !isDropped(result))
  if (done.length > 0) {
    await recordEvents(
      parts,
      done.map(({ attempt, outcome }) => eventOf(attempt, errorOf(outcome))),
    )
    parts.observe(done.map(({ attempt, outcome }) => observationOf(attempt, errorOf(outcome))))
  }
  const dropped = results.find(isDropped)
  if (dropped !== undefined) throw errorOf(dropped.outcome)
  return results.map(({ outcome }) => outcome)
}

/** Whether nothing was done for an item. The request as a whole then ends with its error. */
function isDropped({ attempt, outcome }: { attempt: Attempt; outcome: Outcome<unknown> }): boolean {
  return 'error' in outcome && hasDoneNothing(attempt, outcome.error)
}

function errorOf(outcome: Outcome<unknown>): unknown {
  return 'error' in outcome ? outcome.error : null
}

/** What one item of a batch owes. */
interface BillItem {
  readonly charge: Call['charge']
  /** The item needs nothing, or nothing more. */
  close(): void
}

/**
 * Collects what the items of a batch cost. It charges them together, once each item has either asked to be charged or
 * ended: either all of them start their slow work or none does.
 */
function createBill(items: number, chargeAll: Call['charge']): { open(): BillItem } {
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

/** What went wrong, in the caller's terms. */
function asOperationError(parts: DomainParts, thrown: unknown): unknown {
  if (thrown instanceof KeysteadError) return thrown
  if (thrown instanceof DecryptionFailedError) return new InvalidCiphertextError()
  if (thrown instanceof CryptoInputError) {
    return new InputValidationError([{ path: [thrown.parameter], message: thrown.message }])
  }
  return asCallerError(parts, thrown)
}
