import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Answer } from './answer.ts'
import { dropStream } from './event-stream.ts'

/**
 * Sends an answer. A client that does not take it within so many milliseconds loses its connection, so that nobody can
 * have answers pile up in memory. A stream has as long as it goes on, and ends with its client.
 */
export function send(response: ServerResponse, { status, headers, body }: Answer, withinMs: number): void {
  if (response.closed) {
    dropStream(body)
    return
  }
  if (body instanceof ReadableStream) {
    response.writeHead(status, headers)
    // Its client must know at once that it is connected.
    response.flushHeaders()
    // A stream that breaks off just ends, without its last event: that tells its client what it has to know.
    void pipeline(Readable.fromWeb(body as NodeReadableStream), response).catch(() => {})
    return
  }
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body ?? '') })
  response.end(body ?? '')
  if (response.writableFinished) return
  const timer = setTimeout(() => response.destroy(), withinMs)
  response.once('close', () => clearTimeout(timer))
}
