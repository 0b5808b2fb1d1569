import type { ServerResponse } from 'node:http'
import { KeysteadError } from '../../errors.ts'

/** Nobody waits for the answer any more. Ends what is left of a request; no client sees it. */
class AbandonedError extends KeysteadError {
  readonly code = 'UNAVAILABLE'
}

/** Tells the work of one request when nobody waits for its answer any more. */
export interface Abandonment {
  readonly signal: AbortSignal
  /** The client was told that the request took too long. */
  timeOut(): void
}

/** Watches a response: it is abandoned once its client has gone without an answer, or once `timeOut` is called. */
export function watchAbandonment(response: ServerResponse): Abandonment {
  const controller = new AbortController()
  const { signal } = controller
  const abandon = (message: string) => controller.abort(new AbandonedError(message))
  if (response.closed) abandon('The client is gone.')
  else {
    response.once('close', () => {
      if (!response.writableFinished) abandon('The client is gone.')
    })
  }
  return { signal, timeOut: () => abandon('The request has timed out.') }
}
