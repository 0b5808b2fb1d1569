import { RequestCache } from '@pothos/plugin-scope-auth'
import type { Stream, Streamed } from '../../keys/watching/stream.ts'
import type { Context } from '../context.ts'

/**
 * The events of a stream, with the access to each decided anew. The results of scopes are remembered with the context,
 * which lives as long as the stream: they are forgotten before each event. The loaders remember nothing anyway.
 */
export function withFreshAccess<Event>(context: Context, stream: Stream<Event>): Stream<Event> {
  return {
    async next() {
      const next = await stream.next()
      RequestCache.clearForContext(context)
      return next
    },
    async return() {
      return (await stream.return?.()) ?? { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** An event of a stream, or the error that ends it. */
export function eventOf<Event>(streamed: Streamed<Event>): Event {
  if ('error' in streamed) throw streamed.error
  return streamed.event
}
