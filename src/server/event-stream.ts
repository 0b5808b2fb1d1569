import { KeysteadError } from '../errors.ts'
import type { Answer } from './answer.ts'

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

/** Lets go of the body of an answer that nobody will read. */
export function dropStream(body: Answer['body']): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
}

/** Headers of a stream, which is neither kept nor held back on its way. */
export const streamHeaders: Readonly<Record<string, string>> = {
  'content-type': mediaType,
  'cache-control': 'no-cache, no-store',
  'x-accel-buffering': 'no',
}
