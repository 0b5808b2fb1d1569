import { SinkError } from './sink.ts'

/** A request to a sink. */
export interface SinkRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** Most bytes of a response that are read. */
const responseBytesMax = 65_536
const httpText = 'Look at the log of the sink, its address, and the secret or token that it expects.'

/**
 * Posts to a sink, and resolves to the beginning of the response.
 *
 * @throws SinkError unless the status is 2xx. Redirects are not followed: the records would go to a place that nobody has configured.
 */
export async function postToSink({ url, headers, body, signal }: SinkRequest): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' })
  await requireTaken(response)
  return readStart(response)
}

/** @throws SinkError unless the status is 2xx */
export async function requireTaken(response: Response): Promise<void> {
  if (response.ok) return
  await response.body?.cancel().catch(() => {})
  const { status } = response
  throw new SinkError(
    { code: `HTTP_${status}`, text: status >= 300 && status < 400 ? redirectText : httpText },
    { retryAfterMs: readRetryAfter(response.headers.get('retry-after')), isTooLarge: status === 413 },
  )
}

const redirectText = 'The sink answers with a redirect, which is not followed. Configure the address itself.'

/** Milliseconds of a Retry-After header (RFC 9110 §10.2.3); 0 without one. */
export function readRetryAfter(value: string | null, now = Date.now()): number {
  if (value === null) return 0
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now)
}

async function readStart(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array)
    bytes += (chunk as Uint8Array).length
    if (bytes > responseBytesMax) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
