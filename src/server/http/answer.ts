import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ErrorCode } from '../../errors.ts'
import { noteCode } from '../observe/request-facts.ts'

/** Headers of every answer: nothing here may be kept, guessed at, or put into a frame. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** What a request is answered with. */
export interface Answer {
  readonly status: number
  /** Names in lower case. An answer with a body and no content-type is an error, which gets one that the client accepts. */
  readonly headers: Readonly<Record<string, string>>
  /** A text, or a stream that goes on until its client leaves. */
  readonly body: string | ReadableStream<Uint8Array> | null
}

/** An error outside of GraphQL. */
export interface AnswerError {
  readonly code: ErrorCode
  readonly message: string
  /** Where it helps to try again after some time. */
  readonly retryAfterSeconds?: number
}

/**
 * An error outside of GraphQL, in the form of GraphQL-over-HTTP, so that clients need to know one form only. Its media
 * type depends on what the client accepts, and is added when the answer is sent.
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

/** The ID under which a request is logged and audited: the client's own if it is harmless, else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headerOf(headers, 'x-request-id')
  return given !== null && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : randomUUID()
}

/** A header of a request; null if it has none. Several of a name are one, joined by commas. */
export function headerOf(headers: IncomingMessage['headers'], name: string): string | null {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : (value ?? null)
}
