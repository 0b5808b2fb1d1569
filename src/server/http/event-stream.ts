import { KeysteadError } from '../../errors.ts'
import type { Answer } from './answer.ts'
import { eventStream } from './media-type.ts'

/** A subscription is answered as a stream of events only. */
export class StreamNotTakenError extends KeysteadError {
  readonly code = 'BAD_REQUEST'
  constructor() {
    super(`A subscription is answered as a stream: send the header "Accept: ${eventStream}".`)
  }
}

/** Lets go of the body of an answer that nobody will read. */
export function dropStream(body: Answer['body']): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
}

/** Headers of a stream, which is neither kept nor held back on its way. */
export const streamHeaders: Readonly<Record<string, string>> = {
  'content-type': eventStream,
  'cache-control': 'no-cache, no-store',
  'x-accel-buffering': 'no',
}
