import type { ServiceKeyView, UserKeyView } from '../reading/views.ts'

/** Kinds of changes of a key, as far as the caller sees them. */
export const keyChangeKinds = ['DETAILS', 'STATE', 'ROTATED', 'AUTOMATIC_ROTATION', 'ACCESS', 'GONE'] as const

/** One of {@link keyChangeKinds}. */
export type KeyChangeKind = (typeof keyChangeKinds)[number]

/** A key as it is now, and what has changed since the last event of the stream. */
export interface KeyEventView {
  /** Empty in the first event. */
  readonly changes: readonly KeyChangeKind[]
  /** Null for what is not there for the caller, or no longer. */
  readonly key: UserKeyView | ServiceKeyView | null
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

/** What a stream gives: events, and at most one error, which is the last that it gives. */
export type Streamed<Event> = { readonly event: Event } | { readonly error: Error }

/** Ends when the caller's token expires, with an error; `return` ends it at once, also while `next` waits. */
export type Stream<Event> = AsyncIterableIterator<Streamed<Event>>
