import type { News, Watch } from '../parts/change-hub.ts'
import { TokenExpiredError } from '../rules/errors.ts'
import type { Stream, Streamed } from './subscriptions.ts'

/** News of a watch that goes on; null stands for its beginning. */
export type GoodNews = Extract<News, { kind: 'changed' | 'unsure' }> | null

/** What becomes of news: an event, or nothing that the caller may know of. */
export interface Told<Event> {
  readonly event: Event | null
  readonly isLast?: boolean
}

/**
 * Makes a stream of what a watch brings. `tell` is asked anew for each piece of news, so that nothing that it finds out
 * about the caller's access outlives the event. An error ends the stream: its client opens another, which starts afresh.
 */
export function createStream<Event>(
  watch: Watch,
  tell: (news: GoodNews) => Promise<Told<Event>>,
): Stream<Event> {
  const events = generate(watch, tell)
  return {
    next: () => events.next(),
    async return() {
      // A generator that waits does not hear of its end: this ends what it waits for.
      watch.close()
      return events.return(undefined)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

async function* generate<Event>(
  watch: Watch,
  tell: (news: GoodNews) => Promise<Told<Event>>,
): AsyncGenerator<Streamed<Event>, undefined> {
  try {
    let news: GoodNews = null
    for (;;) {
      if (watch.isExpired()) return yield { error: new TokenExpiredError() }
      const { event, isLast = false } = await tell(news)
      if (event !== null) yield { event }
      if (isLast) return
      const next = await watch.next()
      if (next.kind === 'closed') return
      if (next.kind === 'expired') return yield { error: new TokenExpiredError() }
      news = next
    }
  } catch (error) {
    yield { error: error instanceof Error ? error : new TypeError('an error is thrown as one') }
  } finally {
    watch.close()
  }
}
