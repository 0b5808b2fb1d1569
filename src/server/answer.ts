import type { ErrorCode } from '../errors.ts'
import { noteCode } from './observe/request-log.ts'

/** Headers of every answer: it must not be cached, sniffed or framed. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** An HTTP answer. */
export interface Answer {
  readonly status: number
  /** Names in lower case. A body without a content-type is an error, which gets a type that the client accepts. */
  readonly headers: Readonly<Record<string, string>>
  /** A string, or a stream that lasts until its client leaves. */
  readonly body: string | ReadableStream<Uint8Array> | null
}

/** An error that is no GraphQL result. */
export interface AnswerError {
  readonly code: ErrorCode
  readonly message: string
  /** Set where a retry can succeed. */
  readonly retryAfterSeconds?: number
}

/**
 * Answer for an error that is no GraphQL result, in the form of GraphQL over HTTP, so that clients meet one form only. Its
 * media type is added when it is sent: it depends on what the client accepts.
 */
export function errorAnswer(
  status: number,
  { code, message, retryAfterSeconds }: AnswerError,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  noteCode(code)
  const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return {
    status,
    headers: {
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...headers,
    },
    body: `${JSON.stringify({ errors: [{ message, extensions: { code, ...retry } }] })}\n`,
  }
}

/** A JSON answer. */
export function jsonAnswer(status: number, body: unknown): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: `${JSON.stringify(body)}\n`,
  }
}

/** Cancels the stream of an answer that nobody will read. */
export function dropStream(body: Answer['body']): void {
  if (body instanceof ReadableStream) body.cancel().catch(() => {})
}
