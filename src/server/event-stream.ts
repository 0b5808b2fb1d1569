import { KeysteadError } from '../errors.ts'

const mediaType = 'text/event-stream'

/** A subscription is answered as a stream of events only. */
export class StreamNotTakenError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`A subscription is answered as a stream: send the header "Accept: ${mediaType}".`)
  }
}

/** Whether a client takes a stream of events, by its Accept header. */
export function takesEventStream(accept: string | null): boolean {
  const types = (accept ?? '').split(',').map((each) => (each.split(';')[0] ?? '').trim().toLowerCase())
  return types.includes(mediaType)
}

/** Whether a response is a stream of events. */
export function isEventStream(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').startsWith(mediaType)
}

/** Lets go of a response that nobody will read. */
export function dropStream(response: Response): void {
  if (isEventStream(response)) response.body?.cancel().catch(() => {})
}

/**
 * The same stream, which ends with its client: a client that goes away, or that takes nothing while it does, must not
 * leave anything behind. Neither is it kept or held back on its way.
 */
export function streamTo(client: AbortSignal, { body, status, headers }: Response): Response {
  if (body === null) throw new TypeError('a stream has a body')
  const reader = body.getReader()
  const drop = () => void reader.cancel().catch(() => {})
  if (client.aborted) drop()
  client.addEventListener('abort', drop, { once: true })
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A stream that breaks just ends: without its last event, so that its client knows.
      const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }) as const)
      if (!done) return controller.enqueue(value)
      client.removeEventListener('abort', drop)
      controller.close()
    },
    cancel() {
      client.removeEventListener('abort', drop)
      drop()
    },
  })
  const sent = new Headers(headers)
  // Not a content coding, though it is sent as one.
  sent.delete('content-encoding')
  sent.set('cache-control', 'no-cache, no-store')
  sent.set('x-accel-buffering', 'no')
  return new Response(stream, { status, headers: sent })
}
