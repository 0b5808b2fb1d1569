import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { type Answer, dropStream } from '../answer.ts'

/** Options for sending answers. */
export interface SenderOptions {
  /** A client that does not read its answer within this time loses its connection. */
  readonly withinMs: number
  /** Called for an answer that could not be sent. Must not throw. */
  readonly onFailure: (addressee: Addressee, error: unknown) => void
}

/** Receiver of an answer. */
export interface Addressee {
  readonly response: ServerResponse
  readonly requestId: string
}

/** An answer that goes out at the end of the turn. */
interface Ready extends Omit<Answer, 'body'> {
  readonly addressee: Addressee
  readonly text: string
}

/**
 * Builds the function that sends answers. Answers of one turn of the event loop are written together at its end: each
 * separate write wakes its client, which costs a third of the time of a short request. A client has a limited time to read
 * its answer, so that answers cannot pile up in memory. A stream lasts until its client leaves.
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
  // Tells the client at once that it is connected.
  response.flushHeaders()
  // A stream that fails ends without its last event, which tells the client.
  void pipeline(Readable.fromWeb(body as NodeReadableStream), response).catch(() => {})
}
