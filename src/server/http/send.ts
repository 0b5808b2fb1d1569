import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import type { Answer } from './answer.ts'
import { dropStream } from './event-stream.ts'

/** How answers are sent. */
export interface SenderOptions {
  /** A client that does not take its answer within so many milliseconds loses its connection. */
  readonly withinMs: number
  /** Told of an answer that could not be sent. Must not throw. */
  readonly onFailure: (addressee: Addressee, error: unknown) => void
}

/** Whom an answer goes to. */
export interface Addressee {
  readonly response: ServerResponse
  readonly requestId: string
}

/** A text that goes out with the next ones. */
interface Ready extends Omit<Answer, 'body'> {
  readonly addressee: Addressee
  readonly text: string
}

/**
 * Builds what sends answers. Those that get ready in one turn of the event loop go out together at its end: each write
 * on its own wakes the client that it is for, which costs a third of the time that a short request takes, and where all
 * come at once the client is awake already. Nobody can have answers pile up in memory: a client has a time to take its
 * own. A stream has as long as it goes on, and ends with its client.
 */
export function createSender({
  withinMs,
  onFailure,
}: SenderOptions): (addressee: Addressee, answer: Answer) => void {
  let ready: Ready[] = []

  function sendReady(): void {
    const all = ready
    ready = []
    for (const each of all) {
      try {
        sendText(each)
      } catch (error) {
        onFailure(each.addressee, error)
      }
    }
  }

  function sendText({ addressee: { response }, status, headers, text }: Ready): void {
    if (response.closed) return
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) })
    response.end(text)
    if (response.writableFinished) return
    const timer = setTimeout(() => response.destroy(), withinMs)
    response.once('close', () => clearTimeout(timer))
  }

  return (addressee, { status, headers, body }) => {
    const { response } = addressee
    if (response.closed) {
      dropStream(body)
    } else if (body instanceof ReadableStream) {
      sendStream(response, { status, headers, body })
    } else if (ready.push({ addressee, status, headers, text: body ?? '' }) === 1) {
      setImmediate(sendReady)
    }
  }
}

function sendStream(
  response: ServerResponse,
  { status, headers, body }: Answer & { readonly body: ReadableStream },
): void {
  response.writeHead(status, headers)
  // Its client must know at once that it is connected.
  response.flushHeaders()
  // A stream that breaks off just ends, without its last event: that tells its client what it has to know.
  void pipeline(Readable.fromWeb(body as NodeReadableStream), response).catch(() => {})
}
