import type { ChangeBatch, Watch } from '../parts/change-hub.ts'
import { requireRoleFor } from '../parts/request.ts'
import type { KeyView, UserKeyView } from '../reading/views.ts'
import type { RequestContext } from '../rules/caller.ts'
import { TokenExpiredError } from '../rules/errors.ts'

/** Batch of changes that an event is made from; null for the first event. */
export type StreamBatch = Extract<ChangeBatch, { kind: 'changed' | 'unsure' }> | null

/** An event, or null if there is nothing that the caller may know of. */
export interface NextEvent<Event> {
  readonly event: Event | null
  readonly isLast?: boolean
}

/**
 * Makes a stream from a watch. The caller's roles are read again for each batch, and `eventFor` decides its access. An error
 * ends the stream; the client opens a new one.
 */
export function createStream<Event>(
  call: RequestContext,
  watch: Watch,
  eventFor: (batch: StreamBatch) => Promise<NextEvent<Event>>,
): Stream<Event> {
  const events = generate(call, watch, eventFor)
  return {
    next: () => events.next(),
    async return() {
      // A waiting generator does not notice `return`; closing the watch ends its wait.
      watch.close()
      return events.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* generate<Event>(
  call: RequestContext,
  watch: Watch,
  eventFor: (batch: StreamBatch) => Promise<NextEvent<Event>>,
): AsyncGenerator<Streamed<Event>, undefined> {
  try {
    let batch: StreamBatch = null
    for (;;) {
      if (watch.isExpired()) return yield { error: new TokenExpiredError() }
      await call.refreshCaller()
      requireRoleFor(call, 'VIEW')
      const { event, isLast = false } = await eventFor(batch)
      if (event !== null) yield { event }
      if (isLast) return
      const next = await watch.next()
      if (next.kind === 'closed') return
      if (next.kind === 'expired') return yield { error: new TokenExpiredError() }
      batch = next
    }
  } catch (error) {
    yield { error: error instanceof Error ? error : new TypeError('an error is thrown as one') }
  } finally {
    watch.close()
  }
}

/** Kinds of changes of a key, as far as the caller sees them. */
const keyChangeKinds = ['DETAILS', 'STATE', 'ROTATED', 'AUTOMATIC_ROTATION', 'ACCESS', 'GONE'] as const

/** One of {@link keyChangeKinds}. */
export type KeyChangeKind = (typeof keyChangeKinds)[number]

/** A key as it is now, and what has changed since the last event of the stream. */
export interface KeyEventView {
  /** Empty in the first event. */
  readonly changes: readonly KeyChangeKind[]
  /** Null for what is not there for the caller, or no longer. */
  readonly key: KeyView | null
  /** ID by which the caller knew the key before, if it does not have it any more. */
  readonly goneKeyIds: readonly string[]
  readonly at: Date
}

/** User keys that have changed since the last event of the stream, as they are now. */
export interface UserKeysEventView {
  readonly changedKeys: readonly UserKeyView[]
  /** IDs by which the caller knew keys that are not there for it any more. */
  readonly goneKeyIds: readonly string[]
  /** Further keys may have changed. */
  readonly listAgain: boolean
  readonly at: Date
}

/** Item of a stream: an event, or an error, after which the stream ends. */
export type Streamed<Event> = { readonly event: Event } | { readonly error: Error }

/** Ends with an error when the caller's token expires. `return` ends it at once, even while `next` waits. */
export type Stream<Event> = AsyncIterableIterator<Streamed<Event>>
